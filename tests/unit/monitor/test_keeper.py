import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.unit.monitor.conftest import Version
from tests.unit.monitor.house import MODEL, House
from tests.unit.monitor.traffic import reference_profile
from tiltyard.errors import StoreError
from tiltyard.monitor import keeper as module
from tiltyard.monitor.keeper import LOOK_S, STORE_LOOK_S
from tiltyard.monitor.policy import DriftPolicy
from tiltyard.monitor.recording import CHAMPION
from tiltyard.registry import Challenger, RegistryUnavailableError
from tiltyard.store.profiles import add_baseline, read_baseline

PROFILE = reference_profile()
THIRD = reference_profile(version=3)


def look_later(house: House, after_s: float = STORE_LOOK_S) -> None:
    house.clock.pass_s(after_s)
    house.keeper.look()


def test_a_version_with_a_profile_is_recorded(house: House) -> None:
    house.watch(PROFILE, champion=2)
    assert house.engine.recorded[MODEL, 2] == (1, 2, 3, 4)
    house.ask(3)
    assert house.snapshot().current.counts[0] == 300
    assert house.keeper.problems == {}
    assert house.keeper.is_compiled


def test_a_profile_that_comes_later_is_found(house: House) -> None:
    place = house.root / MODEL / "2"
    place.mkdir(parents=True)
    (place / "model.onnx").write_bytes(b"")
    house.load(2)
    house.keeper.look()
    assert house.keeper.unprofiled == {(MODEL, 2)}
    assert not house.keeper.is_compiled, "nobody needs a kernel yet"
    house.put(PROFILE)
    house.keeper.look()
    assert house.keeper.unprofiled, "the store is not looked at every second"
    house.keeper.wake()
    house.keeper.look()
    assert house.keeper.unprofiled == frozenset()
    assert (MODEL, 2) in house.engine.recorded


def test_an_event_of_the_registry_has_its_version_looked_at(house: House) -> None:
    house.watch(PROFILE, champion=2)
    first = house.watched()
    newer = house.put(replace(PROFILE, created="later"))
    house.keeper.look()
    assert house.watched() is first
    house.registry.note("profile_added", MODEL, 2, {"number": newer.number}, actor="ann")
    house.keeper.look()
    assert house.watched().profile.number == 2


def test_a_store_that_fails_is_told_once_and_asked_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> list[int]:
        raise StoreError("the store is away")

    with monkeypatch.context() as patched:
        patched.setattr(module, "profile_numbers", fail)
        house.watch(PROFILE, champion=2)
        look_later(house)
        assert house.said == ["the store is away"]
        assert house.keeper.problem_of((MODEL, 2)) == "the store is away"
    look_later(house, LOOK_S)
    assert (MODEL, 2) not in house.engine.recorded, "what has failed is tried every ten seconds"
    look_later(house)
    assert (MODEL, 2) in house.engine.recorded
    assert house.keeper.problems == {}


def test_a_registry_that_is_away_keeps_nothing_else_from_being_done(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RegistryUnavailableError("the registry is locked", "Wait.", "busy")

    with monkeypatch.context() as patched:
        patched.setattr(house.registry, "policies", fail)
        house.put(PROFILE)
        house.load(2)
        house.serve(2)
        look_later(house)
    assert house.engine.recorded == {}, "by another policy what was saved would not fit"
    assert len(house.said) == 1
    assert "the registry is locked" in house.said[0]
    look_later(house)
    assert house.keeper.problems == {}
    assert (MODEL, 2) in house.engine.recorded


def test_a_profile_that_does_not_fit_leaves_what_was_watched(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.watch(PROFILE, champion=2)
    first = house.watched()

    def refuse(*_: Any) -> None:
        raise ValueError("there is no input 'x'")

    house.put(replace(PROFILE, created="later"))
    with monkeypatch.context() as patched:
        patched.setattr(house.engine, "record", refuse)
        look_later(house)
        assert "does not fit the model: there is no input 'x'" in house.said[-1]
    house.ask(2)
    assert house.watched() is first
    assert first.planes[CHAMPION, ""].panes.totals()[0] == 200


def test_a_malformed_profile_is_said(house: House) -> None:
    house.watch(PROFILE, champion=2)
    (house.root / MODEL / "2" / "profiles" / "2.npz").write_bytes(b"nonsense")
    look_later(house)
    assert "profiles/2.npz" in house.said[-1]
    house.ask(1)
    assert house.watched().profile.number == 1


def test_what_nobody_expected_ends_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise KeyError("oh")

    with monkeypatch.context() as patched:
        patched.setattr(house.keeper.baselines, "look", fail)
        house.watch(PROFILE, champion=2)
        look_later(house)
    assert (MODEL, 2) in house.engine.recorded
    (bug,) = house.bugs
    assert bug[0] == "monitor-keeper: baseline of fraud version 2"
    assert list(house.keeper.problems.values()) == ["baseline of fraud version 2: KeyError: 'oh'"]
    look_later(house)
    assert house.keeper.problems == {}
    house.bugs.clear()


def test_a_version_that_is_loaded_again_goes_on(house: House) -> None:
    house.watch(PROFILE, champion=2)
    house.ask(5)
    late = house.block(99, 40, 0.0, 2, CHAMPION)
    house.load(2)
    look_later(house)
    house.drain(late)
    house.ask(5)
    totals = house.watched().planes[CHAMPION, ""].panes.totals()
    assert totals[0] == 1_040, "what was under way counts, and what came after"
    assert [one.detector.ticks for _, one in house.watched().detections()] == [10]
    assert house.monitor.rows_unclaimed == 0
    assert house.snapshot().offered == 18, "of both recordings, 9 each"


def test_unloaded_and_loaded_again(house: House) -> None:
    house.watch(PROFILE, champion=2)
    house.ask(5)
    house.served.loaded.clear()
    house.keeper.look()
    assert house.engine.recorded == {}
    assert not house.desk.status().is_watching
    assert house.snapshot().current.counts[0] == 500, "what was counted can still be seen"
    house.load(2)
    house.keeper.look()
    house.ask(5)
    assert house.watched().planes[CHAMPION, ""].panes.totals()[0] == 1_000
    assert [one.detector.ticks for _, one in house.watched().detections()] == [10]


def test_a_new_profile_begins_anew(house: House) -> None:
    house.watch(PROFILE, champion=2)
    opened = house.drift()
    late = house.block(99, 40, 0.0, 2, CHAMPION)
    house.put(replace(reference_profile(rows=900), version=2))
    look_later(house)
    kept = house.book.find(opened.id)
    assert kept is not None
    assert (kept.state, kept.closed_by) == ("superseded", "superseded by profile 2")
    assert house.open() == []
    house.drain(late)
    assert house.monitor.rows_unclaimed == 40, "it is in the cells of the profile before"
    assert house.desk.status().rows_unclaimed == 40
    house.ask(2)
    assert house.watched().planes[CHAMPION, ""].panes.totals()[0] == 200
    problem = house.keeper.problems["baseline of fraud version 2"]
    assert "expected a baseline of profile" in problem
    assert "it is ignored" in problem
    assert house.watched().baseline is None
    house.ask(12)
    house.desk.accept(MODEL, 2, 3_600.0, "bob")
    look_later(house)
    assert house.keeper.problems == {}


def test_a_baseline_without_rows_is_ignored(house: House) -> None:
    house.watch(PROFILE, champion=2)
    house.ask(12)
    stored = house.desk.accept(MODEL, 2, 60.0, "ann")
    add_baseline(house.store, MODEL, 2, replace(stored, counts=np.zeros_like(stored.counts)))
    look_later(house)
    assert house.watched().baseline == stored
    assert "baseline 2 of fraud version 2: expected rows, got none" in house.said[-1]


def test_another_policy_ends_what_was_bet_by_the_one_before(house: House) -> None:
    house.watch(PROFILE, champion=2)
    opened = house.drift()
    house.desk.set_policy(MODEL, {"delta": 0.2}, "ann")
    kept = house.book.find(opened.id)
    assert kept is not None
    assert kept.closed_by == "superseded by drift policy 1"
    house.keeper.look()
    assert house.watched().policy.delta == 0.2


def test_the_policy_of_another_gateway_is_taken_and_an_older_one_is_not(house: House) -> None:
    house.watch(PROFILE, champion=2)
    house.registry.change_policy(MODEL, lambda _: {"delta": 0.3}, changes={}, actor="bob")
    house.keeper.look()
    assert (house.watched().policy.delta, house.watched().policy.epoch) == (0.3, 1)
    house.keeper.adopt_policy(MODEL, DriftPolicy(epoch=2, delta=0.4))
    house.keeper.look()
    assert house.watched().policy.delta == 0.4, "what was read before is not taken back"


def test_a_policy_that_cannot_be_is_said_and_the_others_taken(house: House) -> None:
    house.watch(PROFILE, champion=2)
    house.registry.note_versions("a", [(1, "")])
    house.registry.change_policy("a", lambda _: {"delta": 9.0}, changes={}, actor="bob")
    house.registry.change_policy(MODEL, lambda _: {"delta": 0.3}, changes={}, actor="bob")
    house.keeper.look()
    assert house.watched().policy.delta == 0.3
    assert "delta" in house.keeper.problems["drift policy of a"]


def test_the_versions_in_slots_share_the_false_alarms(house: House) -> None:
    house.watch(PROFILE, THIRD, champion=2)

    def told(version: int) -> list[float]:
        found = house.watched(version).detections()
        return [one.detector.policy.false_alarm_s for _, one in found]

    assert (told(2), told(3)) == ([1_000.0], [1_000.0]), "3 is shown no requests"
    house.serve(2, challengers=(Challenger(3, "shadow"),))
    house.keeper.look()
    assert (told(2), told(3)) == ([2_000.0], [2_000.0])
    house.desk.set_policy(MODEL, {"segments": [["age", "18"], ["age", "20"]]}, "ann")
    house.ask(12)
    rows = house.block(1, 1_500, 0.0, 2, CHAMPION)
    house.drain(rows)
    house.desk.accept(MODEL, 2, 60.0, "ann")
    house.keeper.look()
    assert told(2) == [4_000.0, 4_000.0]


def test_first_traffic_becomes_the_baseline_though_it_differs_from_the_profile(
    house: House,
) -> None:
    house.watch(PROFILE, champion=2)
    house.desk.set_policy(MODEL, {"baseline_rows": 40_000}, "ann")
    house.ask(305)
    house.ask(94, shift=1.0)
    house.keeper.look()
    assert [one.kind for one in house.open()] == ["skew"]
    assert house.watched().baseline is None
    house.ask(1)
    house.keeper.look()
    baseline = house.watched().baseline
    assert baseline is not None
    assert (baseline.number, baseline.accepted_by) == (1, "tiltyard")
    assert baseline.counts[0] == 40_000, "the first second is in it, and the last"
    assert read_baseline(house.store, MODEL, 2).digest == baseline.digest
    assert "baseline_accepted" in [one.kind for one in house.registry.events(0, 99)]
    assert [one.kind for one in house.open()] == ["skew"]


def test_a_baseline_that_another_gateway_accepted_is_taken(house: House) -> None:
    house.watch(PROFILE, champion=2)
    house.desk.set_policy(MODEL, {"baseline_rows": 2_000}, "ann")
    house.ask(12)
    other = house.desk.accept(MODEL, 2, 60.0, "bob")
    house.monitor.watched[MODEL, 2].baseline = None
    house.ask(10)
    house.keeper.look()
    baseline = house.watched().baseline
    assert baseline is not None
    assert (baseline.number, baseline.digest) == (1, other.digest)


def test_a_canary_is_followed_by_the_champions_traffic(house: House) -> None:
    house.watch(PROFILE, THIRD, champion=2)
    house.serve(2, challengers=(Challenger(3, "canary", buckets=100, sample_ppm=0),))
    house.keeper.look()
    house.ask(2)
    assert ("champion-as", "") in house.watched(3).planes
    # A new profile of the champion: until it is looked at again nobody counts in its cells.
    house.put(replace(PROFILE, created="later"))
    house.keeper._looked.clear()
    house.keeper._look_at_versions()
    house.ask(1)
    assert house.watched(3).planes["champion-as", ""].panes.totals()[0] == 200
    house.keeper.look()
    house.ask(1)
    assert house.watched(3).planes["champion-as", ""].panes.totals()[0] == 300


def test_problems_of_who_is_unloaded_are_none(house: House) -> None:
    house.watch(PROFILE, champion=2)
    (house.root / MODEL / "2" / "profiles" / "2.npz").write_bytes(b"nonsense")
    look_later(house)
    assert house.keeper.problems != {}
    house.served.loaded.clear()
    house.keeper.look()
    assert house.keeper.problems == {}


def test_counts_that_take_too_much_memory_are_given_up_and_said(house: House) -> None:
    house.watch(PROFILE, champion=2)
    house.ask(130)
    house.keeper.budget.bytes_max = 1
    house.keeper.look()
    assert "monitor_bytes_max is 1" in house.keeper.problems["memory"]
    assert house.desk.status().panes_dropped > 0
    assert house.watched().planes[CHAMPION, ""].panes.totals()[0] == 13_000


def test_it_runs_until_it_is_to_stop_and_saves_then(house: House) -> None:
    house.watch(PROFILE, champion=2)
    house.ask(1)
    stopping = threading.Event()
    order = []

    def counted() -> None:
        order.append("counted")
        house.ask(1)

    keeping = threading.Thread(target=house.keeper.run, args=(stopping, counted))
    keeping.start()
    stopping.set()
    house.keeper.wake()
    keeping.join(30)
    assert not keeping.is_alive()
    assert order == ["counted"]
    house.saving.close()
    house.start()
    house.load(2)
    house.keeper.look()
    assert house.watched().planes[CHAMPION, ""].panes.totals()[0] == 200


def test_a_version_that_left_and_came_back_is_not_held(house: House) -> None:
    house.watch(PROFILE, champion=2)
    version: Any = house.served.loaded[MODEL, 2]
    assert isinstance(version, Version)
    house.served.loaded.clear()
    house.keeper.look()
    assert house.keeper._looked == {}
    assert house.monitor.recordings == {}
