"""Every number that the engine counts is a metric."""

import pytest

from tests.unit.ops.sample_figures import engine_counters
from tiltyard._core import Engine, Replies
from tiltyard.app import _ort_library
from tiltyard.config import Config
from tiltyard.ops.metrics_gateway import (
    CLOSED_PREFIX,
    GAUGES,
    IO_TOTALS,
    LIMIT_NAMES,
    TOTALS,
    gateway_metrics,
)

KNOWN = {*GAUGES, *TOTALS, *IO_TOTALS, *LIMIT_NAMES, "busy_ns", "errors", "starved_ns"}


def values_of(**more: object) -> dict[str, float]:
    return {
        f"{name.removeprefix('tiltyard_')}{list(values)}": value
        for one in gateway_metrics(engine_counters(**more))
        for name, _, (values, value) in one.samples
    }


def test_a_real_engine_counts_nothing_that_is_not_told() -> None:
    engine = Engine(str(_ort_library()), Config(worker_threads=1).engine_options())
    try:
        engine.publish([], [], Replies({}), ready=True)
        engine.listen("127.0.0.1", 0)
        counters = engine.counters()
    finally:
        engine.stop()
    assert {name for name in counters if not name.startswith(CLOSED_PREFIX)} <= KNOWN
    told = {name for one in gateway_metrics(counters) for name, _, _ in one.samples}
    assert "tiltyard_io_cycles_total" in told
    assert any(name.startswith(CLOSED_PREFIX) for name in counters)


@pytest.mark.parametrize(
    ("series", "value"),
    [
        ("io_cycles_total['1']", 2_000),
        ("io_busy_seconds_total['0']", 1e-6),
        ("connections_closed_early_total['slow_reader']", 3_000),
        ("limit_reached_total['streams_refused']", 3_000),
        ("calls_ended_total['NOT_FOUND', 'unknown_model']", 2),
        ("calls_ended_total['OK', 'none']", 40),
        ("thread_starved_seconds_total['io-0']", 1.5),
        ("connections[]", 3),
        ("connections_accepted_total[]", 3),
    ],
)
def test_units_and_labels(series: str, value: float) -> None:
    assert values_of()[series] == value


def test_what_an_engine_does_not_count_is_left_out() -> None:
    assert "record_blocks[]" not in values_of()
    assert values_of(record_blocks=5)["record_blocks[]"] == 5
