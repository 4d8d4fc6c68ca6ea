"""A reply is the same alone and inside any batch, for every model; models whose rows touch each
other are never batched.
"""

import concurrent.futures
import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests import models
from tests.e2e.batch_cases import CASES, Case, Inputs, cases
from tests.e2e.burst import Answer, Burst
from tests.models import hostile
from tiltyard.client import InferenceClient
from tiltyard.client.inference_client import make_request
from tiltyard.ops.gateway_process import GatewayProcess
from tiltyard.store import Manifest, Store, open_store
from tiltyard.store.publish import publish_model

pytestmark = pytest.mark.timeout(900)  # the first one publishes some seventy models

CONNECTIONS = 2
ROUNDS = 3
# Models of tests.models that cannot be served, or are no models.
HOSTILE = frozenset(name for name in models.__all__ if hasattr(hostile, name))
NO_MODELS = frozenset({"breast_cancer", "w3_rows"})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    return cases(tmp_path_factory.mktemp("external"))


@pytest.fixture(scope="module")
def manifests(
    served: dict[str, Case], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Store, dict[str, Manifest]]:
    """A store with every case and every coupler, published as a user would."""
    folder = tmp_path_factory.mktemp("invariance")
    store = open_store(str(folder / "store"), create=True)
    couplers = {name: Case(model(), []) for name, model in models.COUPLERS.items()}

    def publish(name: str, case: Case) -> Manifest:
        path = case.model if isinstance(case.model, Path) else folder / f"{name}.onnx"
        if isinstance(case.model, bytes):
            path.write_bytes(case.model)
        return publish_model(store, name, path, samples=write_samples(folder / name, case.samples))

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        made = {
            name: pool.submit(publish, name, case) for name, case in {**served, **couplers}.items()
        }
        return store, {name: future.result() for name, future in made.items()}


def write_samples(path: Path, samples: Inputs | None) -> Path | None:
    if samples is None:
        return None
    if any(array.dtype.kind == "U" for array in samples.values()):
        path = path.with_suffix(".json")
        path.write_text(json.dumps({name: array.tolist() for name, array in samples.items()}))
        return path
    path = path.with_suffix(".npz")
    np.savez(path, allow_pickle=False, **samples)
    return path


@pytest.fixture(scope="module")
def gateway(
    manifests: tuple[Store, dict[str, Manifest]],
    gateway_env: dict[str, str],
    gateway_prefix: tuple[str, ...],
) -> Iterator[GatewayProcess]:
    arguments = ["--store", manifests[0].uri, "--io-threads", "2", "--worker-threads", "2"]
    with GatewayProcess(arguments, env=gateway_env, prefix=gateway_prefix) as found:
        assert "failed=0" in found.ready_line, found.log()
        yield found
        assert found.stop() == 0, found.log()


class Counted:
    """What ModelStatistics says of a version since this was made."""

    def __init__(self, client: InferenceClient, name: str) -> None:
        self._client = client
        self._name = name
        self._before = self._read()

    def _read(self) -> Counter[str]:
        (stats,) = self._client.statistics(self._name)
        runs = {str(batch.batch_size): batch.compute_infer.count for batch in stats.batch_stats}
        answered = stats.inference_stats.success.count
        return Counter({"runs": stats.execution_count, "answered": answered, **runs})

    def read(self) -> Counter[str]:
        return self._read() - self._before


def requests_of(name: str, inputs: list[Inputs]) -> list[bytes]:
    return [make_request(name, one).SerializeToString() for one in inputs]


def send_bursts(address: str, requests: list[bytes]) -> list[list[Answer]]:
    """All requests at once, in an order that changes, on several connections at the same time."""

    def burst(seed: int) -> list[list[Answer]]:
        shuffled = random.Random(seed)
        found = []
        with Burst(address) as connection:
            for _ in range(ROUNDS):
                order = list(range(len(requests)))
                shuffled.shuffle(order)
                answers = connection.send([requests[index] for index in order])
                by_request = dict(zip(order, answers, strict=True))
                found.append([by_request[index] for index in range(len(requests))])
        return found

    with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
        return [answers for found in pool.map(burst, range(CONNECTIONS)) for answers in found]


def send_alone(address: str, requests: list[bytes]) -> list[Answer]:
    """One after the other, with nothing else in flight."""
    with Burst(address) as connection:
        return [connection.send([request])[0] for request in requests]


def check_same(alone: Answer, among: Answer, error_max: float) -> None:
    assert (among.status, among.sentence) == (alone.status, alone.sentence)
    if alone.status != 0 or among.body == alone.body:
        return
    assert error_max > 0, "the bits differ"
    expected, got = alone.outputs(), among.outputs()
    assert list(expected) == list(got)
    for name, (datatype, shape, raw) in expected.items():
        assert got[name][:2] == (datatype, shape)
        assert datatype == "FP32"
        a = np.frombuffer(raw, "<f4").astype(np.float64)
        b = np.frombuffer(got[name][2], "<f4").astype(np.float64)
        is_same = (a == b) | (np.isnan(a) & np.isnan(b))
        assert np.isfinite(a[~is_same]).all()
        assert np.isfinite(b[~is_same]).all()
        a, b = a[~is_same], b[~is_same]
        assert (np.abs(a - b) <= error_max * np.maximum(np.abs(a), np.abs(b))).all()


def check_bursts(
    address: str, requests: list[bytes], alone: list[Answer], error_max: float
) -> None:
    for answers in send_bursts(address, requests):
        for one, among in zip(alone, answers, strict=True):
            check_same(one, among, error_max)


def test_every_model_of_the_tests_is_tried() -> None:
    functions = {name for name in models.__all__ if name.islower()} - HOSTILE - NO_MODELS
    assert {name.removesuffix("_path") for name in functions} <= set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_reply_is_the_same_alone_and_in_any_batch(
    gateway: GatewayProcess, served: dict[str, Case], name: str
) -> None:
    case = served[name]
    with InferenceClient(gateway.address) as client:
        parameters = client.model_config(name).parameters
        said = {key: value.string_value for key, value in parameters.items()}
        assert said["batching"] == case.batching
        error_max = float(said.get("batching_error_max", "0"))
        singles = requests_of(name, case.rows)
        alone = send_alone(gateway.address, singles)
        # A batch with a row that cannot be run is run again one by one, so those come later.
        good = [index for index, answer in enumerate(alone) if answer.status == 0]
        assert len(good) >= len(alone) // 2
        counted = Counted(client, name)
        check_bursts(
            gateway.address,
            [singles[index] for index in good],
            [alone[index] for index in good],
            error_max,
        )
        runs = counted.read()
    if case.batching == "off":
        assert runs["runs"] == runs["answered"] == runs["1"]
        return
    # Every request had one row, so larger batches are requests that were put together.
    assert runs["runs"] < runs["answered"]
    assert any(runs[size] for size in runs if size not in ("runs", "answered", "0", "1"))
    many = requests_of(name, case.requests_of_many())
    alone += send_alone(gateway.address, many)
    check_bursts(gateway.address, singles + many, alone, error_max)


@pytest.mark.parametrize("name", models.COUPLERS)
def test_models_whose_rows_touch_are_never_batched(
    gateway: GatewayProcess, manifests: tuple[Store, dict[str, Manifest]], name: str
) -> None:
    verdict = manifests[1][name].description.rowwise
    assert not verdict.proved
    assert re.match(r"\w+ node (that makes )?'[^']+': ", verdict.reason)
    generator = np.random.default_rng(5)
    rows = generator.standard_normal((40, 4)).astype(np.float32)
    rows[::7] *= 1000  # beyond every threshold
    requests = requests_of(name, [{"x": row.reshape(1, 4)} for row in rows])
    alone = send_alone(gateway.address, requests)
    with InferenceClient(gateway.address) as client:
        assert client.model_config(name).parameters["batching"].string_value == "off"
        counted = Counted(client, name)
        if name in models.UNSTEADY_COUPLERS:
            send_bursts(gateway.address, requests)
        else:
            check_bursts(gateway.address, requests, alone, error_max=0)
        runs = counted.read()
    answered = CONNECTIONS * ROUNDS * sum(answer.status == 0 for answer in alone)
    assert answered > 0
    assert runs == Counter({"runs": answered, "answered": answered, "1": answered})
