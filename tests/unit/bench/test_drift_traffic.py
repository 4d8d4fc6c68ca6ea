"""Simulated references and traffic."""

import numpy as np
import pytest

from bench.drift_changes import CHANGES, HUMPS, References
from bench.drift_swap import JointReference, rows_of
from bench.drift_traffic import CELLS, Part, count_cells, normal_feature


def test_cells_lie_at_the_quantiles_of_the_reference() -> None:
    values = np.random.default_rng(1).normal(size=3_200)
    feature = normal_feature("x", values)
    assert feature.stream.counts.tolist() == [0, *[100] * 32, 0, 0]
    own = np.bincount(feature.cells_of(values), minlength=CELLS)
    assert np.array_equal(own, feature.stream.counts)
    assert feature.cells_of(np.array([-99.0, 99.0])).tolist() == [0, CELLS - 2]


def test_shares_are_those_of_the_live_distribution() -> None:
    rng = np.random.default_rng(2)
    feature = normal_feature("x", rng.normal(size=2_000))
    shares = feature.shares((Part(1.0, 0.5, 2.0),), missing=0.25)
    live = feature.cells_of(rng.normal(0.5, 2.0, 200_000))
    expected = 0.75 * np.bincount(live, minlength=CELLS) / 200_000
    expected[-1] = 0.25
    assert shares.sum() == pytest.approx(1)
    assert shares == pytest.approx(expected, abs=0.005)


def test_two_humps_have_the_mean_and_variance_of_one() -> None:
    assert sum(p.weight * p.mean for p in HUMPS) == pytest.approx(0)
    assert sum(p.weight * (p.mean**2 + p.deviation**2) for p in HUMPS) == pytest.approx(1)


def test_every_changes_shares_add_up_stream_by_stream() -> None:
    references = References.draw(np.random.default_rng(3), 1_000)
    sizes = np.array([len(stream.counts) for stream in references.streams])
    starts = np.cumsum(sizes) - sizes
    for change in CHANGES:
        assert np.add.reduceat(change.shares(references), starts) == pytest.approx(1)
        assert change.changed <= {stream.name for stream in references.streams}


def test_rows_are_counted_once_a_stream() -> None:
    counts = count_cells(np.array([[0, 2], [1, 2], [1, 0]]), [2, 3])
    assert counts.tolist() == [1, 2, 1, 0, 2]


def test_swapped_columns_look_alike_one_by_one() -> None:
    reference = JointReference(rows_of(np.random.default_rng(4), 4_000))
    usual, swapped = (
        reference.tick(rows_of(np.random.default_rng(5), 4_000, swapped=s)).cells
        for s in (False, True)
    )
    shares = [t.reshape(-1, CELLS) / 4_000 for t in (usual, swapped)]
    far = 0.5 * np.abs(shares[0] - shares[1]).sum(axis=1)
    assert far[:30].max() < 0.1
    assert far[31] > 0.2
