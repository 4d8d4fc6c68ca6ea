"""Scores against loops over single numbers, and what their distribution has to be."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.monitor.profile.arrays import f32
from tiltyard.monitor.profile.cells import Cells, Kind, ordered_cells
from tiltyard.monitor.profile.joint import RIDGE, Halves, fit_joint, row_scores
from tiltyard.monitor.profile.profile import JointScores

Array = npt.NDArray[Any]


def quartiles(values: Array) -> list[Cells]:
    edges = [np.unique(np.quantile(column, [0.25, 0.5, 0.75, 1])) for column in values.T]
    return [
        ordered_cells(Kind.numeric, edge.astype(np.float32), float(column.min()))
        for edge, column in zip(edges, values.T, strict=True)
    ]


def by_loops(
    joint: JointScores, sizes: list[int], cells: Array, values: Array
) -> tuple[list[np.float32], list[np.float32]]:
    """The definition, one Python float after another."""
    surprises, distances = [], []
    with np.errstate(over="ignore"):
        for row in range(len(cells)):
            surprise, offset = 0.0, 0
            for feature, size in enumerate(sizes):
                surprise += float(joint.bits[offset + cells[row, feature]])
                offset += size
            z = []
            for index, feature in enumerate(joint.features):
                x = float(values[row, feature])
                value = (x - joint.mean[index]) / joint.sigma[index] if np.isfinite(x) else 0.0
                z.append(float(value))
            distance = 0.0
            for i in range(len(z)):
                y = 0.0
                for j in range(i + 1):
                    y += float(joint.whitening[i, j]) * z[j]
                distance += y * y
            surprises.append(f32(surprise))
            distances.append(f32(distance))
    return surprises, distances


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(8, 40), features=st.integers(1, 7))
def test_scores_are_their_definition_bit_by_bit(seed: int, rows: int, features: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, features)).astype(np.float32)
    values *= np.float32(10.0) ** rng.integers(-3, 4, features).astype(np.float32)
    cells = quartiles(values)
    sizes = [one.size for one in cells]
    indices = rng.integers(0, sizes, (rows, features))
    values[rng.random(values.shape) < 0.1] = np.nan
    values[rng.random(values.shape) < 0.05] = np.inf
    joint = fit_joint(cells, indices, values, has_covariance=True)
    surprise, distance = row_scores(joint, sizes, indices, values)
    expected = by_loops(joint, sizes, indices, values)
    assert surprise.tobytes() == f32(expected[0]).tobytes()
    assert distance.tobytes() == f32(expected[1]).tobytes()


def test_the_distance_is_that_of_the_covariance() -> None:
    rng = np.random.default_rng(1)
    values = (rng.normal(size=(4000, 5)) @ rng.normal(size=(5, 5))).astype(np.float32)
    cells = quartiles(values)
    indices = np.zeros(values.shape, np.int64)
    joint = fit_joint(cells, indices, values, has_covariance=True)
    _, distance = row_scores(joint, [one.size for one in cells], indices, values)
    wide = values.astype(np.float64)
    z = (wide - wide.mean(axis=0)) / wide.std(axis=0)
    inverse = np.linalg.inv(np.corrcoef(wide.T) + RIDGE * np.eye(5))
    np.testing.assert_allclose(distance, np.einsum("ni,ij,nj->n", z, inverse, z), rtol=1e-5)


def test_surprise_is_in_bits_of_smoothed_shares() -> None:
    values = f32([[1], [1], [2], [3]])
    cells = [ordered_cells(Kind.numeric, f32([1, 2, 3]), 1.0)]
    joint = fit_joint(cells, np.array([[2], [2], [3], [4]]), values, has_covariance=False)
    shares = (np.array([0, 0, 2, 1, 1, 0, 0, 0]) + 0.5) / (4 + 8 / 2)
    np.testing.assert_allclose(joint.bits, -np.log2(shares), rtol=1e-15)
    surprise, distance = row_scores(joint, [8], np.array([[2], [7]]), values[:2])
    np.testing.assert_allclose(surprise, -np.log2(shares[[2, 7]]), rtol=1e-6)
    assert distance.tolist() == [0, 0]


def test_constant_and_equal_columns_do_not_blow_up() -> None:
    rng = np.random.default_rng(2)
    one = rng.normal(size=2000).astype(np.float32)
    values = np.stack([one, one, np.full(2000, 7, np.float32), -one, one * 1000], axis=1)
    cells = quartiles(values)
    indices = np.zeros(values.shape, np.int64)
    joint = fit_joint(cells, indices, values, has_covariance=True)
    assert joint.features.tolist() == [0, 1, 3, 4]
    _, distance = row_scores(joint, [one.size for one in cells], indices, values)
    np.testing.assert_allclose(distance, ((one - one.mean()) / one.std()) ** 2, rtol=1e-2)


def test_values_beyond_all_measure_are_infinitely_far() -> None:
    values = f32([[0], [1], [2], [3e38]])
    cells = [ordered_cells(Kind.numeric, f32([1, 2]), 0.0)]
    joint = fit_joint(cells, np.zeros((3, 1), np.int64), values[:3], has_covariance=True)
    _, distance = row_scores(joint, [7], np.zeros((4, 1), np.int64), values)
    assert distance[3] == np.inf
    assert np.isfinite(distance[:3]).all()


@pytest.mark.parametrize("column", [np.nan, 5.0])
def test_a_column_that_tells_nothing_is_left_out(column: float) -> None:
    values = np.full((50, 1), column, np.float32)
    cells = [ordered_cells(Kind.numeric, f32([5]), 5.0)]
    joint = fit_joint(cells, np.zeros((50, 1), np.int64), values, has_covariance=True)
    assert joint.whitening.shape == (0, 0)


@given(st.integers(2, 5000))
def test_halves_share_the_rows(rows: int) -> None:
    halves = Halves.of(rows)
    assert sorted([*halves.fit, *halves.scored]) == list(range(rows))
    assert len(halves.fit) == rows // 2
    assert np.array_equal(Halves.of(rows).fit, halves.fit)


def test_shares_are_of_all_rows_and_the_distance_of_those_to_fit() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(400, 3)).astype(np.float32)
    cells = quartiles(values)
    indices = rng.integers(0, 5, values.shape)
    fit = Halves.of(400).fit
    both = fit_joint(cells, indices, values, fit=fit, has_covariance=True)
    whole = fit_joint(cells, indices, values, has_covariance=True)
    half = fit_joint(cells, indices[fit], values[fit], has_covariance=True)
    assert np.array_equal(both.bits, whole.bits)
    assert not np.array_equal(both.bits, half.bits)
    for name in ("features", "mean", "sigma", "whitening"):
        assert np.array_equal(getattr(both, name), getattr(half, name)), name


def test_halves_are_no_half_of_the_time() -> None:
    """The first half of a file and its second would differ by whatever changed meanwhile."""
    assert abs(Halves.of(10_000).fit.mean() - 4999.5) < 200


def test_fresh_rows_are_as_strange_as_the_reference() -> None:
    """In-sample scores would make fresh rows stand out: 0.17 to 0.2 sigma at 1,000 rows."""
    shifts = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        values = rng.normal(size=(1000, 30)).astype(np.float32)
        fresh = rng.normal(size=(4000, 30)).astype(np.float32)
        cells = quartiles(values)
        halves = Halves.of(1000)
        nothing = np.zeros((1, 30), np.int64)
        indices = np.broadcast_to(nothing, values.shape)
        joint = fit_joint(cells, indices[halves.fit], values[halves.fit], has_covariance=True)
        sizes = [one.size for one in cells]
        _, scored = row_scores(joint, sizes, indices[halves.scored], values[halves.scored])
        _, live = row_scores(joint, sizes, np.broadcast_to(nothing, fresh.shape), fresh)
        shifts.append((live.mean() - scored.mean()) / scored.std())
    assert abs(np.mean(shifts)) < 3 * np.sqrt((1 / 500 + 1 / 4000) / 20)
