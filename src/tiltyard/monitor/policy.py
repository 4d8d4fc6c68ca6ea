"""What an operator chooses of a model's monitoring."""

from dataclasses import dataclass
from typing import NamedTuple

DAY_S = 86_400.0


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
    The first settled `baseline_window_s` or `baseline_rows` of a version become its baseline,
    whichever is complete first, unless `accepts_by_itself` is off.
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
