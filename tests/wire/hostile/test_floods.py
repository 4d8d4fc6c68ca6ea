"""Frames that cost the gateway work and the client nothing: many of them end the connection."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest

from tests.wire.hostile.target import Target
from tests.wire.hostile.wire import (
    END_HEADERS,
    PADDED,
    Code,
    Kind,
    Wire,
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

FRAMES = 20_000
AT_ONCE = 200
BLOCK = block(request_fields())
INFER = block(request_fields("ModelInfer"))


# Streams that the gateway resets count as open until it has said so; too many of them at once is an
# error of its own (RFC 9113 5.1.2).
OURS = (Code.ENHANCE_YOUR_CALM, Code.PROTOCOL_ERROR)


class Flood(NamedTuple):
    """What is sent first, the n-th piece of the flood, and what may come of it."""

    name: str
    piece: Callable[[int], bytes]
    first: bytes = b""
    codes: tuple[Code, ...] = (Code.ENHANCE_YOUR_CALM,)


def stream(n: int) -> int:
    """The n-th stream of a client."""
    return 2 * n + 1


FLOODS: Sequence[Flood] = [
    Flood("rapid reset", lambda n: headers(BLOCK, stream(n)) + reset(stream(n))),
    Flood(
        "rapid reset of whole calls",
        lambda n: headers(INFER, stream(n)) + data(message(), stream(n)) + reset(stream(n)),
    ),
    Flood(
        "streams that we must reset",
        lambda n: headers(BLOCK, stream(n)) + window(stream(n), 0x7FFFFFFF),
        codes=OURS,
    ),
    Flood(
        "streams that we must reset for their headers",
        lambda n: headers(BLOCK + b"\0\x01X\x01y", stream(n)),
        codes=OURS,
    ),
    Flood("SETTINGS", lambda n: settings((4, n))),
    Flood("empty SETTINGS", lambda _: settings()),
    Flood("PING", lambda n: ping(n.to_bytes(8))),
    Flood("PRIORITY", lambda n: frame(Kind.PRIORITY, 0, stream(n), bytes(5))),
    Flood("empty DATA", lambda _: data(b"", 1, 0), headers(BLOCK)),
    Flood(
        "DATA of nothing but padding",
        lambda _: frame(Kind.DATA, PADDED, 1, b"\x01\0"),
        headers(BLOCK),
    ),
]


def pour(wire: Wire, flood: Flood) -> None:
    """Send it, and take in what comes, until all is sent or the gateway has had enough."""
    wire.send(flood.first)
    for begin in range(0, FRAMES, AT_ONCE):
        wire.send(*(flood.piece(n) for n in range(begin, begin + AT_ONCE)))
        wire.read_ready()
        if wire.closed:
            return


@pytest.mark.parametrize("flood", FLOODS, ids=lambda flood: flood.name)
def test_flood(target: Target, flood: Flood) -> None:
    """The gateway says that it is enough, counts it, and hangs up."""
    before = target.counters()
    with target.connect() as wire:
        pour(wire, flood)
        wire.read_until_closed()
        assert wire.goaway in flood.codes
    reason = "closed_flood" if wire.goaway == Code.ENHANCE_YOUR_CALM else "closed_protocol_error"
    assert target.counters()[reason] == before[reason] + 1


@pytest.mark.parametrize("size", [0, 1, 10_000])
def test_continuation_flood(target: Target, size: int) -> None:
    """CVE-2024-27316: a header block without an end."""
    before = target.counters()["closed_flood"]
    with target.connect() as wire:
        wire.send(headers(BLOCK, flags=0))
        more = frame(Kind.CONTINUATION, 0, 1, (b"\0\x01x\x7f\x80\x4e" + b"y" * 9_994)[:size])
        for _ in range(100):
            wire.send(more * 10)
        wire.read_until_closed()
        assert wire.goaway == Code.ENHANCE_YOUR_CALM
    assert target.counters()["closed_flood"] == before + 1


def test_a_header_block_of_references_to_a_large_field(target: Target) -> None:
    """An HPACK bomb: each byte stands for four kilobytes."""
    large = b"\x40\x01x" + b"\x7f\xa1\x1e" + b"y" * 4_000  # length 127 + 3873
    with target.connect() as wire:
        for n in range(20):
            bomb = (large if n == 0 else b"") + b"\xbe" * 12_000
            wire.send(headers(BLOCK + bomb, stream(n)), data(message(), stream(n)))
        for n in range(20):
            assert wire.reply(stream(n)).headers["grpc-status"] == "8"
        assert wire.is_alive()


def test_a_header_list_over_many_frames(target: Target) -> None:
    """A hundred kilobytes of metadata: refused, and the block's state is kept."""
    rest = b"".join(b"\0\x02x" + bytes([97 + n % 26]) + b"\x64" + b"v" * 100 for n in range(900))
    pieces = [rest[i : i + 16_000] for i in range(0, len(rest), 16_000)]
    with target.connect() as wire:
        wire.send(headers(BLOCK, flags=0))
        for index, piece in enumerate(pieces):
            last = END_HEADERS if index == len(pieces) - 1 else 0
            wire.send(frame(Kind.CONTINUATION, last, 1, piece))
        wire.send(data(message()))
        assert wire.reply().headers["grpc-status"] == "8"
        wire.send(call(3))
        assert wire.reply(3).headers["grpc-status"] == "0"


def test_what_an_honest_client_may_do_in_a_second_is_no_flood(target: Target) -> None:
    before = target.counters()["closed_flood"]
    with target.connect() as wire:
        for n in range(900):
            wire.send(headers(BLOCK, stream(n)) + reset(stream(n)))
            if n % 2:
                wire.send(ping(n.to_bytes(8)))
        assert wire.is_alive()
        wire.send(call(stream(900)))
        assert wire.reply(stream(900)).headers["grpc-status"] == "0"
    assert target.counters()["closed_flood"] == before


def test_frames_of_an_unknown_type_are_passed_over(target: Target) -> None:
    """RFC 9113 5.5: they mean nothing, however many come; others are served meanwhile."""
    with target.connect() as wire:
        pour(wire, Flood("", lambda n: frame(0x42, 0, n, b"?")))
        assert wire.is_alive()


def test_one_flooder_after_the_other(target: Target) -> None:
    """Coming back after each GOAWAY changes nothing for the others."""
    for _ in range(10):
        with target.connect() as wire:
            pour(wire, FLOODS[0])
            wire.read_until_closed()
            assert wire.goaway == Code.ENHANCE_YOUR_CALM
