"""Requests of the admin API, and how grpc writes and reads its messages; no I/O."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from tiltyard.control.interface import ChangeTerms
from tiltyard.control.views import OutputRule
from tiltyard.errors import ClientError
from tiltyard.protocol.admin_limits import REPLY_BYTES_MAX
from tiltyard.protocol.admin_words import admin_message, number_of

DEFAULT_ADMIN_ADDRESS: Final = "127.0.0.1:8003"

CHANNEL_OPTIONS: Final = (("grpc.max_receive_message_length", REPLY_BYTES_MAX),)

# What is written as a percentage: 5, Decimal("0.1").
Percent = Decimal | int | str


def request_of(method: str, **fields: Any) -> Any:
    """The request of a method; a field that is None is left out. Raises ClientError."""
    try:
        return admin_message(f"{method}Request")(**fields)
    except (TypeError, ValueError) as error:  # a number that the protocol has no room for
        raise ClientError(f"the request of {method} cannot be made: {error}") from error


def change_of(method: str, terms: ChangeTerms, actor: str, **fields: Any) -> Any:
    """The request of a method that changes something; `actor` is who asks unless `terms` say."""
    return request_of(method, terms=terms_message(terms, actor), **fields)


def terms_message(terms: ChangeTerms, actor: str) -> Any:
    return admin_message("ChangeTerms")(
        expected_epoch=terms.get("expected_epoch"),
        idempotency_key=terms.get("idempotency_key") or "",
        actor=terms.get("actor") or actor,
    )


def fraction_of(name: str, percent: Percent | None) -> float | None:
    """A percentage as the wire has it. Raises ClientError when it is none."""
    if percent is None:
        return None
    try:
        return float(Decimal(percent) / 100)
    except ArithmeticError:
        raise ClientError(f"{name} {percent!r} is no percentage, expected one like 5") from None


def comparison_message(rules: Iterable[OutputRule] | None) -> Any:
    """Rules as the wire has them. Raises ClientError for a mode that is none."""
    if rules is None:
        return None
    message = admin_message("Comparison")()
    for rule in rules:
        mode = enum_number("CompareMode", "mode", rule.mode)
        message.rules.add(output=rule.output, mode=mode, atol=rule.atol, rtol=rule.rtol)
    return message


def enum_number(enum: str, field: str, word: str | None) -> int:
    """The number of a word, 0 for none. Raises ClientError for a word that is not in the enum."""
    try:
        return number_of(enum, word or "")
    except KeyError:
        raise ClientError(f"{field} {word!r} is not a word of the admin API") from None


def call_coding(method: str) -> dict[str, Any]:
    """How grpc writes the request of a method and reads its response."""
    return {
        "request_serializer": lambda request: request.SerializeToString(),
        "response_deserializer": admin_message(f"{method}Response").FromString,
    }
