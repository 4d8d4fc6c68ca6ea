from collections.abc import Callable
from decimal import Decimal
from functools import partial

import pytest

from tests.unit.registry.walks import START
from tiltyard.registry import (
    BUCKETS,
    Challenger,
    CompareRule,
    InvalidChangeError,
    ModelState,
    NothingToChangeError,
    RefusedChangeError,
    TransitionError,
    UnknownVersionError,
    start_challenge,
    stop_challenge,
    update_challenge,
)
from tiltyard.registry.challenges import CHALLENGERS_MAX

SALT, OTHER_SALT = bytes(range(16)), bytes(range(16, 32))
start_canary = partial(start_challenge, mode="canary", new_salt=SALT)
start_shadow = partial(start_challenge, mode="shadow", new_salt=SALT)


def test_a_canary_takes_the_champions_lowest_buckets() -> None:
    first, event = start_canary(START, 2, share=50, split="key")
    assert first.challengers == (Challenger(2, "canary", BUCKETS // 2, 0, ((0, BUCKETS // 2),)),)
    assert (first.salt, first.split) == (SALT, "key")
    assert event.text == "version 2 of w1 started as a canary with 50%"
    second, event = start_challenge(first, 3, mode="canary", share=25, new_salt=OTHER_SALT)
    assert second.challengers[1].ranges == ((BUCKETS // 2, 3 * BUCKETS // 4),)
    assert (second.salt, second.split) == (SALT, "key")
    assert event.data["salt"] is None


def test_a_shadow_has_a_sample_and_no_buckets() -> None:
    after, event = start_shadow(START, 2, sample=Decimal(20))
    assert after.challengers == (Challenger(2, "shadow", 0, 200_000),)
    assert after.salt == SALT
    assert event.text == "version 2 of w1 started as a shadow of 20% of the requests"
    assert start_shadow(START, 2)[0].challengers[0].sample_ppm == 1_000_000


def test_a_reverse_shadow_has_a_sample_beside_the_share() -> None:
    after, event = start_canary(START, 2, share=1, reverse_shadow=True)
    assert after.challengers[0].sample_ppm == 1_000_000
    assert (
        event.text == "version 2 of w1 started as a canary with 0.9995% and a reverse shadow of"
        " 100%"
    )
    after, _ = update_challenge(after, None, sample=10)
    assert after.challengers[0].sample_ppm == 100_000
    after, _ = update_challenge(after, None, reverse_shadow=False)
    assert (after.challengers[0].sample_ppm, after.challengers[0].reverse_shadow) == (0, False)


LABEL = CompareRule("y", "label")
WITHIN = CompareRule("score", "tolerance", 0.5, 0.01)


def test_whoever_shadows_may_say_how_outputs_are_compared() -> None:
    shadow, event = start_shadow(START, 2, compare=(LABEL,))
    assert shadow.challengers[0].compare == (LABEL,)
    assert event.text.endswith("as a shadow of 100% of the requests, comparing y as label")
    sampled, _ = update_challenge(shadow, 2, sample=10)
    assert sampled.challengers[0].compare == (LABEL,)
    other, event = update_challenge(shadow, 2, compare=(WITHIN,))
    assert other.challengers[0].compare == (WITHIN,)
    assert event.data["from"]["compare"][0]["output"] == "y"
    assert event.text.endswith("requests, comparing score within 0.5 + 0.01 relative")
    with pytest.raises(NothingToChangeError):
        update_challenge(other, 2, compare=(WITHIN,))
    none, _ = update_challenge(other, 2, compare=())
    assert none.challengers[0].compare == ()
    reverse, _ = start_canary(START, 2, share=5, reverse_shadow=True, compare=(WITHIN, LABEL))
    assert reverse.challengers[0].compare == (WITHIN, LABEL)
    grown, _ = update_challenge(reverse, 2, share=10)
    assert grown.challengers[0].compare == (WITHIN, LABEL)
    ended, _ = update_challenge(reverse, 2, reverse_shadow=False)
    assert ended.challengers[0].compare == ()


def test_a_shadow_becomes_a_canary_with_one_command_and_back() -> None:
    shadow, _ = start_shadow(START, 2)
    canary, event = start_challenge(shadow, 2, mode="canary", share=5, new_salt=OTHER_SALT)
    assert [(entry.version, entry.mode) for entry in canary.challengers] == [(2, "canary")]
    assert canary.salt == OTHER_SALT
    assert event.data["from"]["mode"] == "shadow"
    back, _ = start_shadow(canary, 2)
    assert [(entry.mode, entry.ranges) for entry in back.challengers] == [("shadow", ())]


def test_a_first_canary_beside_a_shadow_finds_other_keys_than_the_last_one() -> None:
    shadow, _ = start_shadow(START, 3)
    canary, _ = start_challenge(shadow, 2, mode="canary", share=5, new_salt=OTHER_SALT)
    assert canary.salt == OTHER_SALT
    more, _ = start_challenge(canary, 4, mode="shadow", new_salt=SALT)
    assert more.salt == OTHER_SALT


def test_shares_change_and_the_salt_does_not() -> None:
    state, _ = start_canary(START, 2, share=5)
    grown, event = update_challenge(state, 2, share=50)
    assert grown.challengers[0].ranges == ((0, BUCKETS // 2),)
    assert event.text == "version 2 of w1 changed from a canary with 4.9988% to a canary with 50%"
    none, _ = update_challenge(grown, 2, share=0)
    assert (none.challengers[0].ranges, none.salt) == ((), SALT)
    stopped, event = stop_challenge(none, 2, now=10.0, rollback_window_s=60.0)
    assert (stopped.challengers, stopped.salt, stopped.kept) == ((), b"", ((2, 70.0),))
    assert event.text == "version 2 of w1 stopped being a canary with 0%"


def half(version: int = 2) -> ModelState:
    return start_canary(START, version, share=50)[0]


def full() -> ModelState:
    many = range(2, CHALLENGERS_MAX + 2)
    state = ModelState("w1", 1, 1, versions=frozenset([1, *many, 500]))
    for version in many:
        state, _ = start_shadow(state, version)
    return state


@pytest.mark.parametrize(
    ("kind", "refused", "sentence"),
    [
        (
            RefusedChangeError,
            lambda: start_canary(START, 1, share=5),
            "cannot start version 1 of w1 as a canary, because it is the champion: challenge with",
        ),
        (
            RefusedChangeError,
            lambda: start_shadow(ModelState("w1", 1, None, versions=frozenset([1])), 1),
            "as a shadow, because there is no champion to challenge: set a champion first",
        ),
        (UnknownVersionError, lambda: start_canary(START, 9, share=5), "w1 has no version 9"),
        (
            RefusedChangeError,
            lambda: start_canary(half(), 2, share=5),
            "because it is a canary with 50% already: update the challenge, or stop it first",
        ),
        (
            RefusedChangeError,
            lambda: start_shadow(full(), 500),
            "because 127 versions challenge, and more cannot: stop one of them first",
        ),
        (
            RefusedChangeError,
            lambda: start_canary(half(), 3, share=Decimal("50.1")),
            r"3 of w1 50.1%, because the other canaries leave 50% \(2 with 50%\): ask for no more",
        ),
        (
            RefusedChangeError,
            lambda: start_canary(half(), 3, share=5, split="key"),
            "cannot start version 3 of w1 split by key, because its canaries are split by request",
        ),
        (
            InvalidChangeError,
            lambda: start_canary(START, 2),
            "a canary was asked for without a share: say how many percent it gets",
        ),
        (InvalidChangeError, lambda: start_canary(START, 2, share=101), "a share of 101 % was"),
        (
            InvalidChangeError,
            lambda: start_canary(START, 2, share=5, sample=5),
            "a sample of 5 % was given for a canary, which has a share: give a share, or",
        ),
        (
            InvalidChangeError,
            lambda: start_shadow(START, 2, share=5),
            "a share of 5 % was given for a shadow, which answers nobody: give a sample, or",
        ),
        (
            InvalidChangeError,
            lambda: start_shadow(START, 2, split="key"),
            "split key was given for a shadow, which takes nothing from the champion: leave",
        ),
        (
            InvalidChangeError,
            lambda: start_shadow(START, 2, reverse_shadow=True),
            "a reverse shadow was asked for with a shadow, whose requests the champion answers",
        ),
        (
            InvalidChangeError,
            lambda: start_canary(START, 2, share=5, compare=(LABEL,)),
            "output 'y' was given to compare for a canary, whose answers are compared with nobody",
        ),
        (
            InvalidChangeError,
            lambda: update_challenge(half(), 2, compare=(LABEL,)),
            "for a canary, .*: ask for a reverse shadow, or start it as a shadow",
        ),
        (
            InvalidChangeError,
            lambda: start_shadow(START, 2, compare=(LABEL, LABEL)),
            "output 'y' was given more than once: give each output one rule",
        ),
        (
            InvalidChangeError,
            lambda: update_challenge(half(), 2),
            "nothing was given to change about version 2 of w1: give a share for a canary",
        ),
        (
            NothingToChangeError,
            lambda: update_challenge(half(), 2, share=50),
            "version 2 of w1 is a canary with 50% already: nothing has to be done",
        ),
        (
            RefusedChangeError,
            lambda: update_challenge(START, 2, share=50),
            "cannot change version 2 of w1, because nothing challenges its champion",
        ),
        (
            RefusedChangeError,
            lambda: stop_challenge(half(), 3, now=0.0, rollback_window_s=0.0),
            r"cannot stop version 3 of w1, because it is no challenger: take a version .* \(2\)",
        ),
    ],
)
def test_a_refusal_says_what_was_asked_why_not_and_what_to_do(
    kind: type[TransitionError], refused: Callable[[], object], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        refused()
