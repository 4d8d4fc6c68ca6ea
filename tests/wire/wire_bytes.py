"""Strategies for protobuf on the wire: what encoders make, what they could make, and near misses.

The bytes follow a descriptor, so that its fields are hit, and take every liberty of the format:
any order, repeats, packed or not, varints longer than needed, unknown fields and groups, known
numbers with another type, and now and then something that no reader may take.
"""

import struct
from typing import Final, Protocol, TypeVar

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from hypothesis import strategies as st

T = TypeVar("T")

VARINT, FIXED64, BYTES, GROUP_BEGIN, GROUP_END, FIXED32 = range(6)
DEPTH_MAX: Final = 6  # of messages and groups that are made inside of each other

WIRE_TYPES: Final = {
    FieldDescriptor.TYPE_BOOL: VARINT,
    FieldDescriptor.TYPE_INT32: VARINT,
    FieldDescriptor.TYPE_INT64: VARINT,
    FieldDescriptor.TYPE_UINT32: VARINT,
    FieldDescriptor.TYPE_UINT64: VARINT,
    FieldDescriptor.TYPE_DOUBLE: FIXED64,
    FieldDescriptor.TYPE_FLOAT: FIXED32,
    FieldDescriptor.TYPE_STRING: BYTES,
    FieldDescriptor.TYPE_BYTES: BYTES,
    FieldDescriptor.TYPE_MESSAGE: BYTES,
}
EDGES: Final = [0, 1, 2, 127, 128, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1]
TEXTS: Final = ["", "a", "b", "\x00", "\x7f", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\U0010ffff"]
NOT_UTF8: Final = [
    b"\xff",
    b"a\x80",
    b"\xc0\x80",
    b"\xc3",
    b"\xe0\x9f\xbf",
    b"\xed\xa0\x80",
    b"\xe2\x82",
    b"\xf0\x8f\xbf\xbf",
    b"\xf4\x90\x80\x80",
    b"12345678\xf8",
]
NUMBERS: Final = [0.0, -0.0, 1.5, 5e-324, float("inf"), float("nan")]
SIGNALLING_NAN: Final = {
    FIXED32: b"\x01\x00\x80\x7f",
    FIXED64: b"\x01\x00\x00\x00\x00\x00\xf0\x7f",
}


class Draw(Protocol):
    """Hypothesis's way to get a value of a strategy."""

    def __call__(self, strategy: st.SearchStrategy[T], /) -> T: ...


def varint(value: int, padding: int = 0) -> bytes:
    """`padding` is how many bytes more than needed there are, which add nothing to the value."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    if padding > 0:
        out[-1] |= 0x80
        out += b"\x80" * (padding - 1) + b"\x00"
    return bytes(out)


def length_prefixed(content: bytes) -> bytes:
    return varint(len(content)) + content


class WireWriter:
    """Draws one message. `may_break` allows what no reader may take."""

    def __init__(self, draw: Draw, *, may_break: bool) -> None:
        self._draw = draw
        self._may_break = may_break

    def message(self, descriptor: Descriptor, depth: int = 0) -> bytes:
        """The fields of one message; deeper ones have fewer."""
        fields = list(descriptor.fields)
        fields += [field for field in fields if field.message_type is not None] * 2
        out = b""
        for _ in range(self._draw(st.integers(0, max(DEPTH_MAX - depth, 0)))):
            if self._one_in(8):
                out += self._unknown(descriptor, depth)
            else:
                out += self._known(self._draw(st.sampled_from(fields)), depth)
        return self._damaged(out) if out and self._breaks(150) else out

    def _one_in(self, n: int) -> bool:
        """True for about every n-th draw; shrunk to False."""
        return self._draw(st.integers(0, n - 1)) == n - 1

    def _breaks(self, n: int) -> bool:
        return self._may_break and self._one_in(n)

    def _short_varint(self, value: int) -> bytes:
        """A tag or a length, which may take five bytes."""
        spare = 5 - len(varint(value))
        if self._breaks(150):
            return varint(value, spare + 1)
        return varint(value, self._draw(st.integers(0, spare)) if self._one_in(12) else 0)

    def _prefixed(self, content: bytes) -> bytes:
        return self._short_varint(len(content)) + content

    def _number(self) -> bytes:
        """A varint of any value; now and then of more than 64 bits."""
        if self._breaks(150):
            head = self._draw(st.binary(min_size=9, max_size=10))
            last = self._draw(st.sampled_from([b"\x01", b"\x02", b"\x7f"]))
            return bytes(byte | 0x80 for byte in head) + last
        value = self._draw(st.sampled_from(EDGES) | st.integers(0, 2**64 - 1))
        spare = 10 - len(varint(value))
        return varint(value, self._draw(st.integers(0, spare)) if self._one_in(12) else 0)

    def _fixed(self, wire_type: int) -> bytes:
        if self._one_in(12):
            return SIGNALLING_NAN[wire_type]
        if wire_type == FIXED64:
            return struct.pack("<d", self._draw(st.sampled_from(NUMBERS) | st.floats()))
        return struct.pack("<f", self._draw(st.sampled_from([0.0, 1.5]) | st.floats(width=32)))

    def _text(self) -> bytes:
        if self._breaks(150):
            return self._draw(st.sampled_from(NOT_UTF8))
        return self._draw(st.sampled_from(TEXTS) | st.text(max_size=12)).encode()

    def _value(self, field: FieldDescriptor, depth: int) -> bytes:
        """One value of a field, as it stands behind the tag."""
        wire_type = WIRE_TYPES[field.type]
        if wire_type == VARINT:
            return self._number()
        if wire_type in (FIXED32, FIXED64):
            return self._fixed(wire_type)
        if field.message_type is not None:
            return self._prefixed(self.message(field.message_type, depth + 1))
        if field.type == FieldDescriptor.TYPE_STRING:
            return self._prefixed(self._text())
        return self._prefixed(self._draw(st.binary(max_size=12)))

    def _known(self, field: FieldDescriptor, depth: int) -> bytes:
        """A field with a value of its type; repeated numbers packed or not."""
        wire_type = WIRE_TYPES[field.type]
        if field.is_repeated and wire_type != BYTES and not self._one_in(3):
            count = self._draw(st.integers(0, 5))
            values = b"".join(self._value(field, depth) for _ in range(count))
            if self._breaks(80):
                values = values[:-1]
            return self._short_varint(field.number << 3 | BYTES) + self._prefixed(values)
        return self._short_varint(field.number << 3 | wire_type) + self._value(field, depth)

    def _unknown(self, descriptor: Descriptor, depth: int) -> bytes:
        """Any number with any type, which at times is a known number with a wrong type."""
        number = self._draw(st.sampled_from([*range(1, 10), 15, 16, 2047, 2**29 - 1]))
        wire_type = self._draw(st.sampled_from([VARINT, FIXED64, BYTES, GROUP_BEGIN, FIXED32]))
        if self._breaks(30):
            number = self._draw(st.sampled_from([0, 2**29, 2**32 - 1]))
        if self._breaks(30):
            return varint(number << 3 | self._draw(st.sampled_from([GROUP_END, 6, 7])))
        tag = varint(number << 3 | wire_type)
        if wire_type == VARINT:
            return tag + self._number()
        if wire_type in (FIXED32, FIXED64):
            return tag + self._fixed(wire_type)
        if wire_type == BYTES:
            is_known = number in descriptor.fields_by_number and not self._breaks(3)
            return tag + self._prefixed(b"" if is_known else self._draw(st.binary(max_size=12)))
        end = number + 1 if self._breaks(30) else number
        return tag + self.message(descriptor, depth + 1) + varint(end << 3 | GROUP_END)

    def _damaged(self, wire: bytes) -> bytes:
        """Cut, or with one byte changed."""
        at = self._draw(st.integers(0, len(wire) - 1))
        if self._draw(st.booleans()):
            return wire[:at]
        return wire[:at] + self._draw(st.binary(min_size=1, max_size=1)) + wire[at + 1 :]


@st.composite
def wire_messages(draw: Draw, descriptor: Descriptor, *, may_break: bool) -> bytes:
    """The bytes of a message; without `may_break` they are well-formed."""
    return WireWriter(draw, may_break=may_break).message(descriptor)
