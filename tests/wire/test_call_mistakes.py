"""Mistakes around the message: method, headers, framing, compression, and calls that ask wrongly.

What no gRPC library would send goes through a raw connection; a good call follows on each.
"""

import gzip
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from grpc import StatusCode

from tests.wire.calls import (
    TIMEOUT_S,
    check_identity,
    identity_request,
    infer,
    stream,
    stream_infer,
    unary,
)
from tests.wire.raw_call import INFER_PATH, RawConnection, framed
from tiltyard.ops.gateway_process import GatewayProcess
from tiltyard.protocol import messages

GOOD = identity_request().SerializeToString()
LIMIT = 64 * 2**20


@pytest.fixture
def raw(echo_gateway: GatewayProcess) -> Iterator[RawConnection]:
    """A raw connection; when the test has done its wrong, a good call on it must be answered."""
    with RawConnection(echo_gateway.address) as found:
        yield found
        reply = found.call(framed(GOOD))
        assert reply.status == 0
        check_identity(messages.ModelInferResponse.FromString(reply.body[5:]))


KNOWN_TYPES = "expected application/grpc or application/grpc+proto"
HEADERS = [
    (
        {"content_type": "application/json"},
        StatusCode.UNKNOWN,
        f"the content-type is application/json; {KNOWN_TYPES}",
    ),
    (
        {"content_type": None},
        StatusCode.UNKNOWN,
        f"the content-type is none; {KNOWN_TYPES}",
    ),
    (
        {"content_type": "application/grpc+json"},
        StatusCode.UNKNOWN,
        f"the content-type is application/grpc+json; {KNOWN_TYPES}",
    ),
    ({"method": "GET"}, StatusCode.UNKNOWN, "the HTTP method is GET; expected POST"),
    (
        {"path": "/inference.GRPCInferenceService/ModelGuess"},
        StatusCode.UNIMPLEMENTED,
        "there is no method '/inference.GRPCInferenceService/ModelGuess' here",
    ),
    ({"path": "/"}, StatusCode.UNIMPLEMENTED, "there is no method '/' here"),
    *(
        (
            {"grpc_timeout": timeout},
            StatusCode.INVALID_ARGUMENT,
            f"grpc-timeout '{timeout}' is not 1 to 8 digits and one of the units H, M, S, m, u, n",
        )
        for timeout in ("10", "s", "-1S", "123456789S", "1x", "1.5S")
    ),
    (
        {"grpc_encoding": "br"},
        StatusCode.UNIMPLEMENTED,
        "grpc-encoding 'br' is not supported; expected identity or gzip",
    ),
    (
        {"own": "x" * 17_000},
        StatusCode.RESOURCE_EXHAUSTED,
        "the headers of the call are larger than the limit of 16384 bytes",
    ),
]


@pytest.mark.parametrize(
    ("headers", "code", "sentence"), HEADERS, ids=[str(row[0])[:40] for row in HEADERS]
)
def test_headers(
    raw: RawConnection, headers: dict[str, Any], code: StatusCode, sentence: str
) -> None:
    reply = raw.call(framed(GOOD), **headers)
    assert (reply.status, reply.trailers["grpc-message"]) == (code.value[0], sentence)
    assert reply.body == b""


def test_wrong_http_is_said_in_http_too(raw: RawConnection) -> None:
    assert raw.call(b"", content_type="text/html").headers[":status"] == "415"
    assert raw.call(b"", method="GET").headers[":status"] == "405"
    assert raw.call(framed(GOOD), path="/nowhere").headers[":status"] == "200"


def test_an_unknown_encoding_is_told_the_known_ones(raw: RawConnection) -> None:
    reply = raw.call(framed(GOOD), grpc_encoding="br")
    assert reply.trailers["grpc-accept-encoding"] == "identity,gzip"


NOT_INFLATED = "the compressed message cannot be inflated"
MESSAGES = [
    (b"", StatusCode.UNIMPLEMENTED, f"method '{INFER_PATH}' expects one message; none came"),
    (
        framed(GOOD) + framed(GOOD),
        StatusCode.UNIMPLEMENTED,
        f"method '{INFER_PATH}' expects one message; more came",
    ),
    (
        framed(GOOD)[:-1],
        StatusCode.INVALID_ARGUMENT,
        "the gRPC message framing is broken: the call ended inside a message",
    ),
    (
        framed(GOOD)[:3],
        StatusCode.INVALID_ARGUMENT,
        "the gRPC message framing is broken: the call ended inside a message",
    ),
    (
        framed(GOOD, flag=2),
        StatusCode.INVALID_ARGUMENT,
        "the gRPC message framing is broken: the first byte of a message is 0 or 1, not 2",
    ),
    (
        b"\0" + (LIMIT + 1).to_bytes(4, "big"),
        StatusCode.RESOURCE_EXHAUSTED,
        f"the message has {LIMIT + 1} bytes; the limit is {LIMIT}",
    ),
    (
        framed(gzip.compress(GOOD), flag=1),
        StatusCode.INTERNAL,
        f"{NOT_INFLATED}: a message is flagged as compressed, but the call names no grpc-encoding",
    ),
]


@pytest.mark.parametrize(
    ("body", "code", "sentence"), MESSAGES, ids=[row[2][-40:] for row in MESSAGES]
)
def test_framing(raw: RawConnection, body: bytes, code: StatusCode, sentence: str) -> None:
    reply = raw.call(body)
    assert (reply.status, reply.trailers["grpc-message"]) == (code.value[0], sentence)


GZIPPED = [
    (b"not gzip at all", StatusCode.INTERNAL, "the data is not valid gzip"),
    (gzip.compress(GOOD)[:-5], StatusCode.INTERNAL, "the gzip data ends too early"),
    (b"", StatusCode.INTERNAL, "the gzip data ends too early"),
    (gzip.compress(GOOD) + b"more", StatusCode.INTERNAL, "bytes follow the gzip data's end"),
]


@pytest.mark.parametrize(("data", "code", "what"), GZIPPED, ids=[row[2] for row in GZIPPED])
def test_compression(raw: RawConnection, data: bytes, code: StatusCode, what: str) -> None:
    reply = raw.call(framed(data, flag=1), grpc_encoding="gzip")
    sentence = f"{NOT_INFLATED}: {what}"
    assert (reply.status, reply.trailers["grpc-message"]) == (code.value[0], sentence)


def test_a_small_message_that_inflates_beyond_the_limit(raw: RawConnection) -> None:
    bomb = gzip.compress(bytes(LIMIT + 1))
    assert len(bomb) < LIMIT / 900
    reply = raw.call(framed(bomb, flag=1), grpc_encoding="gzip")
    assert reply.status == StatusCode.RESOURCE_EXHAUSTED.value[0]
    assert reply.trailers["grpc-message"] == (
        f"the message has more than {LIMIT} bytes; the limit is {LIMIT}"
    )


MALFORMED = [
    (b"\xff", "it ends inside a number"),
    (b"\x08" + b"\xff" * 10, "a number has more than ten bytes"),
    (GOOD[:-1], "a field is longer than its message"),
    (b"\x0a\x02\xc3\x28", "a string field is not UTF-8"),
    (b"\x0f", "a field has an unknown wire type"),
    (b"\x02\x00", "a field has the number 0"),
    (b"\x3a\x00" * 16_385, "it has more than 16384 inputs, outputs, parameters and data entries"),
]


@pytest.mark.parametrize(("message", "what"), MALFORMED, ids=[row[1] for row in MALFORMED])
def test_messages_that_are_no_protobuf(
    echo_channel: grpc.Channel, message: bytes, what: str
) -> None:
    sentence = f"the message is not well-formed protobuf: {what}"
    with pytest.raises(grpc.RpcError) as caught:
        infer(echo_channel, message)
    assert caught.value.code() is StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == sentence
    wrong, right = stream(echo_channel, [message, identity_request()])
    assert wrong.error_message == sentence
    check_identity(right.infer_response)


def test_a_stream_that_wants_its_errors_as_status(echo_channel: grpc.Channel) -> None:
    requests = [identity_request(), messages.ModelInferRequest(), identity_request()]
    replies = stream_infer(echo_channel)(
        iter(requests), timeout=TIMEOUT_S, metadata=[("triton_grpc_error", "true")]
    )
    check_identity(next(replies).infer_response)
    with pytest.raises(grpc.RpcError) as caught:
        list(replies)
    assert caught.value.code() is StatusCode.NOT_FOUND
    assert caught.value.details() == "model '' is not found"


NO_CONTROL = (
    "models are loaded and unloaded on this port only when the gateway runs with"
    " --allow-model-control"
)
NO_SHARED_MEMORY = "shared memory is not supported; send tensors in raw_input_contents"
NOT_HERE = {
    "RepositoryModelLoad": NO_CONTROL,
    "RepositoryModelUnload": NO_CONTROL,
    "SystemSharedMemoryStatus": NO_SHARED_MEMORY,
    "SystemSharedMemoryRegister": NO_SHARED_MEMORY,
    "SystemSharedMemoryUnregister": NO_SHARED_MEMORY,
    "CudaSharedMemoryStatus": NO_SHARED_MEMORY,
    "CudaSharedMemoryRegister": NO_SHARED_MEMORY,
    "CudaSharedMemoryUnregister": NO_SHARED_MEMORY,
    "TraceSetting": "tracing is not set over this port",
    "LogSettings": "logging is not set over this port",
}


@pytest.mark.parametrize("method", NOT_HERE)
def test_methods_that_this_gateway_does_not_have(echo_channel: grpc.Channel, method: str) -> None:
    path = messages.method_path(method)
    check_refused(
        echo_channel,
        method,
        {},
        StatusCode.UNIMPLEMENTED,
        f"method '{path}' is not implemented: {NOT_HERE[method]}",
    )


@pytest.mark.parametrize("method", ["ModelReady", "ModelMetadata", "ModelConfig"])
@pytest.mark.parametrize(
    ("asked", "code", "sentence"),
    [
        ({"name": "nobody"}, StatusCode.NOT_FOUND, "model 'nobody' is not found"),
        (
            {"name": "two", "version": "3"},
            StatusCode.NOT_FOUND,
            "model 'two' has no version 3; its versions are 1",
        ),
        (
            {"name": "two", "version": "v1"},
            StatusCode.INVALID_ARGUMENT,
            "model version 'v1' is not a positive integer",
        ),
    ],
)
def test_asking_about_what_is_not_there(
    echo_channel: grpc.Channel, method: str, asked: dict[str, str], code: StatusCode, sentence: str
) -> None:
    check_refused(echo_channel, method, asked, code, sentence)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"name": "nobody"}, "no model 'nobody' is ready here, so it has no statistics"),
        ({"name": "two", "version": "3"}, "'two' has no ready version '3'; ready: 1"),
    ],
)
def test_statistics_of_what_is_not_there(
    echo_channel: grpc.Channel, asked: dict[str, str], sentence: str
) -> None:
    check_refused(echo_channel, "ModelStatistics", asked, StatusCode.NOT_FOUND, sentence)


def test_a_repository_has_no_name_here(echo_channel: grpc.Channel) -> None:
    check_refused(
        echo_channel,
        "RepositoryIndex",
        {"repository_name": "other"},
        StatusCode.UNIMPLEMENTED,
        "method 'RepositoryIndex with a repository_name' is not implemented: the gateway has one"
        " store and it has no name",
    )


def check_refused(
    channel: grpc.Channel, method: str, asked: dict[str, str], code: StatusCode, sentence: str
) -> None:
    request = getattr(messages, f"{method}Request")(**asked)
    with pytest.raises(grpc.RpcError) as caught:
        unary(channel, method)(request, timeout=TIMEOUT_S)
    assert (caught.value.code(), caught.value.details()) == (code, sentence)
    check_identity(infer(channel, identity_request()))
