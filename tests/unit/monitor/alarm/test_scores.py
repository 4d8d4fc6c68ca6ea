"""Scores of ordered cells."""

import numpy as np
import pytest
from hypothesis import given

from tests.unit.monitor.alarm.references import any_stream, categorical, ordered, shares, uniform
from tiltyard.monitor.alarm.reference_stream import ReferenceStream
from tiltyard.monitor.alarm.scores import midranks, score_table


@given(any_stream())
def test_a_score_has_mean_0_and_variance_1_over_the_reference_or_is_nothing(
    stream: ReferenceStream,
) -> None:
    for score in score_table(stream):
        assert abs(shares(stream) @ score) < 1e-9
        assert shares(stream) @ score**2 == pytest.approx(float(np.any(score)), abs=1e-9)
        assert not np.any(score[~stream.ordered])


def test_uniform_cells_have_the_ranks_of_a_uniform_variable() -> None:
    stream = uniform("x", cells=10)
    _, u = midranks(stream)
    assert u == pytest.approx([0.0, *(0.05 + 0.1 * np.arange(10)), 1.0])
    location, spread = score_table(stream)
    assert np.all(np.diff(location[stream.ordered]) > 0)
    assert spread[stream.ordered] == pytest.approx(spread[stream.ordered][::-1])
    assert spread.argmax() == 0


def test_constants_and_categories_have_no_score() -> None:
    assert not np.any(score_table(ordered("x", [0, 5000, 0, 0])))
    assert not np.any(score_table(categorical("x", [100, 200, 0, 0, 0, 0])))


def test_the_spread_of_a_binary_stream_is_centred_on_its_own_mean() -> None:
    stream = ordered("x", [0, 990, 10, 0, 0])
    _, spread = score_table(stream)
    assert abs(shares(stream) @ spread) < 1e-12
    assert np.any(spread)
