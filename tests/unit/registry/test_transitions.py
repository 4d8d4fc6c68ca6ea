from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.unit.registry.walks import START
from tiltyard.registry import (
    ModelState,
    NothingToChangeError,
    RefusedChangeError,
    RollbackTo,
    TransitionError,
    UnknownVersionError,
    load,
    promote,
    rollback,
    set_champion,
    start_challenge,
    unload,
)
from tiltyard.registry.step import Step

NOW, WINDOW_S = 1000.0, 60.0


def canary(state: ModelState, version: int, share: int) -> ModelState:
    return start_challenge(state, version, mode="canary", share=share, new_salt=bytes(16))[0]


def shadow(state: ModelState, version: int) -> ModelState:
    return start_challenge(state, version, mode="shadow", new_salt=bytes(16))[0]


def swapped(state: ModelState, version: int) -> ModelState:
    return set_champion(state, version, now=NOW, rollback_window_s=WINDOW_S)[0]


def rolled_back(state: ModelState, to: RollbackTo | None = None, now: float = NOW) -> Step:
    return rollback(state, to, now=now, rollback_window_s=WINDOW_S)


def test_a_hot_swap_keeps_the_old_champion_warm() -> None:
    after, event = set_champion(START, 3, now=NOW, rollback_window_s=WINDOW_S)
    assert (after.champion, after.previous, after.previous_until) == (3, 1, NOW + WINDOW_S)
    assert event.kind == "champion_set"
    assert event.text == "champion of w1 set to 3 (was 1)"


def test_a_swap_leaves_challenges_alone() -> None:
    before = canary(START, 2, 5)
    after = swapped(before, 3)
    assert after.challengers == before.challengers
    assert after.salt == before.salt


def test_the_first_champion_has_no_previous() -> None:
    after = swapped(replace(START, champion=None), 2)
    assert (after.champion, after.previous, after.previous_until) == (2, None, None)


def test_a_canary_that_is_promoted_gives_its_buckets_to_itself_as_the_champion() -> None:
    before = canary(canary(START, 2, 50), 3, 10)
    after, event = promote(before, 2, now=NOW, rollback_window_s=WINDOW_S)
    assert (after.champion, after.previous, after.previous_until) == (2, 1, NOW + WINDOW_S)
    assert after.challengers == before.challengers[1:]
    assert after.salt == before.salt
    assert event.data["buckets"] == before.challengers[0].buckets
    assert event.text == "version 2 of w1 promoted from canary to champion (was 1)"


def test_the_last_promotion_ends_the_rollout() -> None:
    after, _ = promote(shadow(START, 2), None, now=NOW, rollback_window_s=WINDOW_S)
    assert (after.champion, after.challengers, after.salt) == (2, (), b"")


def test_a_rollback_stops_the_canaries_if_there_are_any() -> None:
    before = shadow(canary(canary(swapped(START, 5), 2, 50), 3, 0), 4)
    after, event = rolled_back(before)
    assert (after.champion, after.previous) == (5, 1)
    assert after.challengers == before.challengers[2:]
    assert event.data == {"stopped": [2, 3], "restored": None}
    assert event.text == "w1 rolled back: versions 2 and 3 stopped"


def test_a_rollback_without_canaries_brings_the_previous_champion_back() -> None:
    after, event = rolled_back(shadow(swapped(START, 5), 4))
    assert (after.champion, after.previous, after.previous_until) == (1, 5, NOW + WINDOW_S)
    assert [entry.version for entry in after.challengers] == [4]
    assert (event.data["restored"], event.data["warm"]) == (1, True)
    assert event.text == "w1 rolled back: champion 1 restored (was 5)"
    assert rolled_back(after, "previous")[0].champion == 5


@pytest.mark.parametrize(
    "begin", [lambda: swapped(START, 5), lambda: canary(swapped(START, 5), 2, 5)]
)
def test_a_rollback_is_not_rolled_back_unless_it_is_asked_for(
    begin: Callable[[], ModelState],
) -> None:
    """Two operators, or one who presses twice: the bad version must not be back."""
    after, _ = rolled_back(begin())
    with pytest.raises(RefusedChangeError, match="rolled back already, and version") as caught:
        rolled_back(after)
    assert caught.value.reason == "ROLLED_BACK"
    assert rolled_back(after, "previous")[0].champion == after.previous
    # What is done anew can be rolled back anew.
    assert rolled_back(canary(after, 3, 5))[0].champion == after.champion
    assert rolled_back(swapped(after, 3))[0].champion == after.champion


def test_one_rollback_can_do_both() -> None:
    after, event = rolled_back(canary(swapped(START, 5), 2, 5), "previous")
    assert (after.champion, after.previous, after.challengers) == (1, 5, ())
    assert event.text == "w1 rolled back: version 2 stopped, champion 1 restored (was 5)"


def test_a_rollback_to_the_champion_keeps_the_champion() -> None:
    after, event = rolled_back(canary(swapped(START, 5), 2, 5), "champion")
    assert (after.champion, after.previous) == (5, 1)
    assert event.version == 5


@pytest.mark.parametrize("challenge", [lambda state: canary(state, 1, 5), lambda s: shadow(s, 1)])
def test_a_previous_that_challenges_comes_back_as_the_champion_only(
    challenge: Callable[[ModelState], ModelState],
) -> None:
    after, event = rolled_back(challenge(swapped(START, 5)), "previous")
    assert (after.champion, after.challengers) == (1, ())
    assert event.data["stopped"] == [1]


def test_a_previous_that_is_cold_can_still_come_back() -> None:
    later = NOW + WINDOW_S
    before, _ = unload(swapped(START, 5), 1, now=later)
    after, event = rolled_back(before, now=later)
    assert (after.champion, after.unloaded) == (1, frozenset())
    assert event.data["warm"] is False


def test_what_is_unloaded_can_be_loaded_and_is_when_it_is_needed() -> None:
    out, event = unload(START, 3, now=NOW)
    assert out.unloaded == {3}
    assert event.text == "version 3 of w1 to be unloaded"
    back, event = load(out, 3)
    assert back.unloaded == frozenset()
    assert event.text == "version 3 of w1 to be loaded again"
    assert swapped(out, 3).unloaded == frozenset()
    assert canary(out, 3, 5).unloaded == frozenset()


def test_what_leaves_its_slot_is_kept_for_the_window_until_it_is_in_one_again() -> None:
    before = canary(shadow(START, 2), 3, 5)
    assert before.kept == ()
    out, _ = rolled_back(before)
    assert out.kept == ((3, NOW + WINDOW_S),)
    out = promote(out, 2, now=NOW + 5, rollback_window_s=WINDOW_S)[0]
    assert out.kept == ((1, NOW + 5 + WINDOW_S), (3, NOW + WINDOW_S))
    assert out.previous_until == NOW + 5 + WINDOW_S
    back, _ = rolled_back(out, now=NOW + 500)
    assert back.kept == ((2, NOW + 500 + WINDOW_S), (3, NOW + WINDOW_S))
    assert canary(back, 3, 1).kept == ((2, NOW + 500 + WINDOW_S),)


def test_what_is_loaded_is_kept_until_it_is_unloaded_or_has_left_a_slot_again() -> None:
    left = swapped(START, 2)
    loaded, event = load(left, 1)
    assert (loaded.kept, loaded.previous_until, loaded.previous) == ((), None, 1)
    assert event.kind == "version_loaded"
    with pytest.raises(NothingToChangeError):
        load(loaded, 1)
    assert unload(loaded, 1, now=NOW)[0].unloaded == {1}
    assert rolled_back(loaded, now=NOW + 500)[1].data["warm"]
    assert swapped(swapped(loaded, 1), 3).kept_until(1) == NOW + WINDOW_S


def test_what_is_kept_no_more_can_be_unloaded_for_good() -> None:
    out, _ = unload(swapped(START, 2), 1, now=NOW + WINDOW_S)
    assert (out.kept, out.unloaded) == ((), frozenset([1]))


MOVES = {"now": NOW, "rollback_window_s": WINDOW_S}


@pytest.mark.parametrize(
    ("kind", "refused", "sentence"),
    [
        (
            UnknownVersionError,
            lambda: set_champion(START, 9, **MOVES),
            r"w1 has no version 9 \(it has 1, 2, 3, 4 and 5\): take one that it has, or publish",
        ),
        (
            NothingToChangeError,
            lambda: set_champion(START, 1, **MOVES),
            "version 1 is the champion of w1 already: nothing has to be done",
        ),
        (
            RefusedChangeError,
            lambda: set_champion(canary(START, 2, 5), 2, **MOVES),
            "version 2 as the champion of w1, because it is a canary of it: promote it, or stop",
        ),
        (
            RefusedChangeError,
            lambda: promote(START, None, **MOVES),
            "cannot promote a challenger of w1, because nothing challenges its champion: start a",
        ),
        (
            RefusedChangeError,
            lambda: rolled_back(START),
            "cannot roll w1 back to its previous champion, because it never had another: set the",
        ),
        (
            RefusedChangeError,
            lambda: rolled_back(canary(START, 2, 5), "previous"),
            "it never had another: roll back to champion to stop canary 2, or set the champion",
        ),
        (
            RefusedChangeError,
            lambda: rolled_back(shadow(swapped(START, 5), 2), "champion"),
            "cannot roll w1 back to its champion, because no canary takes requests from it: roll",
        ),
        (
            NothingToChangeError,
            lambda: load(START, 2),
            "version 2 of w1 is wanted in memory already: look at the model's status",
        ),
        (
            NothingToChangeError,
            lambda: unload(unload(START, 2, now=NOW)[0], 2, now=NOW),
            "version 2 of w1 is unloaded already",
        ),
        (
            RefusedChangeError,
            lambda: unload(START, 1, now=NOW),
            "cannot unload version 1 of w1, because it is the champion: set another champion",
        ),
        (
            RefusedChangeError,
            lambda: unload(shadow(START, 2), 2, now=NOW),
            "cannot unload version 2 of w1, because it is a shadow of it: stop its challenge",
        ),
        (
            RefusedChangeError,
            lambda: unload(swapped(START, 5), 1, now=NOW + 20),
            "it is the previous champion, kept warm for a rollback for another 40 s, and for",
        ),
    ],
)
def test_a_refusal_says_what_was_asked_why_not_and_what_to_do(
    kind: type[TransitionError], refused: Callable[[], object], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        refused()
