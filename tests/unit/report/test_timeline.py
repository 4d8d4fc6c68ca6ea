from dataclasses import replace

import numpy as np
import pytest

from tests.unit.report.sample_snapshots import NOW, ONSET_PIECE, PIECES, alarm
from tiltyard.monitor.snapshot import Marker, Snapshot, Window
from tiltyard.monitor.statistics.series import series
from tiltyard.report.figures import UNDEFINED
from tiltyard.report.timeline import ratios, timeline

EMPTY = np.zeros(3, np.int64)


def windows(*begins: float) -> list[Window]:
    return [Window(begin, begin + 10, EMPTY) for begin in begins]


def test_without_a_history_there_is_no_line() -> None:
    assert timeline([], [], []) is None


def test_a_piece_that_is_lacking_has_its_column() -> None:
    line = timeline(windows(NOW, NOW + 10, NOW + 30), [], [])
    assert line is not None
    assert line.columns == 4
    assert line.begins == "10:00:00,10:00:10,10:00:20,10:00:30"
    assert line.ticks == ("10:00:00", "10:00:10", "10:00:20", "10:00:30", "10:00:40")


def test_a_long_history_is_told_with_its_days() -> None:
    line = timeline([Window(NOW, NOW + 86_400, EMPTY)], [], [])
    assert line is not None
    assert line.ticks[0] == "Nov 25 10:00"
    assert line.ticks[-1] == "Nov 26 10:00"


def test_flags_are_in_order_and_inside() -> None:
    markers = [Marker(NOW + 15, "later"), Marker(NOW + 5, "first"), Marker(NOW - 5, "before")]
    opened = replace(alarm(), onset=NOW + 10)
    closed = replace(opened, id="a-0", state="recovered")
    line = timeline(windows(NOW, NOW + 10), markers, [opened, closed])
    assert line is not None
    told = [(flag.letter, flag.text, flag.share) for flag in line.flags]
    assert told == [("A", "first", 0.25), ("B", "onset of alarm a-7f3c", 0.5), ("C", "later", 0.75)]
    assert line.marks == (0.25, 0.5, 0.75)


def test_more_flags_than_letters_are_all_kept() -> None:
    line = timeline(windows(NOW), [Marker(NOW + k / 10, str(k)) for k in range(30)], [])
    assert line is not None
    assert len(line.flags) == 30
    assert line.flags[25].letter == "Z"
    assert line.flags[26].letter == UNDEFINED


def test_ratios_rise_at_the_onset(five: Snapshot) -> None:
    line = timeline(five.history, [], [])
    assert line is not None
    assert five.baseline is not None
    found = series(five.profile, five.history, five.baseline.counts)
    row = ratios(line, found, 0)
    before = [r for r in row[:ONSET_PIECE] if r is not None]
    after = [r for r in row[ONSET_PIECE:] if r is not None]
    assert len(before) + len(after) == PIECES
    assert max(before) < min(after)
    assert row[0] == pytest.approx(found.psi[0, 0] / found.band[0, 0])


def test_a_piece_without_rows_has_no_ratio(five: Snapshot) -> None:
    silent = replace(five.history[1], counts=five.profile.layout.zeros())
    history = (five.history[0], silent, *five.history[3:])
    line = timeline(history, [], [])
    assert line is not None
    row = ratios(line, series(five.profile, history, five.profile.reference), 0)
    assert len(row) == PIECES
    assert [k for k, ratio in enumerate(row) if ratio is None] == [1, 2]
