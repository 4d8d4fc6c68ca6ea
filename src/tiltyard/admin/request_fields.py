"""The fields that requests have in common, checked. An ArgumentError names the field."""

from typing import Any, Final

from tiltyard.control.errors import ArgumentError
from tiltyard.store.names import VERSION_MAX, is_model_name

TEXT_CHARACTERS_MAX: Final = 256


def model_of(request: Any) -> str:
    model: str = request.model
    if not is_model_name(model):
        raise ArgumentError(
            f"model {model!r} is no name, expected 1 to 128 of A-Z a-z 0-9 . _ - and no dot in"
            " front",
            field="model",
        )
    return model


def model_or_all(request: Any) -> str | None:
    """None for all."""
    return model_of(request) if request.model else None


def version_of(request: Any) -> int:
    version: int = request.version
    if not 1 <= version <= VERSION_MAX:
        raise ArgumentError(
            f"version {version} is none, expected 1 to {VERSION_MAX}", field="version"
        )
    return version


def version_or_any(request: Any) -> int | None:
    """None where it was left out."""
    return version_of(request) if request.HasField("version") else None


def number_of_field(message: Any, name: str, field: str) -> int | None:
    """A number that may be left out, within what a database can hold."""
    if not message.HasField(name):
        return None
    number: int = getattr(message, name)
    if number > VERSION_MAX:
        raise ArgumentError(f"{name} is {number}, expected at most {VERSION_MAX}", field=field)
    return number


def text_of(message: Any, name: str, field: str, characters_max: int = TEXT_CHARACTERS_MAX) -> str:
    """One line of text, or none. `field` is what the caller is told."""
    text: str = getattr(message, name)
    if len(text) > characters_max or (text and not text.isprintable()):
        raise ArgumentError(
            f"{name} {text[:TEXT_CHARACTERS_MAX]!r} is not usable, expected at most"
            f" {characters_max} printable characters",
            field=field,
        )
    return text
