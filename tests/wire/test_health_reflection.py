"""grpc.health.v1 and server reflection, with the clients that grpcio ships."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from tests.conftest import Serve
from tests.wire.calls import ROWS, TIMEOUT_S, identity_request, infer
from tiltyard.protocol import messages

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
INFERENCE = "inference.GRPCInferenceService"


@pytest.fixture
def health(channel: grpc.Channel) -> Any:
    return health_pb2_grpc.HealthStub(channel)


@pytest.mark.parametrize("service", ["", INFERENCE, "identity"])
def test_check(health: Any, service: str) -> None:
    """The server, its service, and each model are services to the health check."""
    request = health_pb2.HealthCheckRequest(service=service)
    assert health.Check(request, timeout=TIMEOUT_S).status == SERVING


def test_check_of_an_unknown_service(health: Any) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        health.Check(health_pb2.HealthCheckRequest(service="nobody"), timeout=TIMEOUT_S)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert caught.value.details() == "service 'nobody' is not known to the health check"


def test_watch_of_an_unknown_service_waits_for_it(health: Any) -> None:
    watch = health.Watch(health_pb2.HealthCheckRequest(service="nobody"), timeout=TIMEOUT_S)
    assert next(watch).status == SERVICE_UNKNOWN
    watch.cancel()


def test_watch_is_told_of_the_drain(serve: Serve, identity_store: Path) -> None:
    gateway = serve("--store", str(identity_store), "--worker-threads", "1")
    with grpc.insecure_channel(gateway.address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        watches = [
            health.Watch(health_pb2.HealthCheckRequest(service=service), timeout=TIMEOUT_S)
            for service in ("", INFERENCE, "identity")
        ]
        assert [next(watch).status for watch in watches] == [SERVING] * 3
        with ThreadPoolExecutor(1) as pool:
            stopped = pool.submit(gateway.stop)
            assert [next(watch).status for watch in watches] == [NOT_SERVING] * 3
            for watch in watches:
                with pytest.raises(grpc.RpcError) as caught:
                    next(watch)
                assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
                assert caught.value.details() == (
                    "the gateway is shutting down and takes no new calls"
                )
            assert stopped.result() == 0


@pytest.fixture
def reflected(channel: grpc.Channel) -> DescriptorPool:
    """All that reflection says, in a pool of its own."""
    return DescriptorPool(ProtoReflectionDescriptorDatabase(channel))


def test_reflection_lists_the_services(channel: grpc.Channel) -> None:
    found = ProtoReflectionDescriptorDatabase(channel).get_services()
    assert sorted(found) == [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        INFERENCE,
    ]


def test_a_client_made_from_reflection_alone(
    channel: grpc.Channel, reflected: DescriptorPool
) -> None:
    method = reflected.FindServiceByName(INFERENCE).FindMethodByName("ModelInfer")
    request_class: Any = message_factory.GetMessageClass(method.input_type)
    reply_class: Any = message_factory.GetMessageClass(method.output_type)
    request = request_class(model_name="identity", id="r-1")
    request.inputs.add(name="x", datatype="FP32", shape=ROWS.shape)
    request.raw_input_contents.append(ROWS.tobytes())
    call = channel.unary_unary(
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=request_class.SerializeToString,
        response_deserializer=reply_class.FromString,
    )
    reply = call(request, timeout=TIMEOUT_S)
    assert (reply.model_name, reply.id) == ("identity", "r-1")
    np.testing.assert_array_equal(np.frombuffer(reply.raw_output_contents[0], "<f4"), ROWS.ravel())


def test_every_method_that_is_reflected_can_be_called(
    channel: grpc.Channel, reflected: DescriptorPool
) -> None:
    """None is unknown to the data plane: each answers, or says why it is not implemented."""
    for method in reflected.FindServiceByName(INFERENCE).methods:
        if method.client_streaming:
            continue
        call = channel.unary_unary(messages.method_path(method.name))
        try:
            call(b"", timeout=TIMEOUT_S)
        except grpc.RpcError as error:
            assert "there is no method" not in error.details()  # noqa: PT017 - some do not raise


def ask(kind: str, value: str) -> Any:
    return reflection_pb2.ServerReflectionRequest(**{kind: value})


def requests() -> Iterator[Any]:
    yield ask("file_by_filename", "inference/grpc_service.proto")
    yield ask("file_by_filename", "nowhere.proto")
    yield ask("file_containing_symbol", "inference.GRPCInferenceService.ModelInfer")
    yield ask("file_containing_symbol", "inference.ModelInferRequest.InferInputTensor")
    yield ask("file_containing_symbol", "inference.Nothing")
    yield reflection_pb2.ServerReflectionRequest()
    yield ask("list_services", "")


@pytest.mark.parametrize("package", ["grpc.reflection.v1", "grpc.reflection.v1alpha"])
def test_one_stream_of_reflection_answers_many_requests(
    channel: grpc.Channel, package: str
) -> None:
    """v1 and v1alpha have the same messages, so grpcio's v1alpha classes read both."""
    call = channel.stream_stream(
        f"/{package}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    asked = list(requests())
    replies = list(call(iter(asked), timeout=TIMEOUT_S))
    assert [reply.original_request for reply in replies] == asked
    assert [reply.WhichOneof("message_response") for reply in replies] == [
        "file_descriptor_response",
        "error_response",
        "file_descriptor_response",
        "file_descriptor_response",
        "error_response",
        "error_response",
        "list_services_response",
    ]
    # A file comes with those that it imports.
    assert len(replies[0].file_descriptor_response.file_descriptor_proto) == 2
    errors = [reply.error_response for reply in replies if reply.HasField("error_response")]
    assert {error.error_code for error in errors} == {grpc.StatusCode.NOT_FOUND.value[0]}
    assert errors[0].error_message == ("there is no 'nowhere.proto' among this server's protocols")
    assert infer(channel, identity_request()).model_name == "identity"


def test_the_reflected_stub_of_grpcio(channel: grpc.Channel) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    (reply,) = stub.ServerReflectionInfo(iter([ask("list_services", "")]), timeout=TIMEOUT_S)
    assert len(reply.list_services_response.service) == len(messages.SERVICES)
