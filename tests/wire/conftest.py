"""A gateway with a model for each datatype, beside the common one."""

import json
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from tests import models
from tests.conftest import publisher
from tests.wire.calls import UNLIMITED
from tiltyard.ops.gateway_process import GatewayProcess
from tiltyard.store import open_store

WORDS = {"scalar": "a", "vector": ["b"], "matrix": [["c", "d"]], "deep": [[[["e"]]]]}


@pytest.fixture(scope="session")
def echo_gateway(
    tmp_path_factory: pytest.TempPathFactory,
    gateway_env: dict[str, str],
    gateway_prefix: tuple[str, ...],
) -> Iterator[GatewayProcess]:
    """Serves `echo_bool` to `echo_bytes`: for each datatype, tensors of ranks 0, 1, 2 and 4."""
    folder = tmp_path_factory.mktemp("echo")
    publish = publisher(open_store(str(folder / "store"), create=True), folder)
    words = folder / "words.json"
    words.write_text(json.dumps(WORDS))
    for datatype in models.ONNX_TYPES:
        samples = words if datatype == "BYTES" else None
        publish(f"echo_{datatype.lower()}", models.echo(datatype), samples=samples)
    arguments = ["--store", str(folder / "store"), "--worker-threads", "1"]
    with GatewayProcess(arguments, env=gateway_env, prefix=gateway_prefix) as found:
        yield found
        assert found.stop() == 0, found.log()


@pytest.fixture(scope="session")
def echo_channel(echo_gateway: GatewayProcess) -> Iterator[grpc.Channel]:
    """A grpcio channel to the gateway with the echo models."""
    with grpc.insecure_channel(echo_gateway.address, UNLIMITED) as found:
        yield found


@pytest.fixture(scope="session")
def wire_channel(gateway: GatewayProcess) -> Iterator[grpc.Channel]:
    """One channel for all tests of a kind: what one test does wrong must not disturb the next."""
    with grpc.insecure_channel(gateway.address, UNLIMITED) as found:
        yield found
