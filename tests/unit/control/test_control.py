"""What operators can do, each method with what it promises; see changes and rollbacks for how."""

import threading
from decimal import Decimal
from functools import partial

import pytest

from tests.unit.control.conftest import WINDOW_S, World
from tiltyard.control.errors import (
    ArgumentError,
    EpochMovedError,
    KeyReusedError,
    LoadTimeoutError,
    PreconditionError,
    Reason,
    UnavailableError,
    UnknownNameError,
)
from tiltyard.control.views import OutputRule, RouteView, Share
from tiltyard.registry import (
    start_challenge,
    stop_challenge,
)


def told(route: RouteView) -> tuple[int, int | None, list[int], int | None]:
    """Epoch, champion, challengers, previous."""
    return (
        route.epoch,
        route.champion.version if route.champion else None,
        [slot.version for slot in route.challengers],
        route.previous.version if route.previous else None,
    )


# ---- slots


def test_the_story(world: World) -> None:
    control = world.control
    assert told(control.set_champion("m", 2)) == (2, 2, [], 1)
    route = control.start_challenge("m", 3, "canary", share=Decimal(5), split="key")
    assert told(route) == (3, 2, [3], 1)
    assert (route.split, len(route.salt_hex)) == ("key", 32)
    assert route.challengers[0].share == Share(3276)
    assert [canary.version for canary in world.rollout().canaries] == [3]
    route = control.update_challenge("m", 3, share=Decimal(50))
    assert route.challengers[0].share == Share(32768)
    assert told(control.promote("m")) == (5, 3, [], 2)
    assert told(control.rollback("m")) == (6, 2, [], 3)
    assert world.serving() == 2
    assert world.kinds()[-5:] == [
        "champion_set",
        "challenge_started",
        "challenge_updated",
        "promoted",
        "rolled_back",
    ]


def test_a_challenge_is_stopped(world: World) -> None:
    world.control.start_challenge("m", 2, "canary", share=Decimal(5))
    world.control.start_challenge("m", 3, "shadow", sample=Decimal(10))
    assert told(world.control.stop_challenge("m", 2)) == (4, 1, [3], None)
    with pytest.raises(UnknownNameError) as caught:
        world.control.stop_challenge("m", 2)
    assert caught.value.reason is Reason.CHALLENGER_NOT_FOUND
    with pytest.raises(UnknownNameError):
        world.control.update_challenge("m", 2, share=Decimal(1))


def test_what_is_asked_wrongly_is_refused(world: World) -> None:
    with pytest.raises(ArgumentError) as missing:
        world.control.start_challenge("m", 2, "canary")
    assert missing.value.field == "share"
    world.control.start_challenge("m", 2, "canary", share=Decimal(60))
    with pytest.raises(PreconditionError) as exceeded:
        world.control.start_challenge("m", 3, "canary", share=Decimal(60))
    assert exceeded.value.reason is Reason.SHARES_EXCEEDED


def test_how_outputs_are_compared_is_checked_and_passed_on(world: World) -> None:
    within = OutputRule("y", "tolerance", 0.5, 0.01)
    with pytest.raises(ArgumentError) as unknown:
        world.control.start_challenge("m", 2, "shadow", compare=[OutputRule("z", "label")])
    assert str(unknown.value) == "version 2 of m has no output 'z' to compare (it has y)"
    assert unknown.value.field == "compare"
    assert world.kinds()[-1] == "version_added"  # nothing is recorded
    route = world.control.start_challenge("m", 2, "shadow", compare=[within])
    assert route.challengers[0].compare == (within,)
    assert [found[3] for found in world.rollout().shadows] == [[("y", "tolerance", 0.5, 0.01)]]
    route = world.control.update_challenge("m", 2, sample=Decimal(5))
    assert route.challengers[0].compare == (within,)
    with pytest.raises(ArgumentError, match="no output 'z'"):
        world.control.update_challenge("m", 2, compare=[OutputRule("z", "label")])
    with pytest.raises(ArgumentError, match="an atol of -1 was given") as negative:
        world.control.update_challenge("m", 2, compare=[OutputRule("y", "tolerance", -1.0)])
    assert negative.value.field == "compare"
    route = world.control.update_challenge("m", 2, compare=[OutputRule("y", "label")])
    assert route.challengers[0].compare == (OutputRule("y", "label"),)
    assert world.control.update_challenge("m", 2, compare=[]).challengers[0].compare == ()
    with pytest.raises(ArgumentError) as canary:
        world.control.start_challenge("m", 3, "canary", share=Decimal(5), compare=[within])
    assert canary.value.field == "compare"


def test_other_rules_are_another_call(world: World) -> None:
    begin = partial(world.control.start_challenge, "m", 2, "shadow", idempotency_key="k")
    begin(compare=[OutputRule("y", "label")])
    assert begin(compare=[OutputRule("y", "label")]).repeated
    with pytest.raises(KeyReusedError):
        begin(compare=[OutputRule("y", "argmax")])


def test_which_challenger_is_promoted(world: World) -> None:
    with pytest.raises(PreconditionError) as none:
        world.control.promote("m")
    assert none.value.reason is Reason.NO_CHALLENGER
    for version in (2, 3):
        world.control.start_challenge("m", version, "canary", share=Decimal(5))
    with pytest.raises(PreconditionError) as several:
        world.control.promote("m")
    assert several.value.reason is Reason.SEVERAL_CHALLENGERS
    assert told(world.control.promote("m", 3)) == (4, 3, [2], 1)


def test_a_promotion_that_is_sent_again_is_not_made_again(world: World) -> None:
    """When it is, nothing challenges any more, so that "the only challenger" is nobody."""
    world.control.start_challenge("m", 2, "canary", share=Decimal(5))
    first = world.control.promote("m", idempotency_key="k")
    again = world.control.promote("m", idempotency_key="k")
    assert (first.repeated, again.repeated) == (False, True)
    assert told(again) == told(first) == (3, 2, [], 1)
    world.control.start_challenge("m", 3, "canary", share=Decimal(5))
    assert world.control.promote("m", idempotency_key="k").repeated
    assert world.serving() == 2


def test_the_only_challenger_is_the_one_that_was_seen(world: World) -> None:
    """Another gateway has put another in its place, which was not meant."""
    world.control.start_challenge("m", 2, "canary", share=Decimal(5))
    begin = partial(start_challenge, version=3, mode="canary", share=5, new_salt=bytes(16))
    with world.open_registry() as other:
        other.change("m", partial(stop_challenge, version=2, now=0.0, rollback_window_s=1.0))
        other.change("m", begin)
    with pytest.raises(PreconditionError, match="cannot promote version 2") as caught:
        world.control.promote("m")
    assert caught.value.reason is Reason.NO_CHALLENGER
    assert world.recorded().champion == 1


def test_one_request_however_its_percents_are_written(world: World) -> None:
    world.control.start_challenge("m", 2, "canary", share=Decimal(5), idempotency_key="k")
    again = world.control.start_challenge(
        "m", 2, "canary", share=Decimal("5.00"), idempotency_key="k"
    )
    assert again.repeated
    with pytest.raises(KeyReusedError):
        world.control.start_challenge("m", 2, "canary", share=Decimal(6), idempotency_key="k")


def test_two_operators(world: World) -> None:
    """One wins, and the other is told the new epoch and what changed."""
    begin, told_second = threading.Barrier(2), []

    def swap(version: int) -> None:
        begin.wait(60)
        try:
            world.control.set_champion("m", version, expected_epoch=1, actor=f"to {version}")
        except (EpochMovedError, UnavailableError) as error:
            told_second.append(error)

    threads = [threading.Thread(target=swap, args=(version,)) for version in (2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (error,) = told_second
    assert world.recorded().epoch == 2
    assert world.serving() == world.recorded().champion
    if isinstance(error, EpochMovedError):  # else they met in the registry, which waits 0 s here
        assert error.epoch_now == 2
        assert [change.actor for change in error.changes] == [f"to {world.serving()}"]


# ---- memory


def test_a_version_is_unloaded_and_loaded_again(world: World) -> None:
    world.control.unload_version("m", 3)
    assert [one.version for one in world.engine.last.versions] == [2, 1]
    again = world.control.unload_version("m", 3)  # it is so already
    assert (again.epoch, world.recorded().unloaded) == (2, frozenset([3]))
    assert world.control.load_version("m", 3).epoch == 3
    assert world.reconciler.report().find("m", 3) is not None
    assert world.control.load_version("m", 3).epoch == 3


def test_what_is_in_a_slot_stays_in_memory(world: World) -> None:
    world.control.set_champion("m", 2)
    world.control.start_challenge("m", 3, "canary", share=Decimal(5))
    for version in (1, 2, 3):
        with pytest.raises(PreconditionError) as caught:
            world.control.unload_version("m", version)
        assert caught.value.reason is Reason.VERSION_IN_SLOT
    world.now += WINDOW_S + 1
    world.control.unload_version("m", 1)


def test_a_version_that_failed_is_loaded_by_hand(world: World) -> None:
    world.loader.broken[("m", 4)] = "its bytes are odd"
    world.put("m", 4)
    with pytest.raises(PreconditionError, match="its bytes are odd") as caught:
        world.control.load_version("m", 4)
    assert caught.value.reason is Reason.VERSION_FAILED
    del world.loader.broken[("m", 4)]
    assert world.control.load_version("m", 4).epoch == 1
    assert world.control.get_model("m").versions[-1].state == "ready"


def test_a_load_that_takes_too_long_goes_on(world: World) -> None:
    world.control.unload_version("m", 3)
    world.loader.slow = {("m", 3)}
    with pytest.raises(LoadTimeoutError, match="version 3 of m did not come up in time") as caught:
        world.control.load_version("m", 3, timeout_s=0.01)
    assert "It goes on loading" in caught.value.to_do
    assert world.recorded().unloaded == frozenset()
    world.loader.come(("m", 3))
    assert world.control.get_model("m").versions[-1].state == "ready"


def test_what_nothing_used_for_the_window_says_so_and_comes_back(world: World) -> None:
    world.control.set_champion("m", 2)
    warm, *_ = world.control.get_model("m").versions
    assert (warm.state, warm.wanted) == ("ready", True)
    assert warm.kept_until_unix_s == world.now + WINDOW_S
    world.pass_s(WINDOW_S)
    gone, *others = world.control.get_model("m").versions
    assert (gone.state, gone.wanted) == ("stored", False)
    assert "because nothing used it for the rollback window" in gone.reason
    assert [view.state for view in others] == ["ready", "ready"]
    (route,) = world.control.get_route("m")
    assert route.previous is not None
    assert (route.previous.state, route.previous.reason) == ("stored", gone.reason)
    assert route.desired_differs == ()
    back = world.control.load_version("m", 1)
    assert back.previous is not None
    assert (back.previous.state, back.previous.until_unix_s) == ("ready", None)


def test_a_load_within_the_window_is_for_good(world: World) -> None:
    world.control.set_champion("m", 2)
    epoch = world.control.load_version("m", 1).epoch
    assert epoch == 3
    assert world.control.load_version("m", 1).epoch == epoch
    world.pass_s(10 * WINDOW_S)
    assert world.control.get_model("m").versions[0].state == "ready"


def test_the_terms_of_a_load_are_kept(world: World) -> None:
    with pytest.raises(EpochMovedError):
        world.control.load_version("m", 3, expected_epoch=7)
    world.control.unload_version("m", 3)
    world.control.load_version("m", 3, idempotency_key="k")
    world.control.unload_version("m", 3)
    assert world.control.load_version("m", 3, idempotency_key="k").repeated
    assert world.recorded().unloaded == {3}


# ---- reading


def test_models_by_name(world: World) -> None:
    world.loader.broken[("a", 1)] = "its bytes are odd"
    world.put("a", 1)
    world.pass_s(10)
    first, second = world.control.list_models()
    assert (first.model, first.epoch, first.champion) == ("a", 0, None)
    assert (first.versions[0].state, first.versions[0].reason) == ("failed", "its bytes are odd")
    assert second == world.control.get_model("m")
    assert [version.version for version in second.versions] == [1, 2, 3]
    with pytest.raises(UnknownNameError):
        world.control.get_model("x")


def test_routes_by_name(world: World) -> None:
    world.put("a", 1)
    world.pass_s(10)
    world.pass_s(1)
    assert [route.model for route in world.control.get_route()] == ["a", "m"]
    assert [told(route) for route in world.control.get_route("m")] == [(1, 1, [], None)]
    with pytest.raises(UnknownNameError):
        world.control.get_route("x")


def test_statistics_of_one_model_or_all(world: World) -> None:
    world.put("a", 1)
    world.pass_s(10)
    world.pass_s(1)
    assert [(row.model, row.role) for row in world.control.get_statistics()] == [
        ("a", "champion"),
        ("m", "champion"),
    ]
    assert [row.model for row in world.control.get_statistics("m")] == ["m"]
    with pytest.raises(UnknownNameError):
        world.control.get_statistics("x")


# ---- events


def test_events_up_to_now(world: World) -> None:
    world.control.set_champion("m", 2)
    found = list(world.control.watch(0, follow=False, stop=lambda: False))
    assert [event.seq for event in found] == list(range(1, world.registry.last_seq() + 1))
    assert found[-1].kind == "champion_set"
    assert list(world.control.watch(found[-2].seq, follow=False, stop=lambda: False)) == found[-1:]
    assert list(world.control.watch(0, "m", follow=False, stop=lambda: False)) == found
    with pytest.raises(UnknownNameError):
        world.control.watch(0, "x", stop=lambda: False)


def test_events_of_one_model(world: World) -> None:
    world.put("n", 1)
    world.pass_s(10)
    world.pass_s(1)
    world.control.set_champion("m", 2)
    of_n = list(world.control.watch(0, "n", follow=False, stop=lambda: False))
    assert [(event.model, event.kind) for event in of_n] == [("n", "model_added")]


def test_events_from_the_moment_of_the_call(world: World) -> None:
    """What happens between the call and the first look at it is not lost."""
    stopped = threading.Event()
    events = world.control.watch(None, stop=stopped.is_set)
    world.control.set_champion("m", 2)
    assert next(events).kind == "champion_set"
    waiting = threading.Thread(target=lambda: stopped.set() if next(events).epoch == 3 else None)
    waiting.start()
    world.control.set_champion("m", 3)
    waiting.join()
    assert stopped.is_set()
    assert list(events) == []


def test_more_events_than_are_read_at_once(world: World) -> None:
    for version in (2, 3) * 60:
        world.control.set_champion("m", version)
    found = list(world.control.watch(0, follow=False, stop=lambda: False))
    assert [event.seq for event in found] == list(range(1, world.registry.last_seq() + 1))


def test_draining(world: World) -> None:
    world.control.drain(actor="anna")
    assert world.drained == ["anna"]
