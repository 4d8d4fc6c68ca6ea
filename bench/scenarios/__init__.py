"""The scenarios, in the order they run."""

from bench.scenarios import fairness, memory, mixed, native, serving, startup, tls
from bench.scenarios.scenario import Scenario

ALL: tuple[Scenario, ...] = (
    serving.THROUGHPUT_SCENARIO,
    serving.LATENCY_SCENARIO,
    fairness.SCENARIO,
    tls.SCENARIO,
    mixed.SCENARIO,
    startup.SCENARIO,
    memory.SCENARIO,
    native.SCENARIO,
)
