import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tiltyard.registry import (
    Change,
    IdempotencyMismatchError,
    InvalidChangeError,
    NothingToChangeError,
    Registry,
    load,
    open_registry,
    unload,
)
from tiltyard.registry.replies import REPLY_KEEP_S

unload_1 = partial(unload, version=1, now=0.0)
unload_2 = partial(unload, version=2, now=0.0)


def test_a_request_that_is_sent_again_does_nothing_twice(registry: Registry) -> None:
    first = registry.change("w1", unload_1, idempotency_key="k", request_digest="d", actor="alice")
    registry.change("w1", partial(load, version=1))
    events = registry.last_seq()
    again = registry.change(
        "w1", unload_1, idempotency_key="k", request_digest="d", expected_epoch=1, actor="alice"
    )
    assert not first.repeated
    assert again.repeated
    assert (again.state, again.events) == (first.state, first.events)
    assert registry.last_seq() == events
    assert registry.get("w1").epoch == first.state.epoch + 1


def test_the_same_request_twice_at_once_is_made_once(registry: Registry, url: str) -> None:
    together = threading.Barrier(2)

    def ask(key: str) -> Change:
        with open_registry(url, busy_timeout_s=60) as mine:
            together.wait()
            return mine.change("w1", unload_1, idempotency_key=key)

    with ThreadPoolExecutor(2) as threads:
        for turn in range(20):
            first, second = threads.map(ask, [f"{turn}"] * 2)
            assert first.state == second.state
            assert {first.repeated, second.repeated} == {True, False}
            registry.change("w1", partial(load, version=1))


def test_one_key_is_for_one_request(registry: Registry) -> None:
    registry.change("w1", unload_1, idempotency_key="k", request_digest="d")
    with pytest.raises(
        IdempotencyMismatchError,
        match="'k' was used for another request, version_unloaded of w1: take a new key for each",
    ):
        registry.change("w1", unload_2, idempotency_key="k", request_digest="other")
    assert registry.get("w1").unloaded == {1}


def test_without_a_key_each_request_is_another(registry: Registry) -> None:
    for key in (None, ""):
        registry.change("w1", unload_1, idempotency_key=key)
        with pytest.raises(NothingToChangeError):
            registry.change("w1", unload_1, idempotency_key=key)
        registry.change("w1", partial(load, version=1))


def test_a_refused_request_may_be_sent_again(registry: Registry) -> None:
    refused = partial(load, version=1)
    with pytest.raises(NothingToChangeError):
        registry.change("w1", refused, idempotency_key="k", request_digest="d")
    registry.change("w1", unload_1)
    assert not registry.change("w1", refused, idempotency_key="k", request_digest="d").repeated


def test_a_reply_can_be_asked_for_before_the_work(registry: Registry) -> None:
    assert registry.find_reply("k", "d") is None
    assert registry.find_reply(None, "d") is None
    made = registry.change("w1", unload_1, idempotency_key="k", request_digest="d")
    found = registry.find_reply("k", "d")
    assert found is not None
    assert (found.state, found.repeated) == (made.state, True)
    with pytest.raises(IdempotencyMismatchError):
        registry.find_reply("k", "other")


def test_noting_versions_has_keys_too(registry: Registry) -> None:
    noted = [(7, "d")]
    first = registry.note_versions("w1", noted, idempotency_key="k", request_digest="7")
    again = registry.note_versions("w1", noted, idempotency_key="k", request_digest="7")
    assert (again.events, again.repeated) == (first.events, True)
    nothing = registry.note_versions("w1", noted, idempotency_key="l", request_digest="7")
    assert nothing.events == ()
    with pytest.raises(IdempotencyMismatchError, match="another request, nothing new of w1"):
        registry.note_versions("w1", [(8, "d")], idempotency_key="l", request_digest="8")


def test_a_key_has_a_length(registry: Registry) -> None:
    with pytest.raises(InvalidChangeError, match="the idempotency key has 256 characters: give"):
        registry.change("w1", unload_1, idempotency_key="k" * 256)


def test_old_replies_are_forgotten(url: str) -> None:
    now = 1000.0
    with open_registry(url, clock=lambda: now) as registry:
        registry.note_versions("w1", [(1, ""), (2, ""), (3, "")])
        registry.change("w1", unload_1, idempotency_key="old")
        now += REPLY_KEEP_S
        registry.change("w1", unload_2, idempotency_key="new")
        assert registry.find_reply("old", "") is not None
        now += 1
        registry.change("w1", partial(load, version=2), idempotency_key="newer")
        assert registry.find_reply("old", "") is None
        assert registry.find_reply("new", "") is not None
