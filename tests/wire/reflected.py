"""A client of the admin port that knows nothing but what reflection says, and what errors say."""

from collections.abc import Callable, Iterable
from typing import Any

import grpc
import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from google.rpc import error_details_pb2 as details
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from grpc_status import rpc_status

from tests.unit.admin.serving import TIMEOUT_S

ADMIN = "tiltyard.admin.v1.Admin"


class Reflected:
    """A client that knows nothing but what reflection says."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel
        self._pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        self.service = self._pool.FindServiceByName(ADMIN)

    def request(self, method: str, **fields: Any) -> Any:
        found = self.service.FindMethodByName(method)
        return message_factory.GetMessageClass(found.input_type)(**fields)

    def message(self, name: str, **fields: Any) -> Any:
        found = self._pool.FindMessageTypeByName(f"tiltyard.admin.v1.{name}")
        return message_factory.GetMessageClass(found)(**fields)

    def call(self, method: str, **fields: Any) -> Any:
        return self._call(method, "unary_unary")(self.request(method, **fields), timeout=TIMEOUT_S)

    def watch(self, method: str = "Watch", **fields: Any) -> Any:
        return self._call(method, "unary_stream")(self.request(method, **fields), timeout=TIMEOUT_S)

    def publish(self, parts: Iterable[dict[str, Any]]) -> Any:
        return self.upload("PublishVersion", parts)

    def upload(self, method: str, parts: Iterable[dict[str, Any]]) -> Any:
        messages = (self.request(method, **part) for part in parts)
        return self._call(method, "stream_unary")(messages, timeout=TIMEOUT_S)

    def _call(self, method: str, kind: str) -> Any:
        found = self.service.FindMethodByName(method)
        read = message_factory.GetMessageClass(found.output_type).FromString
        return getattr(self._channel, kind)(
            f"/{ADMIN}/{method}",
            request_serializer=lambda asked: asked.SerializeToString(),
            response_deserializer=read,
        )


def detail(error: grpc.RpcError, kind: Any) -> Any:
    """One of the details, as grpcio-status and google's own classes read them."""
    status = rpc_status.from_call(error)
    assert status is not None
    for packed in status.details:
        if packed.Is(kind.DESCRIPTOR):
            return kind.FromString(packed.value)
    raise AssertionError(f"no {kind.DESCRIPTOR.full_name} in {status}")


def refused(call: Callable[[], Any]) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value


def check(error: grpc.RpcError, code: grpc.StatusCode, reason: str) -> None:
    assert error.code() is code
    info = detail(error, details.ErrorInfo)
    assert (info.reason, info.domain) == (reason, "tiltyard")
    assert detail(error, details.Help).links[0].description.endswith(".")
