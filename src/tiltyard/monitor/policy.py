"""What an operator chooses of a model's monitoring."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, NamedTuple

from tiltyard.errors import ConfigError

DAY_S: Final = 86_400.0
SEGMENTS_MAX: Final = 32


class Segment(NamedTuple):
    """A part of the traffic with planes and a share of the false-alarm budget of its own."""

    feature: str
    value: str  # as a reader writes it: a category's label, or a number

    def __str__(self) -> str:
        return f"{self.feature}={self.value}"


@dataclass(frozen=True, slots=True)
class DriftPolicy:
    """Immutable; every change makes a new one. `epoch` counts the changes of the model's policy.

    `delta` is the shift that does not matter, in sigmas; `delta_indicator` the same for rates.
    `rows_independent`: the rows of one request do not depend on each other (scoring batches).
    The first `baseline_window_s` or `baseline_rows` that a version serves become its baseline,
    whichever is complete first, unless `accepts_by_itself` is off. Raises ConfigError where a value
    is out of its range.
    """

    epoch: int = 0
    delta: float = 0.1
    delta_indicator: float = 0.001
    rows_independent: bool = False
    captures_values: bool = False
    accepts_by_itself: bool = True
    baseline_window_s: float = 7 * DAY_S
    baseline_rows: int = 20_000
    segments: tuple[Segment, ...] = ()

    def __post_init__(self) -> None:
        _within("delta", self.delta, 0.001, 1.0)
        _within("delta_indicator", self.delta_indicator, 1e-6, 0.5)
        _within("baseline_window_s", self.baseline_window_s, 60.0, 366 * DAY_S)
        _within("baseline_rows", self.baseline_rows, 100, 10**12)
        _within("how many segments", len(self.segments), 0, SEGMENTS_MAX)
        if len(set(self.segments)) < len(self.segments):
            told = ", ".join(map(str, self.segments))
            raise ConfigError(f"drift policy: segments: expected each once, got {told}")

    def changed(self, changes: Mapping[str, object]) -> "DriftPolicy":
        """With these values in place of its own. Raises ConfigError."""
        return policy_of({**asdict(self), **changes})


def policy_of(values: Mapping[str, Any]) -> DriftPolicy:
    """The policy with these values, as the registry keeps them; others are the defaults.

    A segment is [feature, value]. Raises ConfigError that names the value, what was expected and
    what came.
    """
    known = {entry.name: entry for entry in fields(DriftPolicy)}
    made: dict[str, Any] = {}
    for name, value in values.items():
        if name not in known:
            expected = ", ".join(known)
            raise ConfigError(f"a drift policy has no {name!r}; expected one of {expected}")
        made[name] = _segments(value) if name == "segments" else _typed(name, value)
    return DriftPolicy(**made)


def to_values(policy: DriftPolicy) -> dict[str, Any]:
    """JSON-ready, as policy_of() takes it."""
    return {**asdict(policy), "segments": [list(segment) for segment in policy.segments]}


def _typed(name: str, value: object) -> object:
    expected = type(getattr(DriftPolicy(), name))
    if isinstance(value, expected) and not (expected is int and isinstance(value, bool)):
        return value
    if expected is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    raise ConfigError(f"drift policy: {name}: expected {_WORDS[expected]}, got {value!r}")


_WORDS: Final = {bool: "true or false", int: "a whole number", float: "a number"}


def _segments(value: object) -> tuple[Segment, ...]:
    if not isinstance(value, list | tuple):
        raise ConfigError(f"drift policy: segments: expected a list, got {value!r}")
    found = []
    for entry in value:
        is_pair = isinstance(entry, list | tuple) and len(entry) == len(Segment._fields)
        if not is_pair or not all(isinstance(part, str) and part for part in entry):
            raise ConfigError(f"drift policy: segments: expected [feature, value], got {entry!r}")
        found.append(Segment(*entry))
    return tuple(found)


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigError(f"drift policy: {name}: expected {low:g} to {high:g}, got {value!r}")
