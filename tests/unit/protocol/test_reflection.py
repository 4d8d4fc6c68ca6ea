"""Reflection, as grpcurl-like tools use it: from a service's name to messages they can make."""

from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool

from tiltyard.protocol import messages
from tiltyard.protocol.reflection import reflect

PACKAGES = ["grpc.reflection.v1", "grpc.reflection.v1alpha"]


def ask(package: str, **request: Any) -> Any:
    request_class = messages.message_class(f"{package}.ServerReflectionRequest")
    return reflect(request_class(host="h", **request), package)


@pytest.mark.parametrize("package", PACKAGES)
def test_lists_every_service(package: str) -> None:
    reply = ask(package, list_services="")
    assert (reply.valid_host, reply.original_request.host) == ("h", "h")
    names = [service.name for service in reply.list_services_response.service]
    assert names == sorted(messages.SERVICES)


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("service", messages.SERVICES)
def test_a_tool_can_rebuild_each_service(package: str, service: str) -> None:
    reply = ask(package, file_containing_symbol=service)
    pool = descriptor_pool.DescriptorPool()
    for data in reversed(reply.file_descriptor_response.file_descriptor_proto):
        pool.Add(descriptor_pb2.FileDescriptorProto.FromString(data))
    assert pool.FindServiceByName(service).methods


def test_finds_files_and_deeper_symbols() -> None:
    by_name = ask(PACKAGES[0], file_by_filename="inference/grpc_service.proto")
    for symbol in (
        "inference.ModelInferRequest.InferInputTensor",
        "inference.GRPCInferenceService.ModelInfer",
    ):
        by_symbol = ask(PACKAGES[0], file_containing_symbol=symbol)
        assert by_name.file_descriptor_response == by_symbol.file_descriptor_response


@pytest.mark.parametrize(
    ("request_fields", "sentence"),
    [
        ({"file_by_filename": "no.proto"}, "there is no 'no.proto'"),
        ({"file_containing_symbol": "no.Such"}, "there is no 'no.Such'"),
        ({"all_extension_numbers_of_type": "inference.ModelInferRequest"}, "has extensions"),
        (
            {"file_containing_extension": {"containing_type": "x", "extension_number": 1}},
            "has extensions",
        ),
        ({}, "asks for nothing"),
    ],
)
def test_what_is_not_there_is_an_error_response(
    request_fields: dict[str, Any], sentence: str
) -> None:
    reply = ask(PACKAGES[0], **request_fields)
    assert reply.error_response.error_code == 5
    assert sentence in reply.error_response.error_message


def test_imports_are_given_once() -> None:
    for service in messages.SERVICES:
        files = ask(PACKAGES[0], file_containing_symbol=service).file_descriptor_response
        assert len(set(files.file_descriptor_proto)) == len(files.file_descriptor_proto)
