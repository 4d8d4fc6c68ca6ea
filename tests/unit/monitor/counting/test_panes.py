import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiltyard.monitor.counting.errors import CountingError
from tiltyard.monitor.counting.layout import CountLayout
from tiltyard.monitor.counting.level import DAY, HOUR, SPANS
from tiltyard.monitor.counting.packed import pack
from tiltyard.monitor.counting.panes import Panes, PanesState
from tiltyard.monitor.profile.cells import Ints

LAYOUT = CountLayout.of([4, 5])
T0 = 1_700_000_000  # 22:13:20: neither a whole minute nor a whole hour

# Seconds since the last rows: a burst, a pause, days without any.
STEPS = st.lists(
    st.one_of(st.floats(0, 3), st.floats(0, 200), st.floats(0, 3 * HOUR), st.floats(0, 20 * DAY)),
    min_size=1,
    max_size=60,
)


def vector(seed: int) -> Ints:
    return np.random.default_rng(seed).integers(0, 300, LAYOUT.size)


def traffic(steps: list[float]) -> list[tuple[float, Ints]]:
    times = [T0 + at for at in itertools.accumulate(steps)]
    return [(at, vector(index)) for index, at in enumerate(times)]


def panes_of(rows: list[tuple[float, Ints]]) -> Panes:
    panes = Panes(LAYOUT, T0)
    for index, (at, counts) in enumerate(rows):
        panes.add(at, counts, index, index)
    return panes


def directly(rows: list[tuple[float, Ints]], begin: float, end: float) -> Ints:
    return sum((c for at, c in rows if begin <= np.floor(at) < end), LAYOUT.zeros())


def recent(rows: list[tuple[float, Ints]]) -> float:
    """From here on nothing is past the hours' retention."""
    return rows[-1][0] // HOUR * HOUR - SPANS[-1].kept_s


@given(STEPS)
def test_totals_are_everything(steps: list[float]) -> None:
    rows = traffic(steps)
    panes = panes_of(rows)
    assert np.array_equal(panes.totals(), directly(rows, 0, np.inf))


@given(STEPS, st.floats(0, 1), st.floats(0, 1))
def test_a_window_is_the_direct_sum_of_what_it_says(
    steps: list[float], one: float, other: float
) -> None:
    """Whatever its resolution: over [begin, end) as the window tells them."""
    rows = traffic(steps)
    panes = panes_of(rows)
    span = rows[-1][0] - T0 + 5
    begin, end = sorted((T0 + one * span, T0 + other * span))
    window = panes.window(begin, end)
    assert np.array_equal(window.counts, directly(rows, window.begin, window.end))
    assert begin <= window.begin <= window.end


@given(STEPS, st.lists(st.floats(0, 1), max_size=6))
def test_windows_that_meet_make_up_the_whole(steps: list[float], cuts: list[float]) -> None:
    rows = traffic(steps)
    panes = panes_of(rows)
    end = rows[-1][0] + 1
    span = end - T0
    bounds = [recent(rows), *sorted(T0 + cut * span for cut in cuts), end]
    bounds = sorted(max(bound, recent(rows)) for bound in bounds)
    parts = [panes.window(*pair) for pair in itertools.pairwise(bounds)]
    for left, right in itertools.pairwise(parts):
        assert left.end <= right.begin or left.begin == left.end or right.begin == right.end
    whole = panes.window(bounds[0], end)
    assert np.array_equal(sum(part.counts for part in parts), whole.counts)
    assert np.array_equal(whole.counts, directly(rows, whole.begin, np.inf))


@given(STEPS, st.integers(1, 12))
def test_pieces_make_up_the_window(steps: list[float], count: int) -> None:
    rows = traffic(steps)
    panes = panes_of(rows)
    begin, end = max(recent(rows), rows[-1][0] - 600), rows[-1][0] + 1
    pieces = panes.pieces(begin, end, count)
    assert len(pieces) == count
    total = sum(piece.counts for piece in pieces)
    assert np.array_equal(total, panes.window(begin, end).counts)


@given(STEPS)
def test_windows_by_subtraction_equal_direct_sums(steps: list[float]) -> None:
    """Of totals at two moments, and of all windows that begin at one and end at two."""
    rows = traffic(steps)
    half = len(rows) // 2
    before = panes_of(rows[:half]).totals() if half else LAYOUT.zeros()
    after = panes_of(rows).totals()
    assert np.array_equal(after - before, sum((c for _, c in rows[half:]), LAYOUT.zeros()))
    panes = panes_of(rows)
    now = rows[-1][0]
    long, short = panes.window(now - 600, now + 1), panes.window(now - 600, now - 60)
    late = panes.window(now - 60, now + 1)
    assert np.array_equal(long.counts - short.counts, late.counts)


@given(STEPS)
def test_the_last_quarter_of_an_hour_is_kept_by_the_second(steps: list[float]) -> None:
    rows = traffic(steps)
    now = rows[-1][0]
    window = panes_of(rows).window(now - 600.5, now - 3.5)
    assert (window.begin, window.end) == (np.ceil(now - 600.5), np.ceil(now - 3.5))


@settings(max_examples=30)
@given(STEPS, STEPS)
def test_gateways_merge_by_adding(one: list[float], other: list[float]) -> None:
    left, right = traffic(one), [(at, 2 * counts) for at, counts in traffic(other)]
    end = max(left[-1][0], right[-1][0])
    windows = []
    for rows in (left, right, sorted([*left, *right], key=lambda row: row[0])):
        panes = panes_of(rows)
        panes.advance(end)
        windows.append(panes.window(end - 600, end + 1))
    assert np.array_equal(windows[0].counts + windows[1].counts, windows[2].counts)


@given(STEPS, st.lists(st.integers(0, 2), max_size=12))
def test_panes_that_are_given_up_leave_only_resolution(
    steps: list[float], levels: list[int]
) -> None:
    rows = traffic(steps)
    panes = panes_of(rows)
    gone = sum(panes.drop_oldest(level) for level in levels)
    assert panes.panes_dropped >= gone
    panes.add(rows[-1][0] + 0.5, vector(99), 0, 0)
    rows = [*rows, (rows[-1][0] + 0.5, vector(99))]
    assert np.array_equal(panes.totals(), directly(rows, 0, np.inf))
    now = rows[-1][0]
    for begin in (now - 60, now - 600, now - DAY, T0):
        window = panes.window(begin, now + 1)
        assert np.array_equal(window.counts, directly(rows, window.begin, window.end))


def test_a_window_before_the_plane_began() -> None:
    rows = traffic([5.0, 1.0])
    panes = panes_of(rows)
    window = panes.window(T0 - DAY, T0 + 3)
    assert (window.begin, window.end) == (T0 - DAY, T0 + 3)
    assert not window.counts.any()
    assert panes.window(0, T0 + 3).begin == recent(rows)  # older hours would not be there
    assert panes.window(0, T0 + 20).counts.tolist() == panes.totals().tolist()


def test_a_window_of_nothing() -> None:
    panes = panes_of(traffic([1.0]))
    window = panes.window(T0 + 1, T0 + 1)
    assert window.begin == window.end
    assert not window.counts.any()


def test_the_gap_is_told_for_as_long_as_it_is_in_the_window() -> None:
    panes = panes_of(traffic([1.0, 1.0]))
    panes.note_gap(T0 + 10, T0 + 25)
    panes.note_gap(T0 + 40, T0 + 30)  # no time
    panes.add(T0 + 30, vector(1), 0, 0)
    assert panes.window(T0, T0 + 60).gap_s == 15
    assert panes.window(T0 + 20, T0 + 60).gap_s == 5
    assert panes.window(T0 + 30, T0 + 60).gap_s == 0
    panes.advance(T0 + 40 * DAY)
    assert panes.state().gaps == ()


@given(STEPS, st.integers(0, 60), st.floats(0, 2 * HOUR))
def test_saved_in_parts_and_restored_it_is_the_same(
    steps: list[float], cut: int, pause: float
) -> None:
    """All panes once, then only the new ones beside what was saved before."""
    rows = traffic(steps)
    cut = min(cut, len(rows))
    panes = panes_of(rows[:cut])
    first = panes.state()
    newest = {level: max(found, default=-1) for level, found in first.sealed.items()}
    for index, (at, counts) in enumerate(rows[cut:], cut):
        panes.add(at, counts, index, index)
    second = panes.state(newest)
    sealed = {level: {**first.sealed[level], **second.sealed[level]} for level in second.sealed}
    now = rows[-1][0] + pause
    again = Panes.restored(LAYOUT, replace(second, sealed=sealed), now)
    panes.advance(now)
    assert again.bytes_held == panes.bytes_held
    again.add(now + 1, vector(7), 0, 0)
    panes.add(now + 1, vector(7), 0, 0)
    assert np.array_equal(again.totals(), panes.totals())
    for begin in (now - 30, now - 600, now - 2 * DAY, T0):
        mine, theirs = again.window(begin, now + 2), panes.window(begin, now + 2)
        assert (mine.begin, mine.end) == (theirs.begin, theirs.end)
        assert np.array_equal(mine.counts, theirs.counts)


def test_restored_by_a_clock_that_was_set_back() -> None:
    """What lies in the future is dropped and counted; the totals stay."""
    rows = traffic([1.0] * 400)
    saved = panes_of(rows).state()
    again = Panes.restored(LAYOUT, saved, T0 + 100)
    assert np.array_equal(again.totals(), directly(rows, 0, np.inf))
    assert again.panes_dropped > 300
    again.add(T0 + 100.5, vector(1), 0, 0)
    assert again.window(T0 + 100, T0 + 102).counts[0] >= vector(1)[0]


def test_saved_panes_of_another_layout_are_refused() -> None:
    state = panes_of(traffic([1.0])).state()
    with pytest.raises(CountingError, match="a pane: expected"):
        Panes.restored(CountLayout.of([4, 6]), state, T0 + 5)
    with pytest.raises(CountingError, match="expected 3 levels"):
        Panes.restored(LAYOUT, replace(state, kept_from=(0,)), T0 + 5)


def test_an_empty_state() -> None:
    state = PanesState(T0, pack(LAYOUT.zeros(), LAYOUT), (), (0, 0, 0))
    panes = Panes.restored(LAYOUT, state, T0 + 1)
    assert not panes.totals().any()
    assert not panes.window(T0, T0 + 1).counts.any()
