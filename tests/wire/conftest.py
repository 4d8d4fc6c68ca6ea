"""A gateway with a model for each datatype, beside the common one."""

import json
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest

from tests import models
from tests.conftest import publisher
from tests.wire.calls import FIXED_SIZE, UNLIMITED
from tiltyard.ops.gateway_process import GatewayProcess
from tiltyard.store import open_store

ECHO_RANKS = (0, 1, 3)


@pytest.fixture(scope="session")
def echo_gateway(
    tmp_path_factory: pytest.TempPathFactory,
    gateway_env: dict[str, str],
    gateway_prefix: tuple[str, ...],
) -> Iterator[GatewayProcess]:
    """Serves `echo_RANK` and `words_RANK` for ECHO_RANKS, `identity` and `two`.

    An echo has an input for each datatype of a fixed size, and words has one of strings: a model
    cannot be published with BF16 and strings, since onnxruntime binds no strings.
    """
    folder = tmp_path_factory.mktemp("echo")
    publish = publisher(open_store(str(folder / "store"), create=True), folder)
    for rank in ECHO_RANKS:
        publish(f"echo_{rank}", models.echo(rank, *FIXED_SIZE))
        words = folder / f"words_{rank}.json"
        words.write_text(json.dumps({"bytes": np.full((1,) * rank, "a").tolist()}))
        publish(f"words_{rank}", models.echo(rank, "BYTES"), samples=words)
    publish("identity", models.identity())
    publish("two", models.two_in_two_out())
    arguments = ["--store", str(folder / "store"), "--worker-threads", "1"]
    with GatewayProcess(arguments, env=gateway_env, prefix=gateway_prefix) as found:
        yield found
        assert found.stop() == 0, found.log()


@pytest.fixture(scope="session")
def identity_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with `identity` alone: gateways start on it in no time."""
    folder = tmp_path_factory.mktemp("identity")
    publisher(open_store(str(folder / "store"), create=True), folder)("identity", models.identity())
    return folder / "store"


QUEUE_ITEMS_MAX = 2
DEEP_ROWS = 128


@pytest.fixture(scope="session")
def queue_gateway(
    tmp_path_factory: pytest.TempPathFactory,
    gateway_env: dict[str, str],
    gateway_prefix: tuple[str, ...],
) -> Iterator[GatewayProcess]:
    """One worker runs everything; while it runs DEEP_ROWS of `deep`, calls of `identity` wait."""
    folder = tmp_path_factory.mktemp("queue")
    publish = publisher(open_store(str(folder / "store"), create=True), folder)
    publish("identity", models.identity())
    publish("deep", models.slow(layers=400))
    limits = {"INLINE_RUN_US_MAX": 0, "QUEUE_ITEMS_MAX": QUEUE_ITEMS_MAX}
    env = gateway_env | {f"TILTYARD_LIMITS_{name}": str(value) for name, value in limits.items()}
    arguments = ["--store", str(folder / "store"), "--worker-threads", "1"]
    with GatewayProcess(arguments, env=env, prefix=gateway_prefix) as found:
        yield found
        assert found.stop() == 0, found.log()


@pytest.fixture(scope="session")
def echo_channel(echo_gateway: GatewayProcess) -> Iterator[grpc.Channel]:
    """A grpcio channel to the gateway with the echo models."""
    with grpc.insecure_channel(echo_gateway.address, UNLIMITED) as found:
        yield found
