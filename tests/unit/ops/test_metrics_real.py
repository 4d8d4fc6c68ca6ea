"""A real engine's counters as metrics: every field is where it is looked for."""

from collections.abc import Iterator

import numpy as np
import pytest

from tests.models.build import model, node, serialised, tensor
from tests.unit.ops.parsing import parse_openmetrics
from tiltyard._core import Engine, LoadedVersion, Replies
from tiltyard.app import _ort_library
from tiltyard.client import InferenceClient
from tiltyard.config import Config
from tiltyard.ops.metrics import Metrics, Sources
from tiltyard.ops.metrics_ledger import Ledger
from tiltyard.ops.metrics_requests import rollout_series

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An engine without models, and nobody on its slow path."""
    made = Engine(str(_ort_library()), Config(worker_threads=1).engine_options())
    yield made
    made.stop()


def doubling(engine: Engine, version: int) -> LoadedVersion:
    made = model(
        [node("Mul", "x two", "y")],
        [tensor("x", ["N", 2])],
        [tensor("y", ["N", 2])],
        {"two": [2.0, 2.0]},
    )
    return engine.load_version("m", version, serialised(made), {}, rowwise_proved=True)


def fail(where: str, error: BaseException) -> None:
    raise AssertionError(where) from error


def test_requests_are_counted_once_across_rollouts(engine: Engine) -> None:
    first, second = doubling(engine, 1), doubling(engine, 2)
    ledger = Ledger(rollout_series)
    rollouts = [engine.make_rollout(first, 1, shadows=[(second, 1_000_000, 0, ())])]
    metrics = Metrics(Sources(engine, ledger, lambda: ""), fail)

    def publish() -> None:
        engine.publish([first, second], [], Replies({}), ready=True, rollouts=rollouts)
        ledger.take(rollouts)

    def totals() -> dict[tuple[str, ...], float]:
        families = {one.name: one for one in parse_openmetrics(page())}
        return {
            (s.labels["version"], s.labels["role"], s.labels["code"]): s.value
            for s in families["tiltyard_requests"].samples
        }

    def page() -> str:
        return metrics.page(OPENMETRICS, "").body.decode()

    publish()
    address = f"127.0.0.1:{engine.listen('127.0.0.1', 0)}"
    rows = np.ones((3, 2), np.float32)
    with InferenceClient(address) as client:
        for _ in range(4):
            client.infer("m", {"x": rows})
        while totals() != {("1", "champion", "OK"): 4}:  # counted after the reply was sent
            pass
        rollouts = [engine.make_rollout(first, 2)]
        publish()
        for _ in range(3):
            client.infer("m", {"x": rows})
        client.infer("m", {"x": rows}, version=2)
        while totals() != {("1", "champion", "OK"): 7, ("2", "pinned", "OK"): 1}:
            pass
        families = {one.name: one for one in parse_openmetrics(page())}
    batches = {s.name: s.value for s in families["tiltyard_batch_rows"].samples}
    assert batches["tiltyard_batch_rows_sum"] == 3  # of version 2, whose row is the last
    latency = [s for s in families["tiltyard_request_duration_seconds"].samples
               if s.name.endswith("_count")]  # fmt: skip
    assert sum(s.value for s in latency) == 8
    assert families["tiltyard_shadow_offered"].samples[0].value == 4
