"""Webhooks against a real receiver that behaves badly."""

from collections.abc import Iterator

import pytest

from tests.unit.monitor.incidents.receiver import TIMEOUT_S, Receiver
from tests.unit.monitor.incidents.sample_alarms import Lines, alarm, fail, notice, recovered
from tiltyard.monitor.incidents.feed import Notice
from tiltyard.monitor.incidents.webhook import Webhooks


def describe(notice: Notice) -> dict[str, str]:
    return {"event": notice.event.event, "id": notice.event.alarm.id}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def test_a_real_receiver_that_is_slow_fails_and_closes(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiltyard.monitor.incidents.outbox.BACKOFF_S", 0.001)
    names: list[str] = []
    webhooks = Webhooks(
        [receiver.endpoint(name) for name in ("slow", "failing", "closing", "good")],
        describe,
        log=Lines(),
        on_bug=fail,
        enter_priority=names.append,
    )
    webhooks(notice("opened", alarm("before")))
    webhooks.start()
    for _ in range(3):  # the slow one holds up nobody
        assert receiver.delivered.acquire(timeout=TIMEOUT_S)
    receiver.is_held.set()
    assert receiver.delivered.acquire(timeout=TIMEOUT_S)
    webhooks(notice("recovered", recovered(alarm("after"))))
    for _ in range(4):
        assert receiver.delivered.acquire(timeout=TIMEOUT_S)
    assert webhooks.stop(TIMEOUT_S)
    for path in ("/failing", "/closing"):
        ids = [event_id for one, event_id in receiver.got if one == path]
        assert ids[0] == ids[1] != ids[2]
    assert names == ["webhooks"]
    found = webhooks.counters()
    assert [found[name]["failed"] for name in ("failing", "closing", "good")] == [1, 1, 0]


def test_stopping_ends_what_is_under_way_and_keeps_it(receiver: Receiver) -> None:
    webhooks = Webhooks(
        [receiver.endpoint("slow")],
        describe,
        log=Lines(),
        on_bug=fail,
        enter_priority=lambda _: None,
    )
    webhooks.start()
    webhooks(notice())
    assert webhooks.stop(TIMEOUT_S)
    assert webhooks.undelivered == 1
    webhooks(notice("opened", alarm("later")))  # nobody is hurt
    assert webhooks.undelivered == 2


def test_without_endpoints_there_is_no_thread() -> None:
    webhooks = Webhooks([], describe, log=Lines(), on_bug=fail, enter_priority=lambda _: None)
    webhooks.start()
    webhooks(notice())
    assert webhooks.stop()
    assert (webhooks.save(), webhooks.counters()) == ("{}", {})
