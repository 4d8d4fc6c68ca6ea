"""Connections, alarm events and webhooks as metrics."""

from collections.abc import Callable
from dataclasses import asdict

from tests.unit.monitor.incidents.sample_alarms import CROSSED, Lines, alarm, fail
from tiltyard.monitor.incidents.endpoint import Endpoint
from tiltyard.monitor.incidents.feed import AlarmFeed, Notice
from tiltyard.monitor.incidents.webhook import Webhooks
from tiltyard.ops.http_connection import ConnectionCounts
from tiltyard.ops.metrics_family import filled
from tiltyard.ops.metrics_operations import (
    More,
    alarm_metrics,
    http_metrics,
    webhook_metrics,
)


def values_of(more: More) -> dict[str, float]:
    return {
        f"{name.removeprefix('tiltyard_')}{list(values)}": value
        for family, rows in more.items()
        for name, _, (values, value) in filled(family, rows).samples
    }


def test_connections_of_the_operations_port() -> None:
    counts = ConnectionCounts(open=1, accepted=5, refused=2, silent=3, slow=4, malformed=6)
    assert values_of(http_metrics(asdict(counts))) == {
        "http_connections[]": 1,
        "http_connections_accepted_total[]": 5,
        "http_connections_refused_total['refused']": 2,
        "http_connections_refused_total['silent']": 3,
        "http_connections_refused_total['slow']": 4,
        "http_connections_refused_total['malformed']": 6,
    }
    assert http_metrics({}) == {}  # before it runs


def test_alarm_events_and_open_incidents() -> None:
    feed = AlarmFeed(on_bug=fail)
    for number in range(30):
        feed.take("opened", alarm(f"a{number}"), CROSSED)
    values = values_of(alarm_metrics(feed.counters(), feed.incidents()))
    assert values["alarm_events_total['opened']"] == 30
    assert values["alarm_events_total['recovered']"] == 0
    assert values["incidents_open['fraud', 'drift']"] == 1


def describe(notice: Notice) -> dict[str, int]:
    return {"seq": notice.event.seq}


def webhooks_with(log: Lines, enter: Callable[[str], None]) -> Webhooks:
    return Webhooks(
        [Endpoint("https://hooks.example.com/", b"a secret of 24 bytes", "pager")],
        describe,
        log=log,
        on_bug=fail,
        enter_priority=enter,
    )


def test_every_count_of_webhooks_is_told() -> None:
    webhooks = webhooks_with(Lines(), lambda _: None)
    AlarmFeed([webhooks], on_bug=fail).take("opened", alarm(), CROSSED)
    found = webhooks.counters()
    values = values_of(webhook_metrics(found))
    assert values["webhook_events_pending['pager']"] == 1
    assert values["webhook_stopped['pager']"] == 0
    assert len(values) == len(found["pager"])
