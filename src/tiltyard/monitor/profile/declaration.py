"""What a person declares of a model's streams: flags of the command line, or a small TOML file."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from tiltyard.errors import ConfigError
from tiltyard.monitor.profile.cells import Kind

CELLS = 32
CELLS_MAX = 100
DELTA = 0.1
STREAMS_MAX = 1_000  # features and outputs of a profile
WIDTH_MAX = 256  # inputs wider than this are watched by summaries

COLUMNS, SUMMARIES = "columns", "summaries"


class Scale(NamedTuple):
    """How values are shown: value * scale, in `unit`."""

    scale: float
    unit: str = ""


@dataclass(frozen=True)
class Declaration:
    """Immutable; the defaults leave everything to what the reference looks like.

    `categorical`: columns, inputs or outputs whose numbers are names. `groups`: columns of a
    one-hot block by the name of the feature that they are. `kinds` overrules what is inferred.
    `names` are the columns of a file that has none. `tensors` says "columns" or "summaries" of an
    input. `ignored` columns are left out, `time_column` has the time of each row. `cells` are the
    finite cells of a stream at most, `delta` is the shift in sigmas that shall be found.
    """

    categorical: frozenset[str] = frozenset()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    scales: Mapping[str, Scale] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    tensors: Mapping[str, str] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    time_column: str | None = None
    cells: int = CELLS
    delta: float = DELTA

    def __post_init__(self) -> None:
        if not 2 <= self.cells <= CELLS_MAX:
            raise ConfigError(f"cells: expected 2 to {CELLS_MAX}, got {self.cells}")
        if not 0 < self.delta <= 10:
            raise ConfigError(f"delta: expected more than 0 and at most 10, got {self.delta}")
        for name, columns in self.groups.items():
            if len(columns) < 2 or len(set(columns)) < len(columns):
                raise ConfigError(
                    f"group {name!r}: expected two or more different columns,"
                    f" got {', '.join(columns)}"
                )


def read_declaration(path: Path) -> Declaration:
    """The declaration in a TOML file. Raises ConfigError that names the key.

    categorical = ["region"]
    ignore = ["id"]
    time_column = "at"
    names = ["age", "region", "red", "blue"]
    cells = 32
    delta = 0.1
    groups.color = ["red", "blue"]
    kinds.age = "numeric"               # or discrete, categorical, text
    scales.amount = { scale = 0.01, unit = "EUR" }
    tensors.image = "summaries"         # or columns
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"streams {path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"streams {path} is not TOML: {error}") from error
    try:
        return _from_toml(values)
    except (ConfigError, TypeError, ValueError) as error:
        raise ConfigError(f"streams {path}: {error}") from error


_KEYS = (
    *("categorical", "ignore", "time_column", "names", "cells", "delta"),
    *("groups", "kinds", "scales", "tensors"),
)


def _from_toml(values: Mapping[str, Any]) -> Declaration:
    unknown = [key for key in values if key not in _KEYS]
    if unknown:
        raise ConfigError(f"there is no key {unknown[0]!r}; known: {', '.join(_KEYS)}")
    told: dict[str, Any] = {}
    if "categorical" in values:
        told["categorical"] = frozenset(_texts("categorical", values["categorical"]))
    if "ignore" in values:
        told["ignored"] = frozenset(_texts("ignore", values["ignore"]))
    if "names" in values:
        told["names"] = _texts("names", values["names"])
    if "time_column" in values:
        told["time_column"] = _one_of("time_column", values["time_column"], str)
    if "cells" in values:
        told["cells"] = _one_of("cells", values["cells"], int)
    if "delta" in values:
        told["delta"] = float(_one_of("delta", values["delta"], int | float))
    for key, read in (
        ("groups", _texts),
        ("kinds", _kind),
        ("scales", _scale),
        ("tensors", _tensor),
    ):
        entries = _one_of(key, values.get(key, {}), dict)
        told[key] = {name: read(f"{key}.{name}", value) for name, value in entries.items()}
    return Declaration(**told)


def _texts(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigError(f"{key}: expected a list of strings, got {value!r}")
    return tuple(value)


def _kind(key: str, value: Any) -> Kind:
    if value not in list(Kind):
        raise ConfigError(f"{key}: expected one of {', '.join(Kind)}, got {value!r}")
    return Kind(value)


def _scale(key: str, value: Any) -> Scale:
    entries = {"scale": value} if isinstance(value, int | float) else value
    if not isinstance(entries, dict) or not entries.keys() <= {"scale", "unit"}:
        raise ConfigError(f'{key}: expected {{ scale = NUMBER, unit = "TEXT" }}, got {value!r}')
    scale = _one_of(f"{key}.scale", entries.get("scale", 1.0), int | float)
    if not 0 < abs(scale) < float("inf"):
        raise ConfigError(f"{key}.scale: expected a finite number that is not 0, got {scale}")
    return Scale(float(scale), _one_of(f"{key}.unit", entries.get("unit", ""), str))


def _tensor(key: str, value: Any) -> str:
    if value not in (COLUMNS, SUMMARIES):
        raise ConfigError(f"{key}: expected {COLUMNS} or {SUMMARIES}, got {value!r}")
    return str(value)


def _one_of(key: str, value: Any, kinds: Any) -> Any:
    if not isinstance(value, kinds) or isinstance(value, bool):
        name = getattr(kinds, "__name__", "number")
        expected = {"str": "a string", "int": "a whole number", "dict": "a table"}
        raise ConfigError(f"{key}: expected {expected.get(name, 'a number')}, got {value!r}")
    return value
