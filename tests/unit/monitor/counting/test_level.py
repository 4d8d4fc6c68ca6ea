import itertools

import numpy as np
import pytest

from tiltyard.monitor.counting.layout import CountLayout
from tiltyard.monitor.counting.level import MINUTE, PANE_OVERHEAD_BYTES, SPANS, Level
from tiltyard.monitor.counting.packed import times_ns, unpack

LAYOUT = CountLayout.of([3])
T0 = 1_700_000_040  # a whole minute


def ones(value: int = 1) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.full(LAYOUT.size, value)


def level_of(index: int = 0) -> Level:
    return Level(SPANS[index], LAYOUT)


def filled(seconds: int) -> Level:
    level = level_of()
    for second in range(seconds):
        level.advance(T0 + second)
        level.add(T0 + second + 0.5, ones(second), second, second)
    return level


def test_each_group_is_a_pane_of_the_next_level() -> None:
    for span, above in itertools.pairwise(SPANS):
        assert span.group_s == above.pane_s
        assert span.kept_s % span.group_s == 0


def test_a_pane_is_sealed_when_its_time_is_over() -> None:
    level = level_of()
    level.add(T0 + 0.25, ones(), 30, 40)
    level.add(T0 + 0.75, ones(2), 10, 35)
    assert level.advance(T0 + 0.99) == 0
    assert not level.sealed
    level.advance(T0 + 1.0)
    assert level.open is None
    assert list(level.sealed) == [T0]
    assert unpack(level.sealed[T0], LAYOUT).tolist() == ones(3).tolist()
    assert times_ns(level.sealed[T0]) == (10, 40)


def test_bytes_are_those_of_what_is_held() -> None:
    level = filled(100)
    assert level.open is not None
    held = sum(len(packed) + PANE_OVERHEAD_BYTES for packed in level.sealed.values())
    assert level.bytes_held == held + level.open.counts.nbytes
    level.advance(T0 + 10_000)
    assert level.bytes_held == 0


def test_what_is_old_goes_by_whole_minutes() -> None:
    level = filled(200)
    level.advance(T0 + SPANS[0].kept_s + 59)
    assert next(iter(level.sealed)) == T0
    level.advance(T0 + SPANS[0].kept_s + 60)
    assert next(iter(level.sealed)) == level.kept_from == T0 + 60


def test_the_oldest_minute_is_given_up_first() -> None:
    level = filled(150)
    assert level.drop_oldest() == 60
    assert level.kept_from == T0 + 60
    assert level.drop_oldest() == 60
    assert level.drop_oldest() == 29
    assert level.drop_oldest() == 0


def test_seconds_of_a_minute_that_was_given_up_are_lost_and_counted() -> None:
    level = filled(30)
    level.drop_oldest()
    assert level.advance(T0 + 30) == 1
    level.add(T0 + 31, ones(), 0, 0)
    assert level.advance(T0 + 32) == 1
    assert not level.sealed
    level.add(T0 + 60, ones(), 0, 0)
    assert level.advance(T0 + 61) == 0
    assert list(level.sealed) == [T0 + 60]


def test_the_new_ones() -> None:
    level = filled(10)
    assert [start - T0 for start, _ in level.after(T0 + 5)] == [8, 7, 6]
    assert len(list(level.after(-1))) == 9


@pytest.mark.parametrize("index", [0, 1, 2])
def test_reopened_as_it_was(index: int) -> None:
    level = level_of(index)
    level.add(T0 + 0.5, ones(7), 3, 9)
    saved = level.packed_open()
    assert saved is not None
    again = level_of(index)
    again.reopen(*saved)
    again.add(T0 + 0.75, ones(1), 4, 12)
    again.advance(T0 + SPANS[index].pane_s)
    ((start, packed),) = again.sealed.items()
    assert start == T0 // SPANS[index].pane_s * SPANS[index].pane_s
    assert unpack(packed, LAYOUT).tolist() == ones(8).tolist()
    assert times_ns(packed) == (3, 12)


def test_panes_of_the_future_are_dropped() -> None:
    level = filled(100)
    assert level.drop_from(T0 + 50) == 50
    assert max(level.sealed) == T0 + 49
    assert level.open is None
    before = level.kept_from
    assert before < T0
    level.kept_from = T0 + 60
    level.drop_from(T0 + 10)
    assert level.kept_from == T0 + MINUTE  # what is left of the first minute is not all of it


def test_a_second_that_comes_again_is_added() -> None:
    level = filled(2)
    level.advance(T0 + 2)
    level.add(T0 + 1.0, ones(5), 0, 0)
    total = LAYOUT.zeros()
    level.add_to(T0 + 1, total)
    assert total.tolist() == ones(6).tolist()
    level.advance(T0 + 3)
    assert unpack(level.sealed[T0 + 1], LAYOUT).tolist() == ones(6).tolist()
    level.advance(T0 + 10_000)
    assert level.bytes_held == 0
