"""RFC 9113 section 8: what a request is. What is malformed is a stream error of PROTOCOL_ERROR."""

from collections.abc import Sequence

from tests.wire.hostile.case import Answered, Case, stream_error, table, tolerated
from tests.wire.hostile.target import Target
from tests.wire.hostile.wire import (
    END_HEADERS,
    END_STREAM,
    Code,
    block,
    data,
    headers,
    literal,
    message,
    request_fields,
)

PLAIN = request_fields()
OPEN = headers(PLAIN)
LIVE = data(message())
MALFORMED = stream_error(Code.PROTOCOL_ERROR)


def request(*more: tuple[str, str], **changed: str | None) -> bytes:
    """A call with other or more fields."""
    return headers(request_fields(**changed) + list(more)) + LIVE


def pseudo(field: tuple[str, str]) -> bytes:
    """A call that begins with one more field."""
    return headers([field, *PLAIN]) + LIVE


def raw(name: bytes, value: bytes) -> bytes:
    """A call with one more field of any bytes."""
    return headers(block(request_fields()) + literal(name, value)) + LIVE


def refused(name: str, fields: bytes) -> Case:
    """A row whose request is malformed."""
    return Case(name, fields, MALFORMED)


def reordered(*names: str) -> bytes:
    """A call whose named fields come last."""
    fields = request_fields()
    last = [field for field in fields if field[0] in names]
    return headers([field for field in fields if field not in last] + last) + LIVE


SEQUENCE: Sequence[Case] = [
    refused("a second HEADERS that ends nothing", OPEN + headers([("x-late", "1")]) + LIVE),
    Case(
        "trailers",
        OPEN + data(message(), flags=0) + headers([("x-late", "1")], 1, END_HEADERS | END_STREAM),
        Answered(),
    ),
    refused(
        "trailers with a pseudo-header field",
        OPEN + data(message(), flags=0) + headers([(":path", "/")], 1, END_HEADERS | END_STREAM),
    ),
    refused(
        "trailers with an uppercase name",
        OPEN + headers([("X-Late", "1")], 1, END_HEADERS | END_STREAM),
    ),
    Case("a request without a body", headers(request_fields(), 1, 5), Answered(grpc_status=12)),
]

FIELDS: Sequence[Case] = [
    refused("an uppercase name", request(("X-Shout", "1"))),
    refused("an uppercase name that gRPC knows", request(("Grpc-Timeout", "1S"))),
    refused("an empty name", raw(b"", b"value")),
    refused("a space in a name", raw(b"x y", b"value")),
    refused("a colon in a name", raw(b"x:y", b"value")),
    refused("NUL in a name", raw(b"x\0y", b"value")),
    refused("a byte above 0x7f in a name", raw(b"x\xe9", b"value")),
    refused("NUL in a value", raw(b"x-odd", b"a\0b")),
    refused("CR in a value", raw(b"x-odd", b"a\rb")),
    refused("LF in a value", raw(b"x-odd", b"a\nb")),
    refused("a space before a value", raw(b"x-odd", b" a")),
    refused("a tab behind a value", raw(b"x-odd", b"a\t")),
    Case("an empty value", raw(b"x-odd", b""), Answered()),
    Case("any other byte in a value", raw(b"x-odd", b"\x80\xff~"), Answered()),
    Case("the same field twice", request(("x-two", "1"), ("x-two", "2")), Answered()),
    refused("connection", request(("connection", "keep-alive"))),
    refused("keep-alive", request(("keep-alive", "timeout=5"))),
    refused("proxy-connection", request(("proxy-connection", "close"))),
    refused("transfer-encoding", request(("transfer-encoding", "chunked"))),
    refused("upgrade", request(("upgrade", "h2c"))),
    refused("te with another value", request(te="gzip")),
    refused("te with more than trailers", request(te="trailers, deflate")),
]

PSEUDO: Sequence[Case] = [
    refused("an unknown pseudo-header field", pseudo((":what", "1"))),
    refused("a pseudo-header field behind others", reordered(":path")),
    refused("a pseudo-header field of responses", pseudo((":status", "200"))),
    refused("an empty pseudo-header name", pseudo((":", "1"))),
    *(
        refused(f"no {name}", headers([field for field in PLAIN if field[0] != name]) + LIVE)
        for name in (":method", ":scheme", ":path")
    ),
    *(
        refused(f"{name} twice", pseudo((name, dict(PLAIN)[name])))
        for name in (":method", ":scheme", ":path", ":authority")
    ),
    # RFC 9113 8.3.1 asks for neither; nghttp2 refuses a request that names its host nowhere.
    refused("no :authority and no host", headers(PLAIN[:3] + PLAIN[4:]) + LIVE),
    Case("host instead of :authority", request(("host", "here"), authority=None), Answered()),
    refused("an empty :path", request(path="")),
    refused("a :path without its slash", request(path="inference/x")),
    refused("a :path of *", request(path="*")),
    Case("OPTIONS *", request(method="OPTIONS", path="*"), Answered(2, status=405)),
    refused("CONNECT with :path", request(method="CONNECT")),
    refused(":protocol that was not offered", pseudo((":protocol", "websocket"))),
    Case("a scheme nobody knows", request(scheme="gopher"), tolerated(Code.PROTOCOL_ERROR)),
    refused("only trailers", headers([("x-late", "1")]) + LIVE),
    refused("an empty block", headers(b"") + LIVE),
]

LENGTHS: Sequence[Case] = [
    Case("the content-length it has", request(("content-length", "5")), Answered()),
    refused("a larger content-length", request(("content-length", "6"))),
    refused("a smaller content-length", request(("content-length", "4"))),
    refused("two content-lengths", request(("content-length", "5"), ("content-length", "6"))),
    refused("a negative content-length", request(("content-length", "-5"))),
    refused("a content-length with letters", request(("content-length", "5 bytes"))),
    refused("a content-length beyond 64 bits", request(("content-length", "9" * 30))),
    refused("an empty content-length", request(("content-length", ""))),
    refused(
        "a smaller content-length over two frames",
        headers([*request_fields(), ("content-length", "4")])
        + data(message()[:3], flags=0)
        + data(message()[3:]),
    ),
    refused(
        "a content-length without a body",
        headers([*request_fields(), ("content-length", "5")], 1, END_HEADERS | END_STREAM),
    ),
    refused(
        "a content-length that trailers end",
        headers([*request_fields(), ("content-length", "6")])
        + data(message(), flags=0)
        + headers([("x-late", "1")], 1, END_HEADERS | END_STREAM),
    ),
]


@table(SEQUENCE)
def test_sequence_of_frames(target: Target, case: Case) -> None:
    case.run(target)


@table(FIELDS)
def test_fields(target: Target, case: Case) -> None:
    case.run(target)


@table(PSEUDO)
def test_pseudo_header_fields(target: Target, case: Case) -> None:
    case.run(target)


@table(LENGTHS)
def test_content_length(target: Target, case: Case) -> None:
    case.run(target)
