"""gRPC over HTTP/2 with all in it that can be wrong: each call gets a status and a reason."""

import gzip
from collections.abc import Sequence

from tests.wire.hostile.case import Answered, Case, table
from tests.wire.hostile.target import Target
from tests.wire.hostile.wire import (
    END_STREAM,
    PADDED,
    Kind,
    data,
    frame,
    headers,
    long_data,
    long_headers,
    message,
    request_fields,
)

MESSAGE_BYTES_MAX = 1 << 20  # conftest.py
OK, UNKNOWN, INVALID, DEADLINE, EXHAUSTED, UNIMPLEMENTED, INTERNAL = 0, 2, 3, 4, 8, 12, 13
OPEN = headers(request_fields())
STREAM = headers(request_fields("ModelStreamInfer"))


def sent(name: str, body: bytes, grpc_status: int) -> Case:
    """A row: a ServerLive call with this body."""
    return Case(name, OPEN + data(body), Answered(grpc_status))


def asked(name: str, grpc_status: int, status: int = 200, **changed: str | None) -> Case:
    """A row: a call with other headers."""
    return Case(
        name,
        long_headers(request_fields(**changed)) + data(message()),
        Answered(grpc_status, status=status),
    )


def packed(name: str, body: bytes, grpc_status: int, encoding: str | None = "gzip") -> Case:
    """A row: a message that is flagged as compressed."""
    fields = request_fields(grpc_encoding=encoding)
    return Case(name, headers(fields) + long_data(message(body, 1)), Answered(grpc_status))


def prefix(length: int, flag: int = 0) -> bytes:
    return bytes([flag]) + length.to_bytes(4)


FRAMING: Sequence[Case] = [
    sent("a torn prefix", b"\0\0", INVALID),
    sent("a length without its bytes", prefix(9), INVALID),
    sent("fewer bytes than the length", prefix(9) + b"four", INVALID),
    sent("a length above the limit", prefix(MESSAGE_BYTES_MAX + 1) + b"x", EXHAUSTED),
    sent("a length of 2^32 - 1", prefix(0xFFFFFFFF), EXHAUSTED),
    *(sent(f"flag {flag}", message(b"", flag), INVALID) for flag in (2, 3, 127, 128, 255)),
    sent("two messages", message() + message(), UNIMPLEMENTED),
    sent("a message and a torn one", message() + b"\0", UNIMPLEMENTED),
    sent("no message", b"", UNIMPLEMENTED),
    sent("not protobuf", message(b"\xff\xff\xff"), INVALID),
    Case("HEADERS that end it", headers(request_fields(), 1, 5), Answered(UNIMPLEMENTED)),
    Case(
        "two messages in two frames",
        OPEN + data(message(), flags=0) + data(message()),
        Answered(UNIMPLEMENTED),
    ),
    Case(
        "one byte a frame, with padding",
        OPEN
        + b"".join(
            frame(Kind.DATA, PADDED, 1, b"\x07" + bytes([byte]) + bytes(7))
            for byte in message(b"\x7a\x02ok")
        )
        + frame(Kind.DATA, END_STREAM | PADDED, 1, b"\xff" + bytes(255)),
        Answered(),
    ),
    Case("a stream that ends in a prefix", STREAM + data(b"\0\0\0"), Answered(INVALID)),
    Case("a stream that ends in a message", STREAM + data(prefix(5) + b"x"), Answered(INVALID)),
    Case("a stream with flag 9", STREAM + data(message(b"", 9)), Answered(INVALID)),
    Case(
        "a stream with a length above the limit",
        STREAM + data(prefix(MESSAGE_BYTES_MAX + 1)),
        Answered(EXHAUSTED),
    ),
    Case("a stream without a message", STREAM + data(b""), Answered(OK)),
]

METADATA: Sequence[Case] = [
    asked("GET", UNKNOWN, 405, method="GET"),
    asked("PUT", UNKNOWN, 405, method="PUT"),
    asked("no te", OK, te=None),
    asked("no content-type", UNKNOWN, 415, content_type=None),
    *(
        asked(f"content-type {kind}", UNKNOWN, 415, content_type=kind)
        for kind in (
            "application/json",
            "application/grpc+json",
            "application/grpc-web",
            "application/grpc-web+proto",
            "application/grpcx",
            "application/grpc+",
            "",
        )
    ),
    asked("content-type with +proto", OK, content_type="application/grpc+proto"),
    asked("content-type with parameters", OK, content_type="application/grpc;charset=utf-8"),
    *(
        asked(f"grpc-timeout {text!r}", INVALID, grpc_timeout=text)
        for text in (
            "123456789S",
            "1x",
            "-1S",
            "+1S",
            "S",
            "1",
            "",
            "1.5S",
            "1 S",
            "1SS",
            "\u0661S",
        )
    ),
    asked("grpc-timeout 0n", DEADLINE, grpc_timeout="0n"),
    asked("grpc-timeout 99999999H", OK, grpc_timeout="99999999H"),
    asked("an unknown grpc-encoding", UNIMPLEMENTED, grpc_encoding="snappy"),
    asked("grpc-encoding of two", UNIMPLEMENTED, grpc_encoding="gzip,identity"),
    asked("an unknown method", UNIMPLEMENTED, path="/inference.GRPCInferenceService/Nothing"),
    asked("an unknown service", UNIMPLEMENTED, path="/no.such.Service/ServerLive"),
    asked("a path of eight kilobytes", UNIMPLEMENTED, path="/" + "x" * 8_192),
    asked("a path of odd bytes", UNIMPLEMENTED, path="/%00\x80\xff'{}%s"),
    asked("metadata above the limit", EXHAUSTED, x_large="x" * 15_900, x_more="y" * 500),
    asked("metadata below the limit", OK, x_large="x" * 15_000),
    asked("metadata that is not base64", OK, x_odd_bin="!!!"),
]

COMPRESSION: Sequence[Case] = [
    packed("gzip", gzip.compress(b"\x7a\x02ok"), OK),
    packed("gzip of nothing", gzip.compress(b""), OK),
    packed("flagged without an encoding", b"", INTERNAL, encoding=None),
    packed("flagged, and the encoding is identity", b"", INTERNAL, encoding="identity"),
    asked("an encoding that no message uses", OK, grpc_encoding="gzip"),
    packed("an empty gzip", b"", INTERNAL),
    packed("not gzip", b"never was it", INTERNAL),
    packed("gzip that ends too early", gzip.compress(bytes(9_999))[:-9], INTERNAL),
    packed("gzip with bytes behind it", gzip.compress(b"") + b"more", INTERNAL),
    packed("gzip with another checksum", gzip.compress(b"")[:-8] + b"\1" * 8, INTERNAL),
    packed(
        "gzip that inflates to the limit",
        gzip.compress(b"\x7a\xfb\xff\x3f" + bytes((1 << 20) - 5)),
        OK,
    ),
    packed("gzip that inflates to a byte more", gzip.compress(bytes((1 << 20) + 1)), EXHAUSTED),
    packed("gzip that inflates a thousandfold", gzip.compress(bytes(64 << 20)), EXHAUSTED),
]


@table(FRAMING)
def test_framing(target: Target, case: Case) -> None:
    case.run(target)


@table(METADATA)
def test_metadata(target: Target, case: Case) -> None:
    case.run(target)


@table(COMPRESSION)
def test_compression(target: Target, case: Case) -> None:
    case.run(target)


def test_every_refusal_says_why(target: Target) -> None:
    """Each in one readable sentence, whatever bytes the client sent."""
    for case in [*FRAMING, *METADATA, *COMPRESSION]:
        assert isinstance(case.expected, Answered)
        if case.expected.grpc_status == OK:
            continue
        with target.connect() as wire:
            assert isinstance(case.steps, bytes)
            wire.send(case.steps)
            sentence = wire.reply().headers["grpc-message"]
            assert 10 < len(sentence) < 1_000, case.name
            assert sentence.isascii(), case.name
            assert sentence.isprintable(), case.name


def test_bombs_together_hold_no_more_than_the_limit(target: Target) -> None:
    """Each inflates to what one message may have; the sum is far above what may be in flight."""
    bomb = message(gzip.compress(b"\x7a\xfb\xff\x3f" + bytes((1 << 20) - 5)), 1)
    fields = request_fields(grpc_encoding="gzip")
    calls = 400
    before = target.peak_memory_bytes()
    with target.connect() as wire:
        wire.send(*(headers(fields, 2 * n + 1) + data(bomb, 2 * n + 1) for n in range(calls)))
        found = {wire.reply(2 * n + 1).headers["grpc-status"] for n in range(calls)}
    assert found <= {"0", "14"}
    assert target.peak_memory_bytes() - before < target.memory_slack_bytes
