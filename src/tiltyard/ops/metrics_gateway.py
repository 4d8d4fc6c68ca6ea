"""Metrics of the gateway itself: io threads, connections, limits, rings, from Engine.counters().

Every name that the engine counts stands in one of the tables here; a test holds them against a real
engine. Names it does not have yet are left out.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tiltyard.ops.metrics_buckets import NS_PER_S
from tiltyard.ops.metrics_codes import code_of
from tiltyard.ops.metrics_family import Family, Filled, Row, counter, filled, gauge

THREAD: Final = "thread"

# Of the whole gateway, by the engine's name.
GAUGES: Final[Mapping[str, Family]] = {
    "connections": gauge("connections", "Open connections of the data port."),
    "open_calls": gauge("open_calls", "Calls of the data port that have not ended."),
    "in_flight_bytes": gauge("in_flight_bytes", "Bytes of messages that are being worked on."),
    "route_epoch": gauge("route_epoch", "The number of the route table in force."),
    "route_tables_retired": gauge(
        "route_tables_retired", "Route tables that were replaced and are still used by somebody."
    ),
    "record_blocks": gauge("record_blocks", "Blocks of records that were made."),
    "record_blocks_free": gauge("record_blocks_free", "Blocks of records that wait for use."),
    "record_bytes": gauge("record_held_bytes", "Memory that blocks of records hold."),
}
TOTALS: Final[Mapping[str, Family]] = {
    "connections_accepted": counter("connections_accepted", "Connections that were accepted."),
    "connections_refused": counter(
        "connections_refused", "Connections that were refused: connections_max was reached."
    ),
    "accept_failures": counter("accept_failures", "Connections that the system failed to accept."),
    "records_dropped": counter(
        "records_dropped", "Records of rows that were not written because no block was free."
    ),
}
# By io thread.
IO_TOTALS: Final[Mapping[str, Family]] = {
    "cycles": counter("io_cycles", "Cycles of an io thread.", THREAD),
    "bytes_in": counter("io_received_bytes", "Bytes read from sockets.", THREAD),
    "bytes_out": counter("io_sent_bytes", "Bytes written to sockets.", THREAD),
    "connections_opened": counter("io_connections_opened", "Connections taken over.", THREAD),
    "connections_closed": counter("io_connections_closed", "Connections closed.", THREAD),
    "connections_moved_in": counter(
        "io_connections_moved_in", "Connections taken from a busier thread.", THREAD
    ),
    "connections_moved_out": counter(
        "io_connections_moved_out", "Connections given to a less busy thread.", THREAD
    ),
    "calls": counter("io_calls", "Calls begun.", THREAD),
    "messages": counter("io_messages", "Messages received.", THREAD),
    "infer_requests": counter("io_infer_requests", "Inference requests received.", THREAD),
    "calls_cancelled": counter(
        "io_calls_cancelled", "Calls that their client has cancelled.", THREAD
    ),
    "deadline_passed_waiting": counter(
        "io_deadlines_passed", "Requests whose deadline passed before they ran.", THREAD
    ),
    "groups": counter("io_groups", "Groups of requests that could run together.", THREAD),
    "requests_inline": counter("io_requests_inline", "Requests that ran on the io thread.", THREAD),
    "requests_to_workers": counter(
        "io_requests_to_workers", "Requests handed to worker threads.", THREAD
    ),
    "requests_to_slow_path": counter("io_requests_to_slow_path", "Calls handed to Python.", THREAD),
    "inflated_bytes": counter("io_inflated_bytes", "Bytes after decompression.", THREAD),
}
IO_BUSY: Final = counter("io_busy_seconds", "Time in cycles, not waiting.", THREAD)
CLOSED: Final = counter(
    "connections_closed_early",
    "Connections that the gateway closed, by reason: flood, idle, age, slow_reader, handshake,"
    " keepalive or protocol_error.",
    "reason",
)
CLOSED_PREFIX: Final = "closed_"
LIMITS: Final = counter(
    "limit_reached",
    "How often a limit was reached: streams_refused and replies_dropped count what was not served,"
    " input_held, read_budget_ran_out, handshakes_put_off, messages_put_off and calls_stalled what"
    " had to wait.",
    "limit",
)
LIMIT_NAMES: Final = (
    "messages_put_off",
    "streams_refused",
    "input_held",
    "read_budget_ran_out",
    "handshakes_put_off",
    "calls_stalled",
    "replies_dropped",
)
CALLS: Final = counter(
    "calls_ended",
    "Calls of the data port of every method, by the gRPC code and the error that they ended with;"
    " requests that no model could be found for are here alone.",
    "code",
    "error",
)
STARVED: Final = counter(
    "thread_starved_seconds", "Time that a thread was ready to run and had no core.", THREAD
)


def gateway_metrics(counters: Mapping[str, Any]) -> Iterator[Filled]:
    """The families of one Engine.counters()."""
    for table in (GAUGES, TOTALS):
        for name, family in table.items():
            if name in counters:
                yield filled(family, [((), counters[name])])
    for name, family in IO_TOTALS.items():
        yield filled(family, _by_thread(counters[name]))
    yield filled(
        IO_BUSY, ((labels, ns / NS_PER_S) for labels, ns in _by_thread(counters["busy_ns"]))
    )
    yield filled(
        CLOSED,
        (
            ((name.removeprefix(CLOSED_PREFIX),), sum(by_thread))
            for name, by_thread in counters.items()
            if name.startswith(CLOSED_PREFIX)
        ),
    )
    yield filled(LIMITS, (((name,), sum(counters[name])) for name in LIMIT_NAMES))
    yield filled(CALLS, (((code_of(error), error), n) for error, n in counters["errors"].items()))
    yield filled(STARVED, (((name,), ns / NS_PER_S) for name, ns in counters["starved_ns"].items()))


def _by_thread(values: list[int]) -> list[Row]:
    return [((str(index),), value) for index, value in enumerate(values)]
