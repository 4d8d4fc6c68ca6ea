"""PSI over the history."""

import numpy as np
import pytest

from tests.unit.monitor.statistics.samples import counts_of, draw_rows, mixed_profile, window
from tiltyard.monitor.statistics.report import report
from tiltyard.monitor.statistics.series import series

PROFILE = mixed_profile()
RNG = np.random.default_rng(13)
SHIFTS = [0.0, 0.0, 0.6]
HISTORY = tuple(
    window(counts_of(PROFILE, draw_rows(RNG, 200 + at, shift)), 100.0 + at, 101.0 + at)
    for at, shift in enumerate(SHIFTS)
)


def test_each_piece_is_as_its_report_says() -> None:
    found = series(PROFILE, HISTORY, PROFILE.reference)
    assert found.psi.shape == found.band.shape == found.n.shape == (5, 3)
    assert found.begin.tolist() == [100.0, 101.0, 102.0]
    assert found.end.tolist() == [101.0, 102.0, 103.0]
    for at, piece in enumerate(HISTORY):
        expected = report(PROFILE, PROFILE.reference, piece, against="profile", reference_digest="")
        for stream, one in enumerate(expected.streams):
            assert one.psi == found.psi[stream, at]
            assert one.psi_band == found.band[stream, at]
            assert one.psi_excess == found.excess[stream, at]
            assert one.n == found.n[stream, at]


def test_a_planted_shift_begins_where_it_was_planted() -> None:
    found = series(PROFILE, HISTORY, PROFILE.reference)
    assert (found.excess[0] > 0).tolist() == [False, False, True]


def test_pieces_without_rows_are_gaps() -> None:
    found = series(PROFILE, (HISTORY[0], window(PROFILE.layout.zeros())), PROFILE.reference)
    assert np.isnan(found.psi).tolist() == [[False, True]] * 5
    assert np.isnan(found.excess[:, 1]).all()
    assert (found.n[:, 1] == 0).all()


def test_no_history_is_no_columns() -> None:
    found = series(PROFILE, (), PROFILE.reference)
    assert found.psi.shape == (5, 0)
    assert found.begin.shape == (0,)


def test_a_piece_of_another_layout_is_named() -> None:
    wrong = (HISTORY[0], window(np.zeros(4, np.int64)))
    with pytest.raises(ValueError, match=r"history\[1\]\.counts must be int64"):
        series(PROFILE, wrong, PROFILE.reference)
