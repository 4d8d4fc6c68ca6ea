"""Rollbacks beside others' changes: made once, and undone by nobody who did something else."""

import threading
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from tests.unit.control.conftest import WINDOW_S, World
from tests.unit.control.test_rollbacks import canaries, champion
from tiltyard.control.errors import EpochMovedError, PreconditionError, Reason
from tiltyard.control.views import RouteView
from tiltyard.registry import (
    Change,
    Registry,
    Transition,
    promote,
    set_champion,
    start_challenge,
    update_challenge,
)

Meanwhile = Callable[[Transition], None]


@pytest.fixture
def meanwhile(swapped: World, monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """What bert changes, once a rollback has looked and before it is in force."""

    def later(transition: Transition) -> None:
        hold = swapped.reconciler.hold

        def hold_late(pending: Any) -> None:
            with swapped.open_registry() as other:
                other.change("m", transition, actor="bert")
            hold(pending)

        monkeypatch.setattr(swapped.reconciler, "hold", hold_late)

    return later


def test_the_reconciler_may_be_the_one_who_records_it(
    swapped: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is faster: the rollback is made once, and its caller is not told of a conflict."""
    hold = swapped.reconciler.hold

    def hold_and_look(pending: Any) -> None:
        hold(pending)
        swapped.reconciler.look()

    monkeypatch.setattr(swapped.reconciler, "hold", hold_and_look)
    route = swapped.control.rollback("m")
    assert (champion(route), route.epoch, route.durable) == (1, 3, True)
    assert swapped.recorded().epoch == 3


def test_somebody_who_was_faster_is_not_rolled_back(swapped: World) -> None:
    """Another gateway has set a third champion, which this one has not seen."""
    with swapped.open_registry() as other:
        other.change("m", partial(set_champion, version=3, now=0.0, rollback_window_s=WINDOW_S))
    with pytest.raises(PreconditionError, match="m was changed meanwhile"):
        swapped.control.rollback("m")
    assert (swapped.serving(), swapped.recorded().champion) == (3, 3)
    assert swapped.control.get_route("m")[0].durable


def test_who_expects_an_epoch_is_told_of_the_one_who_was_faster(
    swapped: World, meanwhile: Meanwhile
) -> None:
    meanwhile(partial(set_champion, version=3, now=0.0, rollback_window_s=WINDOW_S))
    with pytest.raises(EpochMovedError) as caught:
        swapped.control.rollback("m", expected_epoch=2)
    assert (caught.value.expected, caught.value.epoch_now) == (2, 3)
    assert [change.actor for change in caught.value.changes] == ["bert"]
    assert swapped.serving() == 3


def test_what_others_change_beside_it_does_not_undo_it(
    swapped: World, meanwhile: Meanwhile
) -> None:
    """A colleague starts a shadow at the same moment."""
    meanwhile(partial(start_challenge, version=3, mode="shadow", new_salt=bytes(16)))
    route = swapped.control.rollback("m")
    assert (champion(route), route.epoch, route.durable, canaries(route)) == (1, 4, True, [3])
    assert (swapped.serving(), swapped.recorded().champion) == (1, 1)


def test_nor_does_a_canary_that_grows_while_it_is_stopped(
    swapped: World, meanwhile: Meanwhile
) -> None:
    swapped.control.start_challenge("m", 3, "canary", share=Decimal(5))
    meanwhile(partial(update_challenge, version=3, share=Decimal(50)))
    route = swapped.control.rollback("m")
    assert (champion(route), canaries(route), route.durable) == (2, [], True)
    assert swapped.recorded().challengers == ()


def test_what_is_left_when_it_is_in_force_is_done_elsewhere(
    swapped: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a lower priority: what the registry takes is not in the way of the last bad run."""
    seen: list[tuple[int | None, int | None]] = []

    def finish(work: Callable[[], RouteView]) -> RouteView:
        seen.append((swapped.serving(), swapped.recorded().champion))
        return work()

    monkeypatch.setattr(swapped.control._rollbacks, "_finish", finish)
    assert champion(swapped.control.rollback("m")) == 1
    assert seen == [(1, 2)]
    assert swapped.recorded().champion == 1


def test_twice_without_saying_how_far_is_once(swapped: World) -> None:
    swapped.control.rollback("m", actor="anna")
    with pytest.raises(PreconditionError, match="m is rolled back already") as caught:
        swapped.control.rollback("m", actor="bert")
    assert caught.value.reason is Reason.ROLLED_BACK
    assert swapped.serving() == 1


def test_recorded_late_it_was_made_when_it_was_made(swapped: World) -> None:
    with swapped.locked():
        at = swapped.now
        swapped.control.rollback("m")
        swapped.pass_s(10)
        (route,) = swapped.control.get_route("m")
        assert route.champion is not None
        assert route.champion.since_unix_s == at
    swapped.pass_s(1)
    (route,) = swapped.control.get_route("m")
    assert route.champion is not None
    assert route.champion.since_unix_s == at
    assert swapped.registry.events(0, 99)[-1].ts == at


def test_one_that_is_let_go_is_told(swapped: World) -> None:
    told: list[Any] = []
    swapped.reconciler.desired.overrides.on_refused = told.append
    with swapped.locked():
        assert not swapped.control.rollback("m").durable
    with swapped.open_registry() as other:
        other.change("m", partial(set_champion, version=3, now=0.0, rollback_window_s=WINDOW_S))
    swapped.pass_s(1)
    assert swapped.serving() == 3
    (pending,) = told
    assert "version 2 serves no more, the champion is version 3" in str(pending.refused)


def test_a_canary_that_was_promoted_meanwhile_is_told(swapped: World, meanwhile: Meanwhile) -> None:
    swapped.control.start_challenge("m", 3, "canary", share=Decimal(5))
    meanwhile(partial(promote, version=3, now=0.0, rollback_window_s=WINDOW_S))
    with pytest.raises(PreconditionError, match="canary 3 was promoted: roll back to previous"):
        swapped.control.rollback("m")
    assert swapped.serving() == 3


def test_who_was_made_champion_while_the_version_was_loaded_serves_on(
    swapped: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The version to go back to was unloaded, and a colleague is done before it is up."""
    swapped.now += WINDOW_S + 1
    swapped.control.unload_version("m", 1)
    load = swapped.reconciler.load
    served: list[Any] = []

    def load_long(*args: Any) -> str:
        monkeypatch.setattr(swapped.reconciler, "load", load)
        reason = load(*args)
        swapped.control.set_champion("m", 3)
        return reason

    monkeypatch.setattr(swapped.reconciler, "load", load_long)
    monkeypatch.setattr(swapped.reconciler, "hold", served.append)
    with pytest.raises(PreconditionError, match="version 2 serves no more"):
        swapped.control.rollback("m")
    assert (swapped.serving(), served) == (3, [])


def test_two_at_once_roll_back_once(swapped: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have looked before either has acted: it must not be back and forth again."""
    both = threading.Barrier(2)
    inner = swapped.reconciler.hold

    def meet(pending: Any) -> None:
        both.wait(60)
        inner(pending)

    monkeypatch.setattr(swapped.reconciler, "hold", meet)
    told: list[object] = []

    def roll_back() -> None:
        try:
            told.append(champion(swapped.control.rollback("m")))
        except PreconditionError as error:
            told.append(error.reason)

    threads = [threading.Thread(target=roll_back) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, told)) == ["1", "PRECONDITION"]
    assert (swapped.serving(), swapped.recorded().epoch) == (1, 3)


def test_no_lock_is_taken_that_is_held_while_the_registry_is_asked(
    swapped: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change hangs in the registry, on a thread at nice 19: the swap does not wait for it."""
    asked, release = threading.Event(), threading.Event()
    inner = Registry.change

    def hang(registry: Registry, name: str, *args: Any, **kwargs: Any) -> Change:
        if threading.current_thread() is changing:
            asked.set()
            assert release.wait(60)
        else:
            assert swapped.serving() == 1
        return inner(registry, name, *args, **kwargs)

    monkeypatch.setattr(Registry, "change", hang)
    changing = threading.Thread(target=partial(swapped.control.unload_version, "m", 3))
    changing.start()
    assert asked.wait(60)
    assert champion(swapped.control.rollback("m")) == 1
    release.set()
    changing.join()
    assert swapped.recorded().unloaded == {3}
    assert swapped.serving() == 1
