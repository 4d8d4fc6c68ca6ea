"""Whatever is asked for in whatever order: what always holds of a model, and of one step."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.unit.registry.walks import START, WINDOW_S, transitions
from tiltyard.registry import (
    BUCKETS,
    SALT_BYTES,
    Event,
    ModelState,
    RefusedChangeError,
    Transition,
    TransitionError,
    UnknownVersionError,
)
from tiltyard.registry.buckets import size
from tiltyard.registry.event import EVENT_KINDS
from tiltyard.registry.state import Challenger
from tiltyard.registry.step import pick_challenger, require_version, without


def owner_of_buckets(state: ModelState) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The version that owns each bucket; 0 is the champion, whichever that is."""
    table = np.zeros(BUCKETS, np.int64)
    for canary in state.canaries:
        for start, end in canary.ranges:
            assert not table[start:end].any(), "two canaries own one bucket"
            table[start:end] = canary.version
    return table


def check_buckets(before: ModelState, after: ModelState) -> None:
    old, new = owner_of_buckets(before), owner_of_buckets(after)
    moved = old != new
    assert not (moved & (old > 0) & (new > 0)).any(), "a key moved between canaries"
    for canary in after.canaries:
        was = before.challenger(canary.version)
        if was is not None and was.mode == "canary" and canary.buckets >= was.buckets:
            assert (new[old == canary.version] == canary.version).all(), "a key moved back"


def check_salt(before: ModelState, after: ModelState, event: Event) -> None:
    if after.salt not in (before.salt, b""):
        assert event.kind == "challenge_started"
        assert not before.canaries
        assert event.data["salt"] == after.salt.hex()
    if not before.challengers and after.challengers:
        assert event.data["salt"] == after.salt.hex()


def check_seats(before: ModelState, after: ModelState, event: Event) -> None:
    if after.champion == before.champion:
        assert after.previous == before.previous
        return
    assert event.kind in ("champion_set", "promoted", "rolled_back")
    assert after.previous == before.champion
    assert event.data["from"] == before.champion
    assert event.data["to"] == event.version == after.champion
    assert after.previous_until == event.data["previous_until"]
    assert after.previous_until is not None
    assert WINDOW_S <= after.previous_until <= 1000 + WINDOW_S


def check_kept(before: ModelState, after: ModelState, event: Event) -> None:
    for version in before.versions:
        was, until = before.kept_until(version), after.kept_until(version)
        if version in before.serving - after.serving:
            assert until is not None
            assert WINDOW_S <= until <= 1000 + WINDOW_S
        elif version in after.serving or event.kind in ("version_loaded", "version_unloaded"):
            assert until in (was, None)
        else:
            assert until == was


def check_rollback(before: ModelState, after: ModelState, event: Event) -> None:
    assert after.canaries == ()
    gone = {entry.version for entry in before.challengers}
    gone -= {entry.version for entry in after.challengers}
    assert sorted(event.data["stopped"]) == sorted(gone)
    assert event.data["restored"] in (None, before.previous)
    assert gone or event.data["restored"] is not None


class Model(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.state = START

    @rule(transition=transitions())
    def ask(self, transition: Transition) -> None:
        before = self.state
        try:
            after, event = transition(before)
        except TransitionError:
            return  # and nothing has changed, for states are immutable
        assert (after.name, after.epoch) == (before.name, before.epoch + 1)
        assert (event.model, event.epoch) == (after.name, after.epoch)
        assert event.kind in EVENT_KINDS
        assert before.name in event.text
        assert json.loads(json.dumps(asdict(event))) == asdict(event)
        assert after.versions == before.versions
        check_buckets(before, after)
        check_salt(before, after, event)
        check_seats(before, after, event)
        check_kept(before, after, event)
        if event.kind == "rolled_back":
            check_rollback(before, after, event)
        self.state = after

    @invariant()
    def seats_are_taken_once(self) -> None:
        state = self.state
        challenging = [entry.version for entry in state.challengers]
        assert len(set(challenging)) == len(challenging)
        assert state.champion in state.versions
        assert state.champion not in challenging
        assert state.champion != state.previous
        assert set(challenging) <= state.versions
        assert not state.unloaded & state.serving

    @invariant()
    def what_is_kept_is_in_no_slot(self) -> None:
        kept = [version for version, _ in self.state.kept]
        assert kept == sorted(set(kept))
        assert not set(kept) & (self.state.serving | self.state.unloaded)

    @invariant()
    def shares_are_exact(self) -> None:
        for entry in self.state.challengers:
            assert size(entry.ranges) == entry.buckets
            assert 0 <= entry.sample_ppm <= 1_000_000
            if entry.mode == "shadow":
                assert (entry.ranges, entry.reverse_shadow) == ((), False)
            elif not entry.reverse_shadow:
                assert entry.sample_ppm == 0
        assert sum(entry.buckets for entry in self.state.challengers) <= BUCKETS

    @invariant()
    def a_rollout_has_a_salt(self) -> None:
        assert len(self.state.salt) == (SALT_BYTES if self.state.challengers else 0)
        assert self.state.canaries or self.state.split == "request"


Model.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
test_every_walk = Model.TestCase


def test_a_version_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(UnknownVersionError, match=r"w1 has no version 9 \(it has 1, 2, 3, 4 and"):
        require_version(START, 9)
    many = ModelState("w1", 1, 1, versions=frozenset(range(1, 101)))
    with pytest.raises(UnknownVersionError, match="it has 100, the newest of them 96, 97, 98, 99"):
        require_version(many, 101)
    with pytest.raises(UnknownVersionError, match="it has none"):
        require_version(ModelState("w1", 0, None), 1)


def test_the_only_challenger_needs_no_name() -> None:
    second, third = Challenger(2, "shadow"), Challenger(3, "shadow")
    one = ModelState("w1", 5, 1, challengers=(second,), salt=bytes(16), versions=START.versions)
    two = ModelState("w1", 5, 1, challengers=(second, third), versions=START.versions)
    assert pick_challenger(one, None, "stop") is second
    assert pick_challenger(two, 3, "stop") is third
    with pytest.raises(RefusedChangeError, match=r"cannot stop .* it has several: 2 and 3: say"):
        pick_challenger(two, None, "stop")
    with pytest.raises(RefusedChangeError, match=r"cannot stop version 3 .* it is no challenger"):
        pick_challenger(one, 3, "stop")
    with pytest.raises(RefusedChangeError, match="cannot stop a challenger of w1, because nothing"):
        pick_challenger(START, None, "stop")
    assert without(two.challengers, 2) == (third,)
