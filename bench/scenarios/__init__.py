"""The scenarios, in the order they run."""

from bench.scenarios import (
    bigload,
    canary,
    delay,
    drift,
    fairness,
    false_alarms,
    kernels,
    many,
    memory,
    mixed,
    native,
    rollback,
    serving,
    shadow,
    startup,
    swap,
    tls,
)
from bench.scenarios.scenario import Scenario

ALL: tuple[Scenario, ...] = (
    serving.THROUGHPUT_SCENARIO,
    serving.LATENCY_SCENARIO,
    fairness.SCENARIO,
    tls.SCENARIO,
    mixed.SCENARIO,
    startup.SCENARIO,
    memory.SCENARIO,
    swap.SCENARIO,
    rollback.SCENARIO,
    bigload.SCENARIO,
    canary.SCENARIO,
    shadow.SCENARIO,
    many.SCENARIO,
    drift.SCENARIO,
    delay.SCENARIO,
    false_alarms.SCENARIO,
    native.SCENARIO,
    kernels.SCENARIO,
)
