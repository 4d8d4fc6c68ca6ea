import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest

from tests.unit.registry.conftest import NOW
from tiltyard.errors import ConfigError
from tiltyard.registry import (
    BUCKETS,
    Change,
    EpochConflictError,
    ModelState,
    RefusedChangeError,
    Registry,
    Transition,
    UnknownModelError,
    VersionChangedError,
    open_registry,
    promote,
    set_champion,
    start_challenge,
    update_challenge,
)
from tiltyard.registry.step import Step


def swap(version: int) -> Transition:
    return partial(set_champion, version=version, now=NOW, rollback_window_s=60.0)


def canary(version: int, share: int) -> Transition:
    return partial(start_challenge, version=version, mode="canary", share=share, new_salt=bytes(16))


def broken(state: ModelState) -> Step:
    raise ZeroDivisionError(state.name)


def one_bucket_more(state: ModelState) -> Step:
    share = (state.challengers[0].buckets + 1) * 100 / BUCKETS
    return update_challenge(state, 2, share=share)


def test_a_new_model_gets_its_newest_version_as_champion(registry: Registry) -> None:
    change = registry.note_versions("w2", [(7, "g"), (3, "c")], actor="alice")
    assert change.state == ModelState("w2", 1, 7, versions=frozenset([3, 7]))
    assert change.state == registry.get("w2") == registry.models()["w2"]
    (event,) = change.events
    assert (event.kind, event.epoch, event.actor, event.ts) == ("model_added", 1, "alice", NOW)
    assert event.text == "w2 added with versions 3 and 7, champion 7"
    assert list(registry.models()) == ["w1", "w2"]


def test_a_new_version_changes_no_route(registry: Registry) -> None:
    before = registry.get("w1")
    change = registry.note_versions("w1", [(6, "f"), (5, "e"), (1, "")])
    assert change.state == replace(before, versions=frozenset(range(1, 7)))
    assert [(event.version, event.epoch) for event in change.events] == [(5, 1), (6, 1)]
    assert [event.kind for event in change.events] == ["version_added"] * 2
    assert registry.digests("w1")[6] == "f"


def test_what_is_known_is_no_news(registry: Registry) -> None:
    seq = registry.last_seq()
    change = registry.note_versions("w1", registry.digests("w1").items())
    assert (change.state, change.events) == (registry.get("w1"), ())
    assert registry.note_versions("w1", []).events == ()
    assert registry.last_seq() == seq


def test_a_version_that_has_changed_is_refused(registry: Registry) -> None:
    with pytest.raises(
        VersionChangedError, match=r"version 1 of w1 has digest abc, and had 0+1 when it was first"
    ):
        registry.note_versions("w1", [(9, "i"), (1, "abc")])
    assert 9 not in registry.get("w1").versions


def test_names_and_numbers_are_checked(registry: Registry) -> None:
    with pytest.raises(ConfigError, match=r"model name '.hidden' is not usable"):
        registry.note_versions(".hidden", [(1, "")])
    with pytest.raises(ConfigError, match="version 0 is not usable"):
        registry.note_versions("w1", [(0, "")])


def test_a_model_that_is_not_there(registry: Registry) -> None:
    for call in (
        lambda: registry.get("w9"),
        lambda: registry.digests("w9"),
        lambda: registry.change("w9", swap(1)),
        lambda: registry.require_epoch("w9", 1),
        lambda: registry.note_versions("w9", []),
    ):
        with pytest.raises(UnknownModelError, match="there is no model w9"):
            call()
    assert "w9" not in registry.models()


def test_a_change_is_there_after_a_restart(registry: Registry, url: str) -> None:
    change = registry.change("w1", canary(2, 5), actor="alice")
    assert change.event.seq == registry.last_seq()
    registry.close()
    with open_registry(url) as again:
        assert again.get("w1") == change.state
        assert again.events(0, 10)[-1:] == [change.event]


def test_a_refused_change_leaves_nothing(registry: Registry) -> None:
    before, seq = registry.models(), registry.last_seq()
    with pytest.raises(RefusedChangeError):
        registry.change("w1", partial(promote, version=None, now=NOW, rollback_window_s=1.0))
    with pytest.raises(EpochConflictError):
        registry.change("w1", swap(2), expected_epoch=7)
    with pytest.raises(ZeroDivisionError):
        registry.change("w1", broken)
    assert (registry.models(), registry.last_seq()) == (before, seq)


def test_the_epoch_can_be_asked_for_before_the_work(registry: Registry) -> None:
    assert registry.require_epoch("w1", None) == registry.require_epoch("w1", 1)
    registry.change("w1", swap(2), actor="bob")
    with pytest.raises(EpochConflictError) as caught:
        registry.require_epoch("w1", 1)
    assert caught.value.epoch == 2
    assert "champion of w1 set to 2 (was 4) (epoch 2, by bob)" in str(caught.value)


def test_models_have_epochs_of_their_own(registry: Registry) -> None:
    registry.note_versions("w2", [(1, ""), (2, "")])
    registry.change("w1", swap(2))
    registry.change("w2", swap(1), expected_epoch=1)
    assert [event.model for event in registry.events(0, 10)] == ["w1", "w2", "w1", "w2"]
    assert [event.epoch for event in registry.events(1, 10, "w2")] == [1, 2]


def test_of_two_operators_one_wins_and_the_other_is_told(registry: Registry, url: str) -> None:
    """Two registries on one file, as two gateways have them."""
    together = threading.Barrier(2)

    def ask(mine: Registry, actor: str, version: int, epoch: int) -> Change | EpochConflictError:
        together.wait()
        try:
            return mine.change("w1", swap(version), expected_epoch=epoch, actor=actor)
        except EpochConflictError as error:
            return error

    with (
        open_registry(url, busy_timeout_s=60) as first,
        open_registry(url, busy_timeout_s=60) as second,
        ThreadPoolExecutor(2) as threads,
    ):
        for turn in range(1, 51):
            champion = registry.get("w1").champion
            one, other = [version for version in (1, 2, 3) if version != champion][:2]
            asked = [
                threads.submit(ask, first, "alice", one, turn),
                threads.submit(ask, second, "bob", other, turn),
            ]
            answers = [future.result() for future in asked]
            (won,) = (answer for answer in answers if isinstance(answer, Change))
            (lost,) = (answer for answer in answers if isinstance(answer, EpochConflictError))
            assert won.state == registry.get("w1")
            assert (lost.expected, lost.epoch) == (turn, turn + 1)
            assert lost.events == (won.event,)
            assert f"by {won.event.actor}" in str(lost)


def test_threads_lose_no_change(registry: Registry, url: str) -> None:
    with open_registry(url, busy_timeout_s=60) as shared:
        shared.change("w1", canary(2, 0))

        with ThreadPoolExecutor(8) as threads:
            changes = [threads.submit(shared.change, "w1", one_bucket_more) for _ in range(100)]
            assert {change.result().state.epoch for change in changes} == set(range(3, 103))
    state = registry.get("w1")
    assert (state.epoch, state.challengers[0].ranges) == (102, ((0, 100),))
    assert [event.epoch for event in registry.events(2, 1000)] == list(range(3, 103))


def test_one_moment_is_read(registry: Registry) -> None:
    """A swap is never seen half: champion and previous are of one transaction."""
    stop = threading.Event()

    def look() -> int:
        seen = 0
        while not stop.is_set() or seen == 0:
            state = registry.models()["w1"]
            assert state.champion != state.previous
            assert bool(state.challengers) == bool(state.salt)
            seen += 1
        return seen

    with ThreadPoolExecutor(1) as threads:
        looking = threads.submit(look)
        for _ in range(50):
            registry.change("w1", canary(1, 50))
            registry.change("w1", partial(promote, version=1, now=NOW, rollback_window_s=1.0))
            registry.change("w1", swap(4))
        stop.set()
        assert looking.result() > 0


def test_what_is_in_use_is_kept_longer_and_never_shorter(registry: Registry) -> None:
    before = registry.change("w1", swap(3)).state
    seq = registry.last_seq()
    assert before.kept == ((4, NOW + 60),)
    after = registry.keep_longer("w1", {4: NOW + 90, 3: NOW + 90, 1: NOW + 90})
    assert after == replace(before, kept=((4, NOW + 90),))  # the others end by nothing
    assert registry.keep_longer("w1", {4: NOW + 80}) == after == registry.get("w1")
    assert registry.last_seq() == seq
    with pytest.raises(UnknownModelError):
        registry.keep_longer("w9", {1: NOW})
