"""A load generator that is built, and servers that answer as a test says."""

import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from tritonclient.grpc import service_pb2

from bench.corpus import MAGIC, block
from bench.load import METHOD, Target, build_loadgen

Handler = Callable[[bytes, grpc.ServicerContext], bytes]


@pytest.fixture(scope="session", autouse=True)
def loadgen() -> None:
    build_loadgen()


@pytest.fixture
def reply() -> service_pb2.ModelInferResponse:
    """The right answer: one FP32 output Y of shape [1, 2], 1.0 and 2.0."""
    message = service_pb2.ModelInferResponse()
    message.outputs.add(name="Y", datatype="FP32", shape=[1, 2])
    message.raw_output_contents.append(struct.pack("<2f", 1.0, 2.0))
    return message


@pytest.fixture
def right(reply: service_pb2.ModelInferResponse) -> bytes:
    """The right answer as bytes."""
    return bytes(reply.SerializeToString())


@pytest.fixture
def corpus(tmp_path: Path, right: bytes) -> Path:
    """Two different requests, the same right answer to both."""
    file = tmp_path / "test.corpus"
    content = MAGIC
    for model in ("a", "b"):
        request = service_pb2.ModelInferRequest(model_name=model).SerializeToString()
        content += block(request) + block(right)
    file.write_bytes(content)
    return file


@pytest.fixture
def serve(corpus: Path) -> Iterator[Callable[..., Target]]:
    """Start a gRPC server whose ModelInfer is the given function; one thread answers."""
    servers = []

    def start(
        handler: Handler,
        credentials: grpc.ServerCredentials | None = None,
        options: Sequence[tuple[str, int]] = (),
    ) -> Target:
        service, method = METHOD.strip("/").split("/")
        rpc = grpc.unary_unary_rpc_method_handler(handler)
        server = grpc.server(ThreadPoolExecutor(1), options=options)
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(service, {method: rpc}),)
        )
        if credentials is None:
            port = server.add_insecure_port("127.0.0.1:0")
        else:
            port = server.add_secure_port("127.0.0.1:0", credentials)
        server.start()
        servers.append(server)
        return Target(f"127.0.0.1:{port}", corpus)

    yield start
    for server in servers:
        server.stop(None).wait()


@pytest.fixture
def closed_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
