"""Views as JSON: their fields, and after them what they can tell of themselves (`fraction`)."""

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any


def document(value: Any) -> str:
    """A document for a program or a person."""
    return json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False)


def line(value: Any) -> str:
    """The same on one line, for streams."""
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False)


def plain(value: Any) -> Any:
    """The value in JSON's own types; a number that JSON has not (NaN) is null."""
    if is_dataclass(value) and not isinstance(value, type):
        kind = type(value)
        told = [name for name, entry in vars(kind).items() if isinstance(entry, property)]
        names = [field.name for field in fields(value)] + told
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
