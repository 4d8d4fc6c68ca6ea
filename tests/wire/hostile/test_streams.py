"""RFC 9113 section 5: the states of streams, their numbers, how many may be open."""

import struct

from tests.wire.hostile.case import (
    Answered,
    Case,
    Ignored,
    Over,
    gone,
    stream_error,
    table,
    tolerated,
)
from tests.wire.hostile.target import Target
from tests.wire.hostile.wire import (
    END_HEADERS,
    END_STREAM,
    PRIORITY_FLAG,
    Code,
    Kind,
    block,
    call,
    data,
    frame,
    headers,
    message,
    request_fields,
    reset,
    window,
)

FIELDS = request_fields()
OPEN = headers(FIELDS)
LIVE = data(message())
ENDED = headers(FIELDS, flags=END_HEADERS | END_STREAM)
MORE = frame(Kind.CONTINUATION, END_HEADERS, 1, block(FIELDS))
PRIORITY = frame(Kind.PRIORITY, 0, 1, bytes(5))
FOUND = headers(request_fields("/no/such"))  # refused at once
STREAMS_MAX = 1_024  # the gateway's default for one connection
# What RFC 9113 5.1 lets an endpoint say to a frame on a closed stream, and 5.1.1 to its number.
LATE = (Code.STREAM_CLOSED, Code.PROTOCOL_ERROR)


IDLE = [
    Case("DATA on an idle stream", LIVE, gone(Code.PROTOCOL_ERROR)),
    Case("RST_STREAM on an idle stream", reset(1), gone(Code.PROTOCOL_ERROR)),
    Case("WINDOW_UPDATE on an idle stream", window(1, 1), gone(Code.PROTOCOL_ERROR)),
    Case("RST_STREAM on a stream of the server's", reset(2), gone(Code.PROTOCOL_ERROR)),
    Case("DATA on a stream of the server's", data(b"", 2), gone(Code.PROTOCOL_ERROR)),
    Case("WINDOW_UPDATE on a stream of the server's", window(2, 1), gone(Code.PROTOCOL_ERROR)),
]

HALF_CLOSED = [
    Case("DATA after the end", OPEN + LIVE + LIVE, stream_error(Code.STREAM_CLOSED)),
    Case("HEADERS after the end", OPEN + LIVE + ENDED, stream_error(Code.STREAM_CLOSED)),
    Case("DATA after HEADERS that ended it", ENDED + LIVE, stream_error(Code.STREAM_CLOSED)),
    Case(
        "CONTINUATION after the end",
        OPEN + LIVE + MORE,
        gone(Code.PROTOCOL_ERROR, Code.STREAM_CLOSED),
    ),
    Case("WINDOW_UPDATE after the end", OPEN + LIVE + window(1, 1), Answered()),
    Case("PRIORITY after the end", OPEN + LIVE + PRIORITY, Answered()),
    Case("RST_STREAM after the end", OPEN + LIVE + reset(), tolerated(Code.CANCEL)),
]

CLOSED = [
    # An error MAY come (5.1). nghttp2 takes late DATA for what was on its way, and says nothing.
    Case("DATA after RST_STREAM", OPEN + reset() + LIVE, tolerated(*LATE)),
    Case("HEADERS after RST_STREAM", OPEN + reset() + ENDED, stream_error(*LATE)),
    Case("CONTINUATION after RST_STREAM", OPEN + reset() + MORE, gone(*LATE)),
    Case("DATA after the reply", [call(), Over(), LIVE], tolerated(*LATE)),
    Case("HEADERS after the reply", [call(), Over(), ENDED], gone(*LATE)),
    Case("CONTINUATION after the reply", [call(), Over(), MORE], gone(*LATE)),
    Case("the same call again", [call(), Over(), call()], gone(*LATE)),
    # An answer that came before the client's end: what was on its way then is no mistake.
    Case(
        "DATA after a reply that did not wait",
        [FOUND, Over(), LIVE],
        Ignored(),
    ),
    Case("HEADERS after a reply that did not wait", [FOUND, Over(), ENDED], Ignored()),
    Case("WINDOW_UPDATE after the reply", [call(), Over(), window(1, 1)], Ignored()),
    Case("RST_STREAM after the reply", [call(), Over(), reset()], Ignored()),
    Case("PRIORITY after the reply", [call(), Over(), PRIORITY], Ignored()),
    Case("RST_STREAM twice", OPEN + reset() + reset(), tolerated(*LATE)),
]

NUMBERS = [
    Case("an even number", headers(FIELDS, 2), gone(Code.PROTOCOL_ERROR)),
    Case("numbers may be passed over", call(101), Answered(stream=101)),
    Case("the highest number", call(0x7FFFFFFF), Answered(stream=0x7FFFFFFF)),
    Case(
        "a number below one that was used",
        headers(FIELDS, 5) + headers(FIELDS, 3),
        gone(Code.PROTOCOL_ERROR),
    ),
    Case(
        "one stream too many",
        b"".join(headers(FIELDS, 2 * n + 1) for n in range(STREAMS_MAX + 1)),
        stream_error(Code.REFUSED_STREAM, Code.PROTOCOL_ERROR, stream=2 * STREAMS_MAX + 1),
    ),
]

DEPENDENCIES = [
    Case(
        "a stream that depends on itself",
        frame(
            Kind.HEADERS,
            END_HEADERS | PRIORITY_FLAG,
            1,
            struct.pack(">IB", 1, 15) + block(FIELDS),
        )
        + LIVE,
        tolerated(Code.PROTOCOL_ERROR),
    ),
    Case(
        "PRIORITY that depends on itself",
        frame(Kind.PRIORITY, 0, 7, struct.pack(">IB", 7, 15)),
        tolerated(Code.PROTOCOL_ERROR),
    ),
    Case(
        "a chain of idle streams",
        b"".join(
            frame(Kind.PRIORITY, 0, 2 * n + 3, struct.pack(">IB", 2 * n + 1, 1)) for n in range(300)
        ),
        Ignored(),
    ),
]


@table(IDLE)
def test_idle(target: Target, case: Case) -> None:
    case.run(target)


@table(HALF_CLOSED)
def test_half_closed(target: Target, case: Case) -> None:
    case.run(target)


@table(CLOSED)
def test_closed(target: Target, case: Case) -> None:
    case.run(target)


@table(NUMBERS)
def test_stream_numbers(target: Target, case: Case) -> None:
    case.run(target)


@table(DEPENDENCIES)
def test_dependencies(target: Target, case: Case) -> None:
    case.run(target)
