"""Until when what has left its slot stays in memory; an hour is the rollback window."""

from functools import partial

from tests.unit.control.conftest import WINDOW_S as WORLD_S
from tests.unit.control.conftest import World
from tiltyard.control.keeping import COUNT_S, WINDOW_PARTS, Keeping
from tiltyard.control.reconciler import LAPSED, UNLOADED
from tiltyard.loading import Key
from tiltyard.registry import ModelState, set_champion

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

    def count_at(self, now: float) -> dict[str, dict[int, float]] | None:
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


# ---- in a gateway


def pin(world: World, version: int, requests: int) -> None:
    """So many requests have asked for this version by its number."""
    world.engine.rows = [{"model": "m", "version": version, "pinned": {"assigned": requests}}]


def in_memory(world: World) -> list[int]:
    return sorted(version.version for version in world.engine.last.versions)


def test_what_left_its_slot_is_unloaded_after_the_window_without_a_new_epoch(world: World) -> None:
    epoch = world.control.set_champion("m", 2).epoch
    rollout = world.rollout()
    world.pass_s(WORLD_S - 1)
    assert in_memory(world) == [1, 2, 3]
    world.pass_s(1)
    assert in_memory(world) == [2, 3]
    assert ("m", 1, LAPSED) in world.engine.last.unready
    assert world.reconciler.report().unloaded == {("m", 1): LAPSED}
    assert world.recorded().epoch == epoch
    assert world.rollout() is rollout
    assert world.recorded().previous == 1  # and known
    world.reconciler.take_news()
    assert world.reports[-1].unloaded == {("m", 1): LAPSED}


def test_a_challenger_that_was_stopped_goes_and_one_that_came_back_stays(world: World) -> None:
    for version in (2, 3):
        world.control.start_challenge("m", version, "shadow")
        world.control.stop_challenge("m", version)
    world.control.start_challenge("m", 3, "shadow")
    world.pass_s(WORLD_S)
    assert in_memory(world) == [1, 3]


def test_what_was_never_in_a_slot_stays(world: World) -> None:
    world.pass_s(10 * WORLD_S)
    assert in_memory(world) == [1, 2, 3]


def test_requests_by_number_keep_a_version_for_a_window_each(world: World) -> None:
    world.control.set_champion("m", 2)
    world.pass_s(WORLD_S - 5)
    pin(world, 1, 7)
    world.pass_s(5)
    assert world.recorded().kept_until(1) == world.now + WORLD_S
    world.pass_s(WORLD_S - 1)
    assert in_memory(world) == [1, 2, 3]
    world.pass_s(1)  # none since
    assert in_memory(world) == [2, 3]


def test_a_restart_keeps_what_was_in_use_and_loads_nothing_that_was_not(world: World) -> None:
    world.control.set_champion("m", 2)
    world.control.set_champion("m", 3)
    world.pass_s(WORLD_S - 5)
    pin(world, 1, 7)
    world.pass_s(WORLD_S / 2)
    assert in_memory(world) == [1, 3]
    world.restart()
    assert world.loader.begun.count(("m", 2)) == 1  # before it was known what is wanted
    assert in_memory(world) == [1, 3]
    world.pass_s(WORLD_S)
    assert in_memory(world) == [3]


def test_what_is_in_use_stays_while_the_registry_cannot_be_told(world: World) -> None:
    world.control.set_champion("m", 2)
    pin(world, 1, 7)
    with world.locked():
        world.pass_s(WORLD_S - 5)
        assert "is locked" in world.reconciler.problems[0]
    assert world.recorded().kept_until(1) == 1_000.0 + WORLD_S
    world.pass_s(10)
    assert in_memory(world) == [1, 2, 3]
    assert world.recorded().kept_until(1) == 1_000.0 + 2 * WORLD_S - 5
    assert world.reconciler.problems == []


def test_what_is_loaded_by_an_operator_stays(world: World) -> None:
    world.control.set_champion("m", 2)
    world.pass_s(WORLD_S)
    assert in_memory(world) == [2, 3]
    world.control.load_version("m", 1)
    world.pass_s(10 * WORLD_S)
    assert in_memory(world) == [1, 2, 3]
    world.control.unload_version("m", 1)
    assert in_memory(world) == [2, 3]
    assert ("m", 1, UNLOADED) in world.engine.last.unready


def test_a_rollback_to_what_was_unloaded_loads_it_first(world: World) -> None:
    world.control.set_champion("m", 2)
    world.pass_s(WORLD_S)
    assert in_memory(world) == [2, 3]
    world.control.rollback("m")
    assert world.serving() == 1
    assert in_memory(world) == [1, 2, 3]


def test_what_a_change_needs_is_not_unloaded_under_it(world: World) -> None:
    world.control.set_champion("m", 2)
    assert world.reconciler.load("m", 1, 0.0) == ""
    world.pass_s(WORLD_S)
    assert in_memory(world) == [1, 2, 3]
    world.reconciler.let_go("m", 1)
    assert in_memory(world) == [2, 3]


def test_who_serves_for_a_champion_that_never_came_stays(world: World) -> None:
    world.loader.broken[("m", 4)] = "its bytes are odd"
    world.put("m", 4)
    world.pass_s(10)
    swap = partial(set_champion, version=4, now=world.now, rollback_window_s=WORLD_S)
    world.registry.change("m", swap)
    world.pass_s(10 * WORLD_S)
    assert world.serving() == 1
    del world.loader.broken[("m", 4)]
    world.pass_s(1000)
    world.pass_s(1)
    assert world.serving() == 4
    assert in_memory(world) == [2, 3, 4]
