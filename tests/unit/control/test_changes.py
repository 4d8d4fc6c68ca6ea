"""Refused early, loaded first, recorded once, in force when it returns."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.unit.control.conftest import WINDOW_S, World
from tiltyard.control.changes import Call, Changes
from tiltyard.control.errors import (
    EpochMovedError,
    KeyReusedError,
    LoadTimeoutError,
    PreconditionError,
    Reason,
    UnavailableError,
    UnknownNameError,
)
from tiltyard.control.overrides import Pending
from tiltyard.control.views import RouteView
from tiltyard.registry import Change, ModelState, set_champion, unload
from tiltyard.registry.step import Step


def swap_to(version: int) -> Any:
    return partial(set_champion, version=version, now=1_000.0, rollback_window_s=100.0)


def call(version: int | None, **terms: Any) -> Call:
    return Call("set_champion", "m", version, {**terms})  # type: ignore[typeddict-item]  # test


@pytest.fixture
def changes(world: World) -> Changes:
    return Changes(world.reconciler)


def test_a_change_is_recorded_and_in_force(world: World, changes: Changes) -> None:
    route = changes.make(call(2, actor="anna"), swap_to(2))
    assert (route.epoch, route.durable, route.repeated) == (2, True, False)
    assert route.champion is not None
    assert route.champion.version == 2
    assert world.recorded().champion == 2
    assert world.serving() == 2
    (event,) = world.registry.events(0, 9)[-1:]
    assert (event.kind, event.actor) == ("champion_set", "anna")
    assert world.reconciler.new_events.seq == event.seq


def test_the_same_call_again_changes_nothing(world: World, changes: Changes) -> None:
    first = changes.make(call(2, idempotency_key="k"), swap_to(2))
    changes.make(call(3), swap_to(3))
    again = changes.make(call(2, idempotency_key="k"), swap_to(2))
    assert (again.repeated, again.epoch) == (True, first.epoch)
    assert again.champion is not None
    assert again.champion.version == 2
    assert again.desired_differs == ()
    assert (world.serving(), world.recorded().epoch) == (3, 3)
    with pytest.raises(KeyReusedError):
        changes.make(call(1, idempotency_key="k"), swap_to(1))


def test_what_is_so_already_is_no_error_and_no_change(world: World, changes: Changes) -> None:
    route = changes.make(call(1, idempotency_key="k"), swap_to(1))
    assert (route.epoch, route.repeated) == (1, False)
    assert world.recorded().epoch == 1
    # And it stays nothing when it is sent again, whatever has happened meanwhile.
    changes.make(call(2), swap_to(2))
    again = changes.make(call(1, idempotency_key="k"), swap_to(1))
    assert (again.epoch, again.repeated) == (1, True)
    assert world.serving() == 2


def test_an_epoch_that_has_moved(world: World, changes: Changes) -> None:
    changes.make(call(2, expected_epoch=1, actor="anna"), swap_to(2))
    makes: list[Callable[[], RouteView]] = [
        lambda: changes.make(call(3, expected_epoch=1), swap_to(3)),
        lambda: changes.make_loaded(call(3, expected_epoch=1), 3, swap_to(3)),
        lambda: changes.make(call(2, expected_epoch=1), swap_to(2)),  # it is so already, but
    ]
    for make in makes:
        with pytest.raises(EpochMovedError) as caught:
            make()
        assert (caught.value.expected, caught.value.epoch_now) == (1, 2)
        assert [(one.kind, one.actor) for one in caught.value.changes] == [("champion_set", "anna")]
    assert world.serving() == 2


def test_what_another_gateway_did_counts_before_this_one_has_seen_it(
    world: World, changes: Changes
) -> None:
    with world.open_registry() as other:
        other.change("m", swap_to(2))
    with pytest.raises(EpochMovedError):
        changes.make_loaded(call(3, expected_epoch=1), 3, swap_to(3))
    route = changes.make_loaded(call(3, expected_epoch=2), 3, swap_to(3))
    assert (route.epoch, world.serving()) == (3, 3)


# ---- names


def test_names_that_are_unknown(world: World, changes: Changes) -> None:
    with pytest.raises(UnknownNameError, match="there is no model 'x'") as caught:
        changes.state("x")
    assert caught.value.reason is Reason.MODEL_NOT_FOUND
    with pytest.raises(UnknownNameError, match="'m' has no version 9; versions: 1, 2, 3"):
        changes.make_loaded(call(9), 9, swap_to(9))
    with pytest.raises(UnknownNameError):
        changes.make(Call("unload_version", "x", 1, {}), swap_to(1))
    assert "x" not in world.reconciler.states()


def test_a_version_that_was_published_a_moment_ago_is_found(world: World, changes: Changes) -> None:
    world.put("m", 4)
    route = changes.make_loaded(call(4), 4, swap_to(4))
    assert (route.epoch, world.serving()) == (2, 4)


def test_without_a_registry_nothing_is_changed(empty: World) -> None:
    empty.put("m", 1)
    empty.build()
    for refused in (
        lambda: Changes(empty.reconciler).state("m"),
        lambda: Changes(empty.reconciler).make(call(1), swap_to(1)),
    ):
        with pytest.raises(UnavailableError) as caught:
            refused()
        assert caught.value.reason is Reason.REGISTRY_UNAVAILABLE


# ---- loads


def test_a_version_that_cannot_be_loaded_changes_nothing(world: World, changes: Changes) -> None:
    world.loader.broken[("m", 4)] = "its bytes are odd"
    world.put("m", 4)
    with pytest.raises(PreconditionError, match="version 4 of m cannot be loaded: its bytes") as e:
        changes.make_loaded(call(4), 4, swap_to(4))
    assert e.value.reason is Reason.VERSION_FAILED
    assert (world.serving(), world.recorded().champion) == (1, 1)


def test_a_version_that_takes_too_long_changes_nothing(world: World, changes: Changes) -> None:
    world.loader.slow = {("m", 4)}
    world.put("m", 4)
    with pytest.raises(LoadTimeoutError, match="version 4 of m did not come up in time"):
        changes.make_loaded(call(4), 4, swap_to(4), timeout_s=0.01)
    assert (world.serving(), world.recorded().champion) == (1, 1)
    assert world.reconciler._held == {}


def test_what_was_unloaded_and_takes_too_long_is_given_up(world: World, changes: Changes) -> None:
    changes.make(Call("unload_version", "m", 3, {}), partial(unload, version=3, now=0.0))
    world.loader.slow = {("m", 3), ("m", 4)}
    world.put("m", 4)
    with pytest.raises(LoadTimeoutError) as caught:
        changes.make_loaded(call(3), 3, swap_to(3), timeout_s=0.01)
    assert caught.value.to_do == "It was given up: load it first, with `tiltyard load m 3`."
    assert ("m", 3) not in world.loader.wanted
    with pytest.raises(LoadTimeoutError) as caught:
        changes.make_loaded(call(4), 4, swap_to(4), timeout_s=0.01)
    assert "It goes on loading" in caught.value.to_do
    assert ("m", 4) in world.loader.wanted


def test_a_rollback_whose_version_takes_too_long_says_that_it_gave_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.control.set_champion("m", 2)
    world.pass_s(WINDOW_S)
    world.loader.slow = {("m", 1)}
    monkeypatch.setattr("tiltyard.control.changes.LOAD_TIMEOUT_S", 0.01)
    with pytest.raises(LoadTimeoutError) as caught:
        world.control.rollback("m")
    assert "It was given up" in caught.value.to_do
    assert (world.serving(), world.recorded().champion) == (2, 2)
    assert ("m", 1) not in world.loader.wanted


def test_a_version_that_was_unloaded_is_loaded_first(world: World, changes: Changes) -> None:
    changes.make(Call("unload_version", "m", 3, {}), partial(unload, version=3, now=0.0))
    assert ("m", 3) not in world.loader.wanted
    changes.make_loaded(call(3), 3, swap_to(3))
    assert (world.serving(), world.recorded().unloaded) == (3, frozenset())


def test_what_is_refused_is_refused_before_it_is_loaded(world: World, changes: Changes) -> None:
    world.put("m", 4)
    world.reconciler.look_at_store()

    def refuse(_: ModelState) -> Step:
        raise PreconditionError("not so", Reason.PRECONDITION)

    begun = list(world.loader.begun)
    with pytest.raises(PreconditionError):
        changes.make_loaded(call(4), 4, refuse)
    assert world.loader.begun == begun


def test_a_champion_that_did_not_load_is_tried_again_by_who_sets_it_again(
    world: World, changes: Changes
) -> None:
    """Nothing is to change in the registry, and yet something is to be done."""
    changes.make_loaded(call(2), 2, swap_to(2))
    world.loader.broken[("m", 2)] = "its bytes are odd"
    world.restart()
    assert world.serving() is None
    changes = Changes(world.reconciler)
    with pytest.raises(PreconditionError, match="its bytes are odd"):
        changes.make_loaded(call(2), 2, swap_to(2))
    del world.loader.broken[("m", 2)]
    assert changes.make_loaded(call(2), 2, swap_to(2)).epoch == 2
    assert world.serving() == 2


# ---- models that the registry does not know yet


def test_the_champion_of_a_model_whose_newest_version_still_loads(world: World) -> None:
    world.loader.slow = {("n", 2)}
    world.put("n", 1, 2)
    world.pass_s(10)
    assert (world.serving("n"), "n" in world.registry.models()) == (1, False)
    changes = Changes(world.reconciler)
    route = changes.make_loaded(Call("set_champion", "n", 1, {}), 1, swap_to(1))
    assert route.champion is not None
    assert (route.champion.version, world.serving("n")) == (1, 1)
    world.loader.come(("n", 2))
    world.pass_s(1)
    assert world.recorded("n").champion == 1
    assert world.recorded("n").versions == {1, 2}


def test_who_serves_stays_when_a_model_has_to_become_known(world: World) -> None:
    world.loader.slow = {("n", 3)}
    world.put("n", 1, 2, 3)
    world.pass_s(10)
    changes = Changes(world.reconciler)
    changes.make(Call("unload_version", "n", 1, {}), partial(unload, version=1, now=0.0))
    assert (world.recorded("n").champion, world.serving("n")) == (2, 2)
    assert world.recorded("n").unloaded == {1}


def test_a_model_of_which_nothing_is_loaded_cannot_be_changed(world: World) -> None:
    world.loader.broken[("n", 1)] = "its bytes are odd"
    world.put("n", 1)
    world.pass_s(10)
    changes = Changes(world.reconciler)
    with pytest.raises(PreconditionError, match="no version of n could be loaded yet") as caught:
        changes.make(Call("unload_version", "n", 1, {}), partial(unload, version=1, now=0.0))
    assert caught.value.reason is Reason.NO_CHAMPION


# ---- the registry fails


def test_a_locked_registry_refuses_and_nothing_is_changed(world: World, changes: Changes) -> None:
    with world.locked():
        with pytest.raises(UnavailableError, match="locked by another process") as caught:
            changes.make_loaded(call(2), 2, swap_to(2))
        assert caught.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert (world.serving(), world.recorded().epoch) == (1, 1)


def test_a_rollback_that_is_not_recorded_comes_before_any_change(
    world: World, changes: Changes
) -> None:
    """Else the change would be made to what was rolled back, and undo the rollback."""
    changes.make(call(2), swap_to(2))
    before = changes.state("m")

    def record() -> Change:
        return world.registry.change("m", swap_to(1))

    with world.locked():
        world.reconciler.hold(Pending(swap_to(1)(before)[0], record))
        assert world.serving() == 1
        with pytest.raises(UnavailableError, match="a rollback of m has to be recorded first"):
            changes.make(call(3), swap_to(3))
        assert world.serving() == 1
    changes.make(call(3), swap_to(3))
    state = world.recorded()
    assert (state.epoch, state.champion, state.previous) == (4, 3, 1)
    assert world.serving() == 3
