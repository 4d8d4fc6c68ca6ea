"""Metrics of the operations port, of alarm events and of webhooks. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from tiltyard.monitor.incidents.incident import Incident
from tiltyard.ops.metrics_family import Family, Row, counter, gauge

More = Mapping[Family, Sequence[Row]]

_HTTP: Final[Mapping[str, Family]] = {
    "open": gauge("http_connections", "Open connections of the operations port."),
    "accepted": counter("http_connections_accepted", "Connections of the operations port."),
}
HTTP_CLOSED: Final = counter(
    "http_connections_refused",
    "Connections of the operations port that were refused or cut off, by reason: refused (there"
    " were too many), silent (no request came), slow (an answer was not read) or malformed.",
    "reason",
)
_HTTP_REASONS: Final = ("refused", "silent", "slow", "malformed")

ALARM_EVENTS: Final = counter(
    "alarm_events",
    "Events of alarms since the start: opened, named (more streams), recovered, superseded or"
    " acknowledged.",
    "event",
)
INCIDENTS: Final = gauge(
    "incidents_open",
    "1 for each model and kind (drift or skew) with an open incident, however many alarms it has.",
    "model",
    "kind",
)

ATTEMPTS: Final = counter("webhook_attempts", "Requests that were sent.", "endpoint")
OUTCOMES: Final = counter(
    "webhook_events",
    "Events by what became of them: delivered, refused (3xx, 410 or 413), expired (tried for a"
    " day), dropped (the outbox was full, or the endpoint was gone) or merged into a later one.",
    "endpoint",
    "outcome",
)
FAILED: Final = counter("webhook_attempts_failed", "Requests that are tried again.", "endpoint")
REJECTED: Final = counter(
    "webhook_attempts_rejected",
    "Those of webhook_attempts_failed that were answered with a 4xx, such as 401 or 404.",
    "endpoint",
)
PENDING: Final = gauge("webhook_events_pending", "Events that are not delivered yet.", "endpoint")
STOPPED: Final = gauge(
    "webhook_stopped", "1 where the endpoint said that it is gone (410).", "endpoint"
)
_OUTCOMES: Final = ("delivered", "refused", "expired", "dropped", "merged")


def http_metrics(counters: Mapping[str, int]) -> More:
    """Of HttpServer.counters()."""
    if not counters:
        return {}
    found: dict[Family, list[Row]] = {
        family: [((), counters[name])] for name, family in _HTTP.items()
    }
    found[HTTP_CLOSED] = [((reason,), counters[reason]) for reason in _HTTP_REASONS]
    return found


def alarm_metrics(counters: Mapping[str, int], incidents: Sequence[Incident]) -> More:
    """Of AlarmFeed.counters() and AlarmFeed.incidents()."""
    return {
        ALARM_EVENTS: [((event,), count) for event, count in counters.items()],
        INCIDENTS: [((one.model, one.kind), 1) for one in incidents],
    }


def webhook_metrics(counters: Mapping[str, Mapping[str, int]]) -> More:
    """Of Webhooks.counters()."""
    found: dict[Family, list[Row]] = {
        family: [((endpoint,), counts[name]) for endpoint, counts in counters.items()]
        for family, name in (
            (ATTEMPTS, "attempts"),
            (FAILED, "failed"),
            (REJECTED, "rejected"),
            (PENDING, "pending"),
            (STOPPED, "is_stopped"),
        )
    }
    found[OUTCOMES] = [
        ((endpoint, outcome), counts[outcome])
        for endpoint, counts in counters.items()
        for outcome in _OUTCOMES
    ]
    return found
