"""A rollback is in force before anything else is asked, and stays so."""

from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from tests.unit.control.conftest import WINDOW_S, World
from tiltyard.control.errors import (
    EpochMovedError,
    KeyReusedError,
    PreconditionError,
    Reason,
    UnavailableError,
    UnknownNameError,
)
from tiltyard.control.views import RouteView
from tiltyard.registry import (
    Change,
    Registry,
    RegistryUnavailableError,
    set_champion,
)


def champion(route: RouteView) -> int | None:
    return route.champion.version if route.champion is not None else None


def canaries(route: RouteView) -> list[int]:
    return [slot.version for slot in route.challengers]


def test_the_previous_champion_is_back(swapped: World) -> None:
    route = swapped.control.rollback("m", actor="anna")
    assert (champion(route), route.epoch, route.durable) == (1, 3, True)
    assert (swapped.serving(), swapped.recorded().champion) == (1, 1)
    (event,) = swapped.registry.events(0, 99)[-1:]
    assert (event.kind, event.actor, event.data["warm"]) == ("rolled_back", "anna", True)


def test_canaries_are_stopped_and_the_champion_stays(swapped: World) -> None:
    swapped.control.start_challenge("m", 3, "canary", share=Decimal(50))
    route = swapped.control.rollback("m")
    assert (champion(route), canaries(route), swapped.serving()) == (2, [], 2)
    with pytest.raises(PreconditionError) as caught:
        swapped.control.rollback("m", "champion")
    assert caught.value.reason is Reason.NO_CHALLENGER


def test_without_a_previous_one_there_is_nothing_to_go_back_to(world: World) -> None:
    with pytest.raises(PreconditionError) as caught:
        world.control.rollback("m")
    assert caught.value.reason is Reason.NO_PREVIOUS
    with pytest.raises(UnknownNameError):
        world.control.rollback("x")
    assert world.reconciler.desired.overrides.states() == {}


def test_the_engine_comes_first(swapped: World, monkeypatch: pytest.MonkeyPatch) -> None:
    inner, seen = Registry.change, []

    def change(registry: Registry, *args: Any, **kwargs: Any) -> Change:
        seen.append(swapped.serving())
        return inner(registry, *args, **kwargs)

    monkeypatch.setattr(Registry, "change", change)
    tables = len(swapped.engine.published)
    swapped.control.rollback("m")
    assert seen == [1]
    # What was recorded is what was in force: one swap, and the counters of its epoch go on.
    assert len(swapped.engine.published) == tables + 1


def test_a_locked_registry_does_not_hold_it_up(swapped: World) -> None:
    with swapped.locked():
        route = swapped.control.rollback("m")
        assert (champion(route), route.epoch, route.durable) == (1, 3, False)
        assert swapped.serving() == 1
        swapped.pass_s(10)  # the reconciler does not undo it
        (route,) = swapped.control.get_route("m")
        assert (champion(route), route.durable, swapped.serving()) == (1, False, 1)
        assert any("in force and not recorded yet" in text for text in route.desired_differs)
        assert swapped.recorded().champion == 2
        tables = len(swapped.engine.published)
    swapped.pass_s(1)
    (route,) = swapped.control.get_route("m")
    assert (champion(route), route.epoch, route.durable) == (1, 3, True)
    assert route.desired_differs == ()
    assert swapped.recorded().champion == 1
    assert swapped.recorded().previous_until == swapped.now - 11 + WINDOW_S  # of then
    assert len(swapped.engine.published) == tables
    assert swapped.kinds()[-1] == "rolled_back"


def test_it_is_lost_with_the_process_as_it_said(swapped: World) -> None:
    with swapped.locked():
        assert not swapped.control.rollback("m").durable
    swapped.restart()
    assert swapped.serving() == 2


def test_two_in_a_row_that_cannot_be_recorded_are_both_kept(swapped: World) -> None:
    """The first stops a canary, the second goes back: recorded alone it would void both."""
    swapped.control.start_challenge("m", 3, "canary", share=Decimal(50))
    with swapped.locked():
        first = swapped.control.rollback("m")
        second = swapped.control.rollback("m", "previous")
        assert (canaries(first), champion(first), champion(second)) == ([], 2, 1)
        swapped.pass_s(10)
        assert swapped.serving() == 1
    swapped.pass_s(1)
    state = swapped.recorded()
    assert (state.champion, state.challengers, state.epoch) == (1, (), 5)
    assert swapped.kinds()[-2:] == ["rolled_back", "rolled_back"]
    assert swapped.serving() == 1


# ---- the same call again


def test_a_repeated_key_does_nothing_twice(swapped: World) -> None:
    first = swapped.control.rollback("m", idempotency_key="k")
    again = swapped.control.rollback("m", idempotency_key="k")
    assert (first.repeated, again.repeated) == (False, True)
    assert (champion(again), again.epoch, swapped.serving()) == (1, 3, 1)
    with pytest.raises(KeyReusedError):
        swapped.control.rollback("m", "previous", idempotency_key="k")
    assert swapped.serving() == 1


def test_nor_while_the_first_is_not_recorded(swapped: World) -> None:
    """An operator who is told durable=false sends it again: it must not swap back."""
    with swapped.locked():
        swapped.control.rollback("m", idempotency_key="k")
        again = swapped.control.rollback("m", idempotency_key="k")
        assert (again.repeated, again.durable, champion(again)) == (True, False, 1)
        assert swapped.serving() == 1
        with pytest.raises(KeyReusedError):
            swapped.control.rollback("m", "previous", idempotency_key="k")
    swapped.pass_s(1)
    assert swapped.control.rollback("m", idempotency_key="k").repeated
    assert (swapped.serving(), swapped.recorded().epoch) == (1, 3)


def test_a_registry_that_cannot_be_asked_whether_it_is_the_same_call(
    swapped: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = []

    def fail(_: Registry, *_args: Any, wait: bool = True) -> None:
        waits.append(wait)
        raise RegistryUnavailableError("it is locked", "try again", "LOCKED")

    monkeypatch.setattr(Registry, "find_reply", fail)
    assert champion(swapped.control.rollback("m", idempotency_key="k")) == 1
    assert waits == [False]  # not for two seconds, with the wrong version serving


# ---- epochs


def test_the_epoch_that_is_expected(swapped: World) -> None:
    with pytest.raises(EpochMovedError) as caught:
        swapped.control.rollback("m", expected_epoch=1)
    assert (caught.value.epoch_now, len(caught.value.changes)) == (2, 1)
    assert swapped.serving() == 2
    assert swapped.control.rollback("m", expected_epoch=2).epoch == 3


def test_an_epoch_that_this_gateway_has_not_seen_yet(swapped: World) -> None:
    with swapped.open_registry() as other:
        other.change("m", partial(set_champion, version=3, now=0.0, rollback_window_s=WINDOW_S))
    route = swapped.control.rollback("m", expected_epoch=3)
    assert (champion(route), route.epoch, swapped.serving()) == (2, 4, 2)


def test_epochs_while_the_registry_cannot_be_read(
    swapped: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Registry, *_args: Any, wait: bool = True) -> None:
        assert not wait
        raise RegistryUnavailableError("it is locked", "try again", "LOCKED")

    monkeypatch.setattr(Registry, "require_epoch", fail)
    with pytest.raises(EpochMovedError) as caught:
        swapped.control.rollback("m", expected_epoch=1)
    assert (caught.value.expected, caught.value.epoch_now) == (1, 2)
    with pytest.raises(UnavailableError):
        swapped.control.rollback("m", expected_epoch=7)
    assert swapped.serving() == 2
    assert champion(swapped.control.rollback("m", expected_epoch=2)) == 1


# ---- what comes back is not in memory


def test_a_previous_version_that_was_unloaded_is_loaded_first(swapped: World) -> None:
    swapped.now += WINDOW_S + 1
    swapped.control.unload_version("m", 1)
    assert swapped.reconciler.report().find("m", 1) is None
    route = swapped.control.rollback("m")
    assert (champion(route), swapped.serving(), swapped.recorded().champion) == (1, 1, 1)
    assert swapped.reconciler._held == {}


def test_a_previous_version_that_cannot_be_loaded_changes_nothing(swapped: World) -> None:
    swapped.now += WINDOW_S + 1
    swapped.control.unload_version("m", 1)
    swapped.loader.broken[("m", 1)] = "its bytes are odd"
    with pytest.raises(PreconditionError) as caught:
        swapped.control.rollback("m")
    assert caught.value.reason is Reason.VERSION_FAILED
    swapped.pass_s(1)
    assert (swapped.serving(), swapped.recorded().champion) == (2, 2)
    assert swapped.control.get_route("m")[0].durable


def test_a_champion_that_cannot_be_loaded_at_a_restart_is_rolled_back(swapped: World) -> None:
    swapped.loader.broken[("m", 2)] = "its bytes are odd"
    swapped.restart()
    assert swapped.serving() is None
    assert champion(swapped.control.rollback("m")) == 1
    assert swapped.serving() == 1
