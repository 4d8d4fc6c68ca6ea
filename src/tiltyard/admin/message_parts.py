"""A message inside another, from the bytes of its parts, without either being made whole."""

from collections.abc import Iterable
from typing import Final

from tiltyard.protocol.admin_words import admin_message

_LENGTH_DELIMITED: Final = 2
_LOW_BITS: Final = 0x7F


def embedded(message: str, field: str, parts: Iterable[bytes]) -> bytes:
    """The bytes of a `message` whose `field` is the message that `parts` are of, joined."""
    number = admin_message(message).DESCRIPTOR.fields_by_name[field].number
    data = b"".join(parts)
    return b"".join((_varint(number << 3 | _LENGTH_DELIMITED), _varint(len(data)), data))


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; all but the last have the highest bit set."""
    found = bytearray()
    while value > _LOW_BITS:
        found.append(value & _LOW_BITS | _LOW_BITS + 1)
        value >>= 7
    found.append(value)
    return bytes(found)
