"""The engine follows the registry: at the start, when others change it, and when loads come."""

import threading
from functools import partial

import pytest

from tests.unit.control.conftest import WINDOW_S, World
from tiltyard.control import reconciler as module
from tiltyard.control.overrides import Pending
from tiltyard.errors import StoreError
from tiltyard.loading import STILL_LOADING
from tiltyard.registry import (
    Change,
    ModelState,
    Registry,
    RegistryUnavailableError,
    set_champion,
    unload,
)
from tiltyard.registry.step import Step


def swap(state: ModelState, version: int) -> Step:
    return set_champion(state, version, now=1_000.0, rollback_window_s=WINDOW_S)


def by_another(world: World, version: int) -> ModelState:
    """Another gateway on the same registry swaps."""
    with world.open_registry() as other:
        return other.change("m", partial(swap, version=version)).state


# ---- the start


def test_nobody_is_served_before_it_is_known_who_serves(empty: World) -> None:
    empty.put("m", 1, 2)
    empty.registry.note_versions("m", [(1, "")])
    empty.build()
    assert empty.serving() is None
    assert not empty.engine.last.ready
    assert empty.engine.last.unready == [("m", 2, STILL_LOADING), ("m", 1, STILL_LOADING)]
    empty.reconciler.start(empty.registry)
    assert empty.serving() == 1
    assert empty.engine.last.ready


def test_without_a_registry_the_newest_serves(empty: World) -> None:
    empty.put("m", 1, 2)
    empty.build()
    empty.reconciler.start(None)
    empty.reconciler.take_news()
    empty.reconciler.look()
    assert empty.serving() == 2


def test_a_registry_that_cannot_be_read_is_no_empty_one(
    empty: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the newest versions would serve instead of the champions."""
    empty.put("m", 1, 2)
    empty.registry.note_versions("m", [(1, "")])
    empty.build()

    def fail(_: Registry) -> dict[str, ModelState]:
        raise RegistryUnavailableError("it is locked", "try again", "LOCKED")

    monkeypatch.setattr(Registry, "models", fail)
    with pytest.raises(RegistryUnavailableError):
        empty.reconciler.run(threading.Event(), lambda: empty.registry, pytest.fail)
    assert empty.serving() is None


def test_it_is_ready_when_all_have_settled_and_stays_so(empty: World) -> None:
    empty.put("m", 1, 2)
    empty.loader.slow = {("m", 1)}
    empty.start()
    assert (empty.serving(), empty.engine.last.ready) == (2, False)
    assert not empty.reports[-1].settled
    empty.loader.come(("m", 1))
    empty.reconciler.take_loads()
    empty.reconciler.take_news()
    assert empty.engine.last.ready
    assert empty.reports[-1].settled
    empty.loader.slow = {("m", 3)}
    empty.put("m", 3)
    empty.pass_s(10)
    assert not empty.loader.report().settled
    assert empty.engine.last.ready


def test_a_new_model_is_known_before_it_is_reported(empty: World) -> None:
    """So that an operator who has seen the ready line can change it."""
    known = []
    empty.put("m", 1, 2)
    empty.build()
    empty.reconciler._on_report = lambda _: known.append(empty.registry.get("m").champion)
    empty.reconciler.start(empty.registry)
    empty.reconciler.take_news()
    assert known == [2]


def test_a_restart_resumes(world: World) -> None:
    world.registry.change("m", partial(swap, version=3))
    world.restart()
    assert world.serving() == 3
    assert world.loader.begun[0] == ("m", 3)
    assert world.reconciler.since.champion("m") == world.now


def test_a_champion_that_cannot_be_loaded_at_a_restart_is_not_replaced(world: World) -> None:
    by_another(world, 2)
    world.loader.broken[("m", 2)] = "its bytes are odd"
    world.restart()
    assert world.serving() is None
    assert ("m", 2, "its bytes are odd") in world.engine.last.unready
    assert world.recorded().champion == 2


# ---- others


def test_what_another_gateway_changes_is_followed(world: World) -> None:
    assert world.serving() == 1
    by_another(world, 3)
    world.pass_s(1)
    assert world.serving() == 3
    assert world.reconciler.since.champion("m") == world.now - 1
    assert world.reconciler.new_events.seq == world.registry.last_seq()


def test_a_champion_of_others_that_does_not_load_takes_nobodys_place(world: World) -> None:
    world.loader.broken[("m", 4)] = "its bytes are odd"
    world.put("m", 4)
    world.pass_s(10)
    by_another(world, 4)
    world.pass_s(1)
    assert world.serving() == 1
    assert world.engine.last.champions == {"m": 4}


def test_versions_that_are_published_beside_it_are_found(world: World) -> None:
    world.put("m", 4)
    world.put("n", 1)
    world.pass_s(1)
    assert world.registry.get("m").versions == {1, 2, 3}
    world.pass_s(5)
    assert world.registry.get("m").versions == {1, 2, 3, 4}
    assert (world.serving("m"), world.serving("n")) == (1, 1)  # loaded by the same look
    world.pass_s(1)  # and now it is known that n can serve
    assert world.registry.get("n").champion == 1
    assert world.reconciler.new_events.seq == world.registry.last_seq()


def test_a_store_that_loses_versions_stops_nobody(world: World) -> None:
    """What is in a slot serves on from memory; what is in none is let go."""
    by_another(world, 2)
    for number in (1, 2, 3):
        (world.root / "m" / str(number) / "model.onnx").unlink()
    world.pass_s(10)
    assert world.serving() == 2
    assert [one.version for one in world.engine.last.versions] == [1, 2]


def test_a_new_model_whose_newest_version_is_broken(world: World) -> None:
    world.put("n", 1, 2)
    world.loader.broken[("n", 2)] = "its bytes are odd"
    world.pass_s(10)
    world.pass_s(1)
    assert world.registry.get("n").champion == 1
    assert world.registry.get("n").versions == {1, 2}
    assert world.serving("n") == 1


def test_a_model_of_which_nothing_loads_has_no_champion(world: World) -> None:
    world.put("n", 1)
    world.loader.broken[("n", 1)] = "its bytes are odd"
    world.pass_s(10)
    world.pass_s(1)
    assert "n" not in world.registry.models()
    state = world.reconciler.states()["n"]
    assert (state.epoch, state.champion, sorted(state.versions)) == (0, None, [1])
    del world.loader.broken[("n", 1)]
    world.loader.try_again(("n", 1))
    world.reconciler.take_news()
    assert world.registry.get("n").champion == 1


def test_a_registry_that_is_locked_is_a_problem_and_no_more(world: World) -> None:
    with world.locked():
        world.put("m", 4)
        world.pass_s(10)
        assert any("locked by another process" in text for text in world.reconciler.problems)
        assert world.serving() == 1
    world.pass_s(10)
    assert world.reconciler.problems == []
    assert world.registry.get("m").versions == {1, 2, 3, 4}


def test_a_store_that_cannot_be_read_is_a_problem(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> dict[str, list[int]]:
        raise StoreError("cannot read the store")

    with monkeypatch.context() as patch:
        patch.setattr(world.store, "models", fail)
        world.pass_s(10)
        assert world.reconciler.problems == ["cannot read the store"]
        assert len(world.engine.last.versions) == 3
    world.pass_s(10)
    assert world.reconciler.problems == []


# ---- loads


def test_a_load_is_waited_for_by_who_wants_it(world: World) -> None:
    world.loader.slow = {("m", 4)}
    world.put("m", 4)
    world.reconciler.look_at_store()
    found: list[str] = []
    waiting = threading.Thread(target=lambda: found.append(world.reconciler.load("m", 4, 60)))
    waiting.start()
    assert found == []
    world.loader.come(("m", 4))
    world.reconciler.take_loads()
    waiting.join()
    assert found == [""]


def test_a_load_that_fails_or_takes_too_long_says_why(world: World) -> None:
    world.loader.broken[("m", 4)] = "its bytes are odd"
    world.loader.slow = {("m", 5)}
    world.put("m", 4, 5)
    world.reconciler.look_at_store()
    assert world.reconciler.load("m", 4, 60) == "its bytes are odd"
    assert world.reconciler.load("m", 5, 0.01) == STILL_LOADING


def test_a_version_that_failed_is_tried_again(world: World) -> None:
    world.loader.broken[("m", 4)] = "its bytes are odd"
    world.put("m", 4)
    world.reconciler.look_at_store()
    assert world.reconciler.load("m", 4, 60) == "its bytes are odd"
    del world.loader.broken[("m", 4)]
    assert world.reconciler.load("m", 4, 60) == ""
    assert world.loader.begun.count(("m", 4)) == 3  # when it was found, and for each load


def test_what_is_in_a_slot_and_failed_is_tried_again_by_itself(world: World) -> None:
    """The store was away while the gateway started, say. What is in no slot waits for a person."""
    by_another(world, 2)
    world.loader.broken |= {("m", version): "the store is away" for version in (2, 3)}
    world.restart()
    assert world.serving() is None
    begun = len(world.loader.begun)
    world.pass_s(1)
    world.pass_s(1)
    assert len(world.loader.begun) == begun
    world.pass_s(4)
    assert world.loader.begun[begun:] == [("m", 2)]
    world.loader.broken.clear()
    world.pass_s(5)
    assert world.serving() is None
    world.pass_s(5)
    assert world.serving() == 2
    assert world.reconciler.report().find("m", 3) is None


def test_what_is_held_stays_in_memory_until_all_have_let_go(world: World) -> None:
    world.registry.change("m", partial(unload, version=3, now=world.now))
    world.pass_s(1)
    assert ("m", 3) not in world.loader.wanted
    assert world.reconciler.load("m", 3, 60) == ""
    assert world.reconciler.load("m", 3, 60) == ""
    assert world.loader.wanted[0] == ("m", 3)
    world.reconciler.let_go("m", 3)
    world.pass_s(1)
    assert ("m", 3) in world.loader.wanted
    world.reconciler.let_go("m", 3)
    assert ("m", 3) not in world.loader.wanted
    assert [one.version for one in world.engine.last.versions] == [2, 1]


def test_a_load_that_was_reported_late_takes_nobody_out_of_the_table(world: World) -> None:
    """The table is made of what is loaded when it is published, not of what a report had seen."""
    old = world.loader.report()
    world.put("m", 4)
    world.reconciler.look_at_store()
    world.reconciler.adopt(world.registry.change("m", partial(swap, version=4)))
    assert world.serving() == 4
    world.loader.run(threading.Event(), lambda _: world.reconciler.take_loads())
    assert old.find("m", 4) is None
    assert world.serving() == 4


# ---- rollbacks


def test_what_is_held_is_in_force_until_it_is_recorded(world: World) -> None:
    by_another(world, 2)
    world.pass_s(1)
    before = world.reconciler.desired.get("m")
    assert before is not None
    after, _ = swap(before, 1)

    def record() -> Change:
        return world.registry.change("m", partial(swap, version=1))

    with world.locked():
        world.reconciler.hold(Pending(after, record))
        assert world.serving() == 1
        assert not world.reconciler.record("m")
        world.pass_s(10)
        assert world.serving() == 1
        assert world.recorded().champion == 2
    world.pass_s(1)
    assert world.recorded().champion == 1
    assert world.serving() == 1
    assert world.reconciler.desired.overrides.states() == {}


def test_a_rollback_publishes_before_it_reckons_what_to_load(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = world.reconciler.desired.get("m")
    assert before is not None
    monkeypatch.setattr(module, "wanted_keys", pytest.fail)
    world.reconciler.hold(Pending(swap(before, 2)[0], pytest.fail))
    assert world.serving() == 2


# ---- the thread


def test_the_thread_looks_until_it_is_to_stop(
    empty: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty.put("m", 1)
    empty.build()
    stopping, known = threading.Event(), threading.Event()
    monkeypatch.setattr(module, "LOOK_S", 0.01)
    running = threading.Thread(
        target=empty.reconciler.run, args=(stopping, lambda: empty.registry, known.set)
    )
    running.start()
    assert known.wait(60)
    empty.put("m", 2)
    while empty.registry.get("m").versions != {1, 2}:
        empty.now += 1
    assert empty.serving() == 1
    assert empty.reports[-1].settled
    stopping.set()
    empty.reconciler.run_loads(stopping)  # as the loading thread ends, which wakes this one
    running.join()


def test_rates_are_of_what_was_asked_though_all_of_it_fails(world: World) -> None:
    world.pass_s(1)
    world.rollout().arms[0] |= {"assigned": 30, "errors": {"run_failed": 30}}
    world.pass_s(2)
    assert world.reconciler.rates.get(("m", 1, 0)) == 15.0


def test_what_was_unloaded_is_told_as_such(world: World) -> None:
    state = world.registry.change("m", partial(unload, version=2, now=0.0))
    world.reconciler.adopt(state)
    assert ("m", 2, module.UNLOADED) in world.engine.last.unready


def test_who_listens_is_called_after_each_look(world: World) -> None:
    served: list[int | None] = []
    world.reconciler.on_look = lambda: served.append(world.serving())
    world.pass_s(1)
    world.control.set_champion("m", 2)
    world.pass_s(1)
    assert served == [1, 2], "what was looked for is in force by then"
