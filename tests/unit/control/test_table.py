"""The route table: who serves, for which states and loads, and when there is a new one."""

import threading
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.control.fakes import FakeEngine, loaded
from tiltyard._core import LoadedVersion
from tiltyard.control import table as module
from tiltyard.control.table import RouteTable, Wanted, wanted_keys
from tiltyard.loading import LoadReport
from tiltyard.registry import Challenger, CompareRule, ModelState, owners

V = {number: loaded("m", number) for number in range(1, 6)}
CANARY = Challenger(2, "canary", buckets=4, sample_ppm=0, ranges=((0, 4),))
OTHER = Challenger(3, "canary", buckets=2, sample_ppm=0, ranges=((4, 6),))
SHADOW = Challenger(4, "shadow")
SALT = bytes(range(16))


def state(champion: int | None, epoch: int = 1, **more: Any) -> ModelState:
    return ModelState("m", epoch, champion, versions=frozenset(V), **more)


def report(*numbers: int, unready: Iterable[int] = ()) -> LoadReport:
    return LoadReport(
        [V[number] for number in numbers], [("m", number, "broken") for number in unready]
    )


class Desk:
    """A table on a fake engine."""

    def __init__(self) -> None:
        self.fake = FakeEngine()
        self.table = RouteTable(self.fake.engine)

    def publish(self, wanted: ModelState | None, found: LoadReport, *, ready: bool = True) -> int:
        states = {} if wanted is None else {wanted.name: wanted}
        return self.table.publish(lambda: Wanted(states, found, ready))

    def serving(self) -> int | None:
        return self.fake.last.serving("m")


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_champion_serves_whatever_is_newer(desk: Desk) -> None:
    assert desk.publish(state(1), report(1, 2, 3)) == desk.table.epoch == 1
    assert desk.serving() == 1
    assert desk.fake.last.champions == {"m": 1}
    made = desk.table.tables()["m"]
    assert (made.champion, made.serving, made.canaries) == (V[1], (V[1],), ())


def test_without_a_state_the_newest_serves(desk: Desk) -> None:
    desk.publish(None, report(1, 3, 2), ready=False)
    assert desk.serving() == 3
    assert desk.table.tables() == {}
    assert not desk.fake.last.ready


def test_a_champion_that_is_not_loaded_is_nobody(desk: Desk) -> None:
    desk.publish(state(2), report(1, unready=[2]))
    assert desk.serving() is None
    assert desk.fake.last.unready == [("m", 2, "broken")]
    desk.publish(state(None), report(1))
    assert desk.fake.last.champions == {}


def test_who_served_serves_on_until_the_new_champion_is_loaded(desk: Desk) -> None:
    desk.publish(state(1), report(1))
    desk.publish(state(2, epoch=2, challengers=(OTHER,), salt=SALT), report(1, 3, unready=[2]))
    assert desk.serving() == 1
    assert len(desk.fake.last.rollouts["m"].canaries) == 0
    desk.publish(state(2, epoch=2, challengers=(OTHER,), salt=SALT), report(1, 2, 3))
    assert desk.serving() == 2
    assert desk.fake.last.rollouts["m"].canaries == [V[3]]


def test_canaries_with_salt_split_and_owners(desk: Desk) -> None:
    challengers = (CANARY, SHADOW, OTHER)
    wanted = state(1, challengers=challengers, salt=SALT, split="key")
    desk.publish(wanted, report(1, 2, 3, 4))
    made = desk.fake.last.rollouts["m"]
    assert (made.champion, made.canaries, made.epoch) == (V[1], [V[2], V[3]], 1)
    assert (made.salt, made.by_key) == (SALT, True)
    assert made.owners == owners(challengers)


def test_a_canary_that_is_not_loaded_leaves_its_buckets_to_the_champion(desk: Desk) -> None:
    wanted = state(1, challengers=(CANARY, OTHER), salt=SALT)
    desk.publish(wanted, report(1, 3, unready=[2]))
    made = desk.fake.last.rollouts["m"]
    assert made.canaries == [V[3]]
    assert made.owners == owners([OTHER])
    desk.publish(wanted, report(1, 2, 3))
    assert desk.fake.last.rollouts["m"] is not made
    assert desk.fake.last.rollouts["m"].owners == owners([CANARY, OTHER])


def test_counters_go_on_while_requests_are_routed_as_they_were(desk: Desk) -> None:
    wanted = state(1, challengers=(CANARY,), salt=SALT)
    desk.publish(wanted, report(1, 2))
    first = desk.fake.last.rollouts["m"]
    desk.publish(replace(wanted, versions=frozenset(range(9))), report(1, 2, 3))
    assert desk.table.epoch == 2
    assert desk.fake.last.rollouts["m"] is first
    desk.publish(replace(wanted, epoch=2, unloaded=frozenset({3})), report(1, 2))
    assert desk.fake.last.rollouts["m"] is first
    desk.publish(replace(wanted, epoch=3, split="key"), report(1, 2))
    second = desk.fake.last.rollouts["m"]
    assert second is not first
    desk.publish(replace(wanted, epoch=4, split="key", salt=bytes(16)), report(1, 2))
    assert desk.fake.last.rollouts["m"] is not second


@pytest.mark.parametrize("which", [1, 2])
def test_a_version_that_was_loaded_again_has_a_new_rollout(desk: Desk, which: int) -> None:
    """The old session is not kept by the old rollout."""
    wanted = state(1, challengers=(CANARY,), salt=SALT)
    desk.publish(wanted, report(1, 2))
    again: list[LoadedVersion] = [
        loaded("m", number) if number == which else V[number] for number in (1, 2)
    ]
    desk.publish(wanted, LoadReport(again))
    made = desk.fake.last.rollouts["m"]
    assert [made.champion, *made.canaries] == again


def test_what_is_in_force_is_not_published_again(desk: Desk) -> None:
    for _ in range(3):
        assert desk.publish(state(1), report(1, unready=[2])) == 1
    assert desk.publish(state(1), report(1, unready=[2]), ready=False) == 2
    assert desk.publish(state(1), report(1), ready=False) == 3
    assert len(desk.fake.published) == 3


def test_long_work_is_done_without_the_lock_and_again_when_loads_have_changed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rollback must not wait for the replies of 500 models, which a nice 19 thread makes."""
    built: list[list[int]] = []
    found = report(1)

    def build(versions: list[LoadedVersion], *_: Any) -> dict[Any, bytes]:
        nonlocal found
        assert not desk.table._lock.locked()
        built.append([version.version for version in versions])
        found = report(1, 2)
        return {}

    monkeypatch.setattr(module, "build_replies", build)
    desk.table.publish(lambda: Wanted({"m": state(1)}, found, True))
    assert built == [[1], [1, 2]]
    assert desk.fake.last.versions == [V[1], V[2]]
    desk.table.publish(lambda: Wanted({"m": state(2, epoch=2)}, found, True))
    assert built == [[1], [1, 2]]  # a swap makes none


def test_no_older_table_follows_a_newer_one(desk: Desk) -> None:
    """Whoever publishes looks with the lock held: what it found is still so when it is in force."""
    wanted = state(1)
    looked = threading.Event()

    def look() -> Wanted:
        nonlocal wanted
        found = Wanted({"m": wanted}, report(1, 2), True)
        if desk.table._lock.locked() and not looked.is_set():
            looked.set()
            wanted = state(2, epoch=2)
            other.start()
        return found

    other = threading.Thread(target=lambda: desk.table.publish(look))
    desk.table.publish(look)
    other.join()
    assert [one.serving("m") for one in desk.fake.published] == [1, 2]


def test_champions_load_first_then_slots_then_the_newest() -> None:
    states = {
        "a": ModelState("a", 3, 1, previous=2, challengers=(Challenger(3, "shadow"),)),
        "b": ModelState("b", 3, 4, unloaded=frozenset([2])),
    }
    stored = {"a": [1, 2, 3, 4, 5], "b": [1, 2, 3, 4], "new": [1, 2]}
    assert wanted_keys(states, stored) == [
        ("a", 1),
        ("b", 4),
        ("new", 2),
        ("a", 2),
        ("a", 3),
        ("new", 1),
        ("a", 5),
        ("a", 4),
        ("b", 3),
        ("b", 1),
    ]


def test_what_is_in_a_slot_is_wanted_also_where_the_store_has_lost_it() -> None:
    wanted = ModelState("a", 3, 1, previous=2, challengers=(Challenger(3, "shadow"),))
    assert wanted_keys({"a": wanted}, {}) == [("a", 1), ("a", 2), ("a", 3)]
    assert wanted_keys({"a": wanted}, {"a": [4]}) == [("a", 1), ("a", 2), ("a", 3), ("a", 4)]


def test_a_shadow_is_shown_what_the_champion_answers_and_a_reverse_one_what_the_canary_does(
    desk: Desk,
) -> None:
    reverse = replace(CANARY, reverse_shadow=True, sample_ppm=500_000)
    wanted = state(1, challengers=(SHADOW, OTHER, reverse), salt=SALT)
    desk.publish(wanted, report(1, 2, 3, 4))
    rollout = desk.fake.last.rollouts["m"]
    # Arms: the champion, canary 3 and its control, canary 2 and its control.
    assert list(rollout.shadows) == [(V[4], SHADOW.sample_ppm, 0, []), (V[1], 500_000, 3, [])]
    desk.publish(replace(wanted, epoch=2, challengers=(SHADOW,)), report(1, 2, 3))
    assert list(desk.fake.last.rollouts["m"].shadows) == []
    desk.publish(replace(wanted, epoch=2, challengers=(SHADOW,)), report(1, 2, 3, 4))
    assert list(desk.fake.last.rollouts["m"].shadows) == [(V[4], SHADOW.sample_ppm, 0, [])]


def test_outputs_are_compared_by_the_rules_that_fit_what_is_shadowed(desk: Desk) -> None:
    rules = (CompareRule("y", "label"), CompareRule("z", "tolerance", 0.5, 0.01))
    reverse = replace(CANARY, reverse_shadow=True, sample_ppm=500_000, compare=rules[:1])
    wanted = state(1, challengers=(replace(SHADOW, compare=rules), reverse), salt=SALT)
    desk.publish(wanted, report(1, 2, 4))
    rollout = desk.fake.last.rollouts["m"]
    # The champion has no output z: routing goes on without the rule for it.
    label = ("y", "label", 0.0, 0.0)
    assert [found[2:] for found in rollout.shadows] == [(0, [label]), (1, [label])]


def test_who_listens_hears_of_each_new_table_and_its_rollouts(desk: Desk) -> None:
    heard: list[list[Any]] = []
    desk.table.on_publish = lambda rollouts: heard.append(list(rollouts))
    desk.publish(state(1), report(1, 2))
    assert heard == [[desk.fake.last.rollouts["m"]]]
    desk.publish(state(1), report(1, 2))
    assert len(heard) == 1, "no new table"
    desk.publish(state(2, 2), report(1, 2))
    assert heard[1] == [desk.fake.last.rollouts["m"]]
    assert heard[1] != heard[0]
    desk.publish(state(None, 3), report(1, 2))
    assert heard[2] == [], "nobody serves"
