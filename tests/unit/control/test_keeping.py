"""Until when what has left its slot stays in memory; an hour is the rollback window."""

from tiltyard.control.keeping import COUNT_S, WINDOW_PARTS, Keeping
from tiltyard.loading import Key
from tiltyard.registry import ModelState

WINDOW_S = 3600.0
KEY = ("m", 1)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Kept:
    """Version 1 of m, which has left its slot at 0, and the requests for it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.keeping = Keeping(WINDOW_S, self.clock)
        self.states = {"m": ModelState("m", 2, 2, kept=((1, WINDOW_S),))}
        self.requests = 0
        self.reads = 0

    def counts(self) -> dict[Key, int]:
        self.reads += 1
        return {KEY: self.requests, ("other", 1): 5}

    def count_at(self, now: float) -> dict[str, dict[int, float]]:
        self.clock.now = now
        return self.keeping.count(self.states, self.counts)

    @property
    def has_lapsed(self) -> bool:
        return KEY in self.keeping.lapsed(self.states)


def test_a_time_that_has_passed_holds_from_the_next_count_on() -> None:
    kept = Kept()
    kept.clock.now = WINDOW_S + 1
    assert not kept.has_lapsed
    assert kept.count_at(WINDOW_S + 1) == {}
    assert kept.has_lapsed


def test_requests_that_came_just_before_are_counted_first() -> None:
    kept = Kept()
    kept.count_at(WINDOW_S - COUNT_S / 2)
    kept.requests = 1
    assert kept.count_at(WINDOW_S) == {"m": {1: 2 * WINDOW_S}}
    assert not kept.has_lapsed
    kept.count_at(2 * WINDOW_S - 1)
    assert not kept.has_lapsed
    kept.count_at(2 * WINDOW_S)
    assert kept.has_lapsed


def test_counts_that_begin_anew_are_no_requests() -> None:
    kept = Kept()
    kept.requests = 3
    kept.count_at(COUNT_S)
    kept.requests = 0  # it was loaded again
    kept.count_at(2 * COUNT_S)
    kept.count_at(WINDOW_S + COUNT_S)
    assert kept.has_lapsed


def test_counting_is_rare() -> None:
    kept = Kept()
    for second in range(int(COUNT_S) * 2 + 1):
        kept.count_at(float(second))
    assert kept.reads == 2


def test_nothing_is_read_when_nothing_is_kept() -> None:
    kept = Kept()
    kept.states = {"m": ModelState("m", 1, 1)}
    assert kept.count_at(10 * COUNT_S) == {}
    assert kept.reads == 0


def test_the_registry_is_told_a_few_times_a_window() -> None:
    kept, told = Kept(), 0
    for minute in range(1, 61):
        kept.requests += 1
        longer = kept.count_at(minute * 60.0)
        if longer:
            told += 1
            until = longer["m"][1]
            assert until == minute * 60.0 + WINDOW_S
            kept.states = {"m": ModelState("m", 2, 2, kept=((1, until),))}
    assert WINDOW_PARTS - 2 <= told <= WINDOW_PARTS


def test_what_was_not_recorded_is_told_again() -> None:
    kept = Kept()
    kept.requests = 1
    longer = {"m": {1: WINDOW_S + 600}}
    assert kept.count_at(600) == longer
    assert kept.count_at(700) == longer


def test_a_clock_that_was_set_back_unloads_nothing_early() -> None:
    kept = Kept()
    kept.count_at(10 * WINDOW_S)
    assert kept.has_lapsed
    kept.count_at(WINDOW_S - 1)
    assert not kept.has_lapsed


def test_what_is_in_a_slot_again_is_forgotten() -> None:
    kept = Kept()
    kept.requests = 1
    kept.count_at(600)
    kept.states = {"m": ModelState("m", 3, 1)}
    assert kept.count_at(700) == {}
    assert not kept.has_lapsed
