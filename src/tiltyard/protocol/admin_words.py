"""The admin protocol in Python: its messages by name, and its enums as the words of the views.

`ROLE_CHAMPION` is the word "champion". A word that this side does not know, of a newer peer, is the
number in digits; nothing said is the empty string.
"""

from functools import cache
from typing import Any

from tiltyard.protocol import messages


def admin_message(name: str) -> Any:
    """The class of a message of the package, e.g. "PublishVersionRequest". Raises KeyError."""
    return messages.message_class(f"{messages.ADMIN_PACKAGE}.{name}")


def admin_path(method: str) -> str:
    """The HTTP/2 path of a method of the service."""
    return messages.method_path(method, messages.ADMIN_SERVICE)


def number_of(enum: str, word: str) -> int:
    """The number of a word in an enum, e.g. ("Role", "champion"). Raises KeyError."""
    return _numbers(enum)[word]


def word_of(enum: str, number: int) -> str:
    """The word for a number in an enum."""
    return _words(enum).get(number, str(number))


@cache
def _numbers(enum: str) -> dict[str, int]:
    values = messages.pool().FindEnumTypeByName(f"{messages.ADMIN_PACKAGE}.{enum}").values
    prefix = values[0].name.removesuffix("UNSPECIFIED")
    words = {value.name.removeprefix(prefix).lower(): value.number for value in values[1:]}
    return {"": 0, **words}


@cache
def _words(enum: str) -> dict[int, str]:
    return {number: word for word, number in _numbers(enum).items()}
