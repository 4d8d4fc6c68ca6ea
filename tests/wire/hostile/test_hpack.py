"""RFC 7541: compressed headers that cannot be decoded end the connection (RFC 9113 4.3)."""

from collections.abc import Sequence

import hpack

from tests.wire.hostile.case import Answered, Case, gone, stream_error, table
from tests.wire.hostile.target import Target
from tests.wire.hostile.wire import (
    Code,
    block,
    data,
    headers,
    literal,
    message,
    request_fields,
)

PLAIN = block(request_fields())
LIVE = data(message())
BROKEN = gone(Code.COMPRESSION_ERROR)
HUFFMAN_TEST = b"\x49\x50\x9f"  # "test", and four bits of padding
TABLE_BYTES = 4_096  # the gateway's dynamic table, by saying nothing


def table_size(size: int) -> bytes:
    """A dynamic table size update."""
    if size < 31:
        return bytes([0x20 | size])
    rest = size - 31
    out = bytearray([0x3F])
    while rest >= 128:
        out.append(rest % 128 | 0x80)
        rest //= 128
    return bytes([*out, rest])


def broken(name: str, more: bytes) -> Case:
    """A row whose block is an honest one with something behind it."""
    return Case(name, headers(PLAIN + more) + LIVE, BROKEN)


def remembered(name: bytes, value: bytes) -> bytes:
    """A field with incremental indexing."""
    return b"\x40" + literal(name, value)[1:]


def huffman(value: bytes) -> bytes:
    """The field "x" with a value that says to be Huffman-coded."""
    return b"\x00\x01x" + bytes([0x80 | len(value)]) + value


INDICES: Sequence[Case] = [
    broken("index 0", b"\x80"),
    broken("an index that no table has", b"\xff\x20"),
    broken("a name's index that no table has", b"\x7f\x20\x01x"),
    broken("a name's index that no table has, not indexed", b"\x0f\x40\x01x"),
    Case("the first dynamic index of an empty table", headers(b"\xbe"), BROKEN),
    Case(
        "an index that an update has evicted",
        headers(PLAIN + remembered(b"x-a", b"1"))
        + LIVE
        + headers(table_size(0) + PLAIN + b"\xbe", 3),
        gone(Code.COMPRESSION_ERROR),
    ),
    Case(
        "a field that is larger than the table empties it",
        headers(PLAIN + remembered(b"x-a", b"1"))
        + LIVE
        + headers(table_size(40) + PLAIN + remembered(b"x-b", b"2" * 9) + b"\xbe", 3),
        gone(Code.COMPRESSION_ERROR),
    ),
    Case(
        "a field of another call's block",
        headers(PLAIN + remembered(b"x-a", b"1"))
        + LIVE
        + headers(b"\xbe".join([PLAIN, b""]), 3)
        + data(message(), 3),
        Answered(stream=3),
    ),
    Case("never indexed", headers(PLAIN + b"\x10" + literal(b"x", b"y")[1:]) + LIVE, Answered()),
]

INTEGERS: Sequence[Case] = [
    broken("an index beyond 32 bits", b"\xff" + b"\xff" * 5 + b"\x7f"),
    broken("an index that never ends", b"\xff" + b"\x80" * 40),
    broken("a length beyond 32 bits", b"\x00\x7f" + b"\xff" * 5 + b"\x7f"),
    broken("a block that ends inside an integer", b"\xff"),
    broken("a block that ends inside a name", b"\x00\x05abc"),
    broken("a block that ends before a value", b"\x00\x03abc"),
    broken("a value longer than the block", b"\x00\x01x\x7f\x80\x7fshort"),
]

STRINGS: Sequence[Case] = [
    Case(
        "Huffman",
        headers(hpack.Encoder().encode(request_fields(), huffman=True)) + LIVE,
        Answered(),
    ),
    Case("Huffman in a value", headers(PLAIN + huffman(HUFFMAN_TEST)) + LIVE, Answered()),
    broken("Huffman padding of more than seven bits", huffman(HUFFMAN_TEST + b"\xff")),
    broken("Huffman padding of zeros", huffman(b"\x49\x50\x90")),
    broken("Huffman end of string", huffman(b"\xff\xff\xff\xff")),
]

UPDATES: Sequence[Case] = [
    Case("an update to what it is", headers(table_size(TABLE_BYTES) + PLAIN) + LIVE, Answered()),
    Case("two updates", headers(table_size(0) + table_size(100) + PLAIN) + LIVE, Answered()),
    Case("an update above the setting", headers(table_size(TABLE_BYTES + 1) + PLAIN), BROKEN),
    Case("an update of 2^31", headers(table_size(1 << 31) + PLAIN), BROKEN),
    broken("an update at a block's end", table_size(0)),
    broken("an update between fields", table_size(0) + literal(b"x", b"y")),
    Case("only an update", headers(table_size(0)) + LIVE, stream_error(Code.PROTOCOL_ERROR)),
]


@table(INDICES)
def test_indices(target: Target, case: Case) -> None:
    case.run(target)


@table(INTEGERS)
def test_integers(target: Target, case: Case) -> None:
    case.run(target)


@table(STRINGS)
def test_strings(target: Target, case: Case) -> None:
    case.run(target)


@table(UPDATES)
def test_table_size_updates(target: Target, case: Case) -> None:
    case.run(target)


def test_what_a_malformed_request_taught_the_table_is_kept(target: Target) -> None:
    """A stream error must not lose the state that all blocks share."""
    with target.connect() as wire:
        wire.send(headers(PLAIN + remembered(b"x-a", b"1") + literal(b"X", b"y")), LIVE)
        assert wire.reply().reset == Code.PROTOCOL_ERROR
        wire.send(headers(PLAIN + b"\xbe", 3), data(message(), 3))
        assert wire.reply(3).headers["grpc-status"] == "0"


def test_what_a_refused_request_taught_the_table_is_kept(target: Target) -> None:
    with target.connect() as wire:
        lost = block(request_fields("/no/such")) + remembered(b"x-a", b"1")
        wire.send(headers(lost), headers(PLAIN + b"\xbe", 3), data(message(), 3))
        assert wire.reply(1).headers["grpc-status"] == "12"
        assert wire.reply(3).headers["grpc-status"] == "0"
