"""RFC 9113 sections 3.4 to 4.3, 6 and 7: the greeting, framing, and each frame's own rules."""

import struct

from tests.wire.hostile.case import (
    Answered,
    Case,
    Closed,
    Ignored,
    gone,
    stream_error,
    table,
    tolerated,
)
from tests.wire.hostile.target import Target
from tests.wire.hostile.wire import (
    ACK,
    END_HEADERS,
    END_STREAM,
    FRAME_BYTES_MAX,
    PADDED,
    PREFACE,
    PRIORITY_FLAG,
    Code,
    Kind,
    block,
    call,
    data,
    frame,
    headers,
    message,
    ping,
    request_fields,
    reset,
    settings,
    window,
)

FIELDS = request_fields()
OPEN = headers(FIELDS)
LIVE = data(message())
BLOCK = block(FIELDS)
UNKNOWN = 0x16
BAD_FRAME = (Code.PROTOCOL_ERROR, Code.FRAME_SIZE_ERROR)
# A protobuf message that fills a frame: one unknown field, which a reader passes over.
FULL = message(b"\x7a\xf8\x7f" + bytes(FRAME_BYTES_MAX - 5 - 3))


def begun(stream: int = 1) -> bytes:
    """A header block that is not finished."""
    return headers(BLOCK[:10], stream, flags=0)


GREETING = [
    Case("another preface", b"PRI * HTTP/3.0\r\n\r\nSM\r\n\r\n", Closed(), greet=False, ping=False),
    Case("a preface that turns wrong", PREFACE[:-1] + b"\r", Closed(), greet=False, ping=False),
    Case("no preface, only frames", settings() + OPEN, Closed(), greet=False),
    Case("PING before SETTINGS", PREFACE + ping(), gone(Code.PROTOCOL_ERROR), greet=False),
    Case("HEADERS before SETTINGS", PREFACE + OPEN, gone(Code.PROTOCOL_ERROR), greet=False),
    Case(
        "SETTINGS ACK before SETTINGS",
        PREFACE + frame(Kind.SETTINGS, ACK),
        gone(Code.PROTOCOL_ERROR),
        greet=False,
    ),
    Case("no SETTINGS ACK from the client", call(), Answered()),
]

FRAMING = [
    Case("unknown type on the connection", frame(UNKNOWN, 0xFF, 0, b"what"), Ignored()),
    Case("unknown type on an idle stream", frame(UNKNOWN, 0, 1, b"what"), Ignored()),
    Case("unknown type inside a call", OPEN + frame(UNKNOWN, 0, 1, b"what") + LIVE, Answered()),
    Case("flags that PING does not have", frame(Kind.PING, 0xFE, 0, b"eight by"), Ignored()),
    Case("reserved bit of the stream", headers(FIELDS, 0x80000001) + LIVE, Answered()),
    Case("DATA as large as it may be", OPEN + data(FULL), Answered()),
    Case(
        "DATA one byte too large",
        OPEN + data(bytes(FRAME_BYTES_MAX + 1)),
        stream_error(Code.FRAME_SIZE_ERROR),
    ),
    Case(
        "HEADERS too large",
        headers(bytes(FRAME_BYTES_MAX + 1)),
        gone(Code.FRAME_SIZE_ERROR),
    ),
    Case(
        "SETTINGS too large",
        frame(Kind.SETTINGS, payload=struct.pack(">HI", 0xFF, 1) * 2_731),
        gone(Code.FRAME_SIZE_ERROR),
    ),
    Case(
        "unknown type too large",
        frame(UNKNOWN, payload=bytes(FRAME_BYTES_MAX + 1)),
        gone(Code.FRAME_SIZE_ERROR),
    ),
    Case("length of 2^24 - 1", frame(Kind.DATA, 0, 1, length=0xFFFFFF), gone(*BAD_FRAME)),
    Case(
        "block over many frames",
        headers(BLOCK[:1], flags=0)
        + b"".join(frame(Kind.CONTINUATION, 0, 1, BLOCK[i : i + 1]) for i in range(1, 6))
        + frame(Kind.CONTINUATION, END_HEADERS, 1, BLOCK[6:])
        + LIVE,
        Answered(),
    ),
    *(
        Case(f"{name} inside a block", begun() + other, gone(Code.PROTOCOL_ERROR))
        for name, other in [
            ("PRIORITY", frame(Kind.PRIORITY, 0, 1, bytes(5))),
            ("PING", ping()),
            ("DATA", LIVE),
            ("WINDOW_UPDATE", window(0, 1)),
            ("SETTINGS", settings()),
            ("HEADERS of another stream", headers(FIELDS, 3)),
            ("an unknown type", frame(UNKNOWN, 0, 1)),
            ("CONTINUATION of another stream", frame(Kind.CONTINUATION, 0, 3, b"")),
        ]
    ),
]

DATA_AND_HEADERS = [
    Case("DATA on the connection", data(b"x", 0), gone(Code.PROTOCOL_ERROR)),
    Case(
        "DATA with padding",
        OPEN + frame(Kind.DATA, END_STREAM | PADDED, 1, b"\x06" + message() + bytes(6)),
        Answered(),
    ),
    Case(
        "DATA with more padding than payload",
        OPEN + frame(Kind.DATA, END_STREAM | PADDED, 1, b"\x06" + bytes(5)),
        gone(Code.PROTOCOL_ERROR),
    ),
    Case(
        "DATA without its pad length",
        OPEN + frame(Kind.DATA, PADDED, 1),
        gone(*BAD_FRAME),
    ),
    Case("HEADERS on the connection", headers(FIELDS, 0), gone(Code.PROTOCOL_ERROR)),
    Case(
        "HEADERS with padding and priority",
        frame(
            Kind.HEADERS,
            END_HEADERS | PADDED | PRIORITY_FLAG,
            1,
            b"\x03" + struct.pack(">IB", 0x80000000, 200) + BLOCK + bytes(3),
        )
        + LIVE,
        Answered(),
    ),
    Case(
        "HEADERS with more padding than payload",
        frame(Kind.HEADERS, END_HEADERS | PADDED, 1, b"\xff" + BLOCK),
        gone(Code.PROTOCOL_ERROR),
    ),
    Case(
        "HEADERS without the priority it announces",
        frame(Kind.HEADERS, END_HEADERS | PRIORITY_FLAG, 1, b"\0\0\0"),
        gone(*BAD_FRAME),
    ),
    Case("PRIORITY on the connection", frame(Kind.PRIORITY, 0, 0, bytes(5)), gone(*BAD_FRAME)),
    Case("PRIORITY on an idle stream", frame(Kind.PRIORITY, 0, 9, bytes(5)), Ignored()),
    Case(
        "PRIORITY of four bytes",
        OPEN + frame(Kind.PRIORITY, 0, 1, bytes(4)),
        stream_error(Code.FRAME_SIZE_ERROR),
    ),
    Case("RST_STREAM on the connection", reset(0), gone(Code.PROTOCOL_ERROR)),
    Case(
        "RST_STREAM of three bytes",
        OPEN + frame(Kind.RST_STREAM, 0, 1, bytes(3)),
        gone(Code.FRAME_SIZE_ERROR),
    ),
    Case(
        "RST_STREAM of five bytes",
        OPEN + frame(Kind.RST_STREAM, 0, 1, bytes(5)),
        gone(Code.FRAME_SIZE_ERROR),
    ),
    Case("RST_STREAM with an unknown code", OPEN + reset(1, 0xABCD), tolerated()),
    Case(
        "PUSH_PROMISE from a client",
        OPEN + frame(Kind.PUSH_PROMISE, END_HEADERS, 1, struct.pack(">I", 2) + BLOCK),
        gone(Code.PROTOCOL_ERROR),
    ),
    Case(
        "CONTINUATION on the connection",
        begun() + frame(Kind.CONTINUATION, 4, 0),
        gone(Code.PROTOCOL_ERROR),
    ),
    Case(
        "CONTINUATION on an idle stream",
        frame(Kind.CONTINUATION, 4, 1, BLOCK),
        gone(Code.PROTOCOL_ERROR),
    ),
    Case(
        "CONTINUATION after a finished block",
        OPEN + frame(Kind.CONTINUATION, 4, 1, BLOCK),
        gone(Code.PROTOCOL_ERROR),
    ),
    Case(
        "CONTINUATION after DATA",
        OPEN + data(b"", 1, 0) + frame(Kind.CONTINUATION, 4, 1),
        gone(Code.PROTOCOL_ERROR),
    ),
]

CONNECTION_FRAMES = [
    Case("SETTINGS on a stream", frame(Kind.SETTINGS, 0, 1), gone(Code.PROTOCOL_ERROR)),
    Case(
        "SETTINGS of five bytes",
        frame(Kind.SETTINGS, payload=bytes(5)),
        gone(Code.FRAME_SIZE_ERROR),
    ),
    Case(
        "SETTINGS ACK with a payload",
        frame(Kind.SETTINGS, ACK, 0, bytes(6)),
        gone(Code.FRAME_SIZE_ERROR),
    ),
    Case(
        "SETTINGS ACK that nothing asked for",
        frame(Kind.SETTINGS, ACK) * 3,
        tolerated(Code.PROTOCOL_ERROR),
    ),
    Case("ENABLE_PUSH of 2", settings((2, 2)), gone(Code.PROTOCOL_ERROR)),
    Case("INITIAL_WINDOW_SIZE of 2^31", settings((4, 1 << 31)), gone(Code.FLOW_CONTROL_ERROR)),
    Case("MAX_FRAME_SIZE below 2^14", settings((5, 16_383)), gone(Code.PROTOCOL_ERROR)),
    Case("MAX_FRAME_SIZE of 2^24", settings((5, 1 << 24)), gone(Code.PROTOCOL_ERROR)),
    Case("NO_RFC7540_PRIORITIES of 2", settings((9, 2)), gone(Code.PROTOCOL_ERROR)),
    Case("an unknown setting", settings((0xFE, 0xFFFFFFFF)), Ignored()),
    Case(
        "the same setting many times",
        settings(*[(4, n) for n in range(30)]) + call(),
        Answered(),
    ),
    Case(
        "more settings than there are",
        settings(*[(4, n) for n in range(2_000)]),
        tolerated(Code.ENHANCE_YOUR_CALM),
    ),
    Case("MAX_FRAME_SIZE as large as it may be", settings((5, (1 << 24) - 1)) + call(), Answered()),
    Case("MAX_HEADER_LIST_SIZE of 0", settings((6, 0)) + call(), Answered()),
    Case("HEADER_TABLE_SIZE of 0", settings((1, 0)) + call(), Answered()),
    Case("HEADER_TABLE_SIZE of 2^32 - 1", settings((1, 0xFFFFFFFF)) + call(), Answered()),
    Case("PING on a stream", frame(Kind.PING, 0, 1, bytes(8)), gone(Code.PROTOCOL_ERROR)),
    Case("PING of seven bytes", frame(Kind.PING, 0, 0, bytes(7)), gone(Code.FRAME_SIZE_ERROR)),
    Case("PING of nine bytes", frame(Kind.PING, 0, 0, bytes(9)), gone(Code.FRAME_SIZE_ERROR)),
    Case("PING ACK that nothing asked for", ping(b"unasked!", ACK), Ignored()),
    Case("GOAWAY on a stream", frame(Kind.GOAWAY, 0, 1, bytes(8)), gone(Code.PROTOCOL_ERROR)),
    Case("GOAWAY of seven bytes", frame(Kind.GOAWAY, 0, 0, bytes(7)), gone(Code.FRAME_SIZE_ERROR)),
    Case(
        "GOAWAY with an unknown code",
        OPEN + frame(Kind.GOAWAY, 0, 0, bytes(4) + b"\xff" * 4) + LIVE,
        Answered(lives=False),
    ),
    Case("WINDOW_UPDATE of 0 for the connection", window(0, 0), gone(Code.PROTOCOL_ERROR)),
    Case("WINDOW_UPDATE of 0 for a stream", OPEN + window(1, 0), stream_error(Code.PROTOCOL_ERROR)),
    Case(
        "WINDOW_UPDATE of three bytes",
        frame(Kind.WINDOW_UPDATE, 0, 0, bytes(3)),
        gone(Code.FRAME_SIZE_ERROR),
    ),
    Case(
        "WINDOW_UPDATE of five bytes",
        frame(Kind.WINDOW_UPDATE, 0, 0, bytes(5)),
        gone(Code.FRAME_SIZE_ERROR),
    ),
    Case(
        "the connection's window above 2^31 - 1",
        window(0, 0x7FFFFFFF) * 2,
        gone(Code.FLOW_CONTROL_ERROR),
    ),
    Case(
        "a stream's window above 2^31 - 1",
        OPEN + window(1, 0x7FFFFFFF) * 2,
        stream_error(Code.FLOW_CONTROL_ERROR),
    ),
    Case(
        "a setting lifts a stream's window above 2^31 - 1",
        OPEN + window(1, 0x7FFF0000) + settings((4, 0x7FFFFFFF)),
        stream_error(Code.FLOW_CONTROL_ERROR),
    ),
]


@table(GREETING)
def test_greeting(target: Target, case: Case) -> None:
    case.run(target)


@table(FRAMING)
def test_framing(target: Target, case: Case) -> None:
    case.run(target)


@table(DATA_AND_HEADERS)
def test_frames_of_streams(target: Target, case: Case) -> None:
    case.run(target)


@table(CONNECTION_FRAMES)
def test_frames_of_the_connection(target: Target, case: Case) -> None:
    case.run(target)


def test_one_byte_at_a_time(target: Target) -> None:
    """However the bytes are cut, they mean the same."""
    with target.connect(greet=False) as wire:
        for byte in PREFACE + settings((4, 1 << 20)) + call():
            wire.send(bytes([byte]))
        assert wire.reply().headers["grpc-status"] == "0"


def test_settings_are_acknowledged_in_order(target: Target) -> None:
    with target.connect() as wire:
        wire.send(settings((4, 1)), settings((4, 2)), ping(b"settings"))
        acks = 0
        while b"settings" not in wire.pongs:
            found = wire.read()
            assert found is not None
            acks += found.kind == Kind.SETTINGS and found.flags == ACK
        assert acks == 3  # the greeting's too
