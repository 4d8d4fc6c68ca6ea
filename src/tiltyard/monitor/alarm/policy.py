"""What the alarm of one plane goes by."""

from dataclasses import dataclass

from tiltyard.errors import ConfigError
from tiltyard.monitor.policy import DAY_S

# No tick counts for longer than this, whatever the gap before it: seconds of start mass.
TICK_S_MAX = 3600.0


@dataclass(frozen=True, slots=True)
class AlarmPolicy:
    """Immutable. Raises ConfigError where a value is out of its range.

    `delta` is the shift that does not matter, in standard deviations of a score, and
    `delta_indicator` the same for the rates of reserved cells. `beta` is the probability, over the
    draw of the reference, that a bound taken from it does not hold. `false_alarm_s` is the mean
    time between false alarms of this plane, in seconds. A tick closes after `tick_s` seconds with
    `tick_rows_min` rows, and counts for at most `n_cap` rows. `half_lives` are those of what the
    shape bets learn, in ticks. `rows_independent`: the rows of one request do not depend on each
    other, so that only the estimated design effect discounts them.
    """

    delta: float = 0.1
    delta_indicator: float = 0.001
    beta: float = 0.01
    false_alarm_s: float = 30 * DAY_S
    tick_s: float = 1.0
    tick_rows_min: int = 50
    n_cap: int = 1000
    warmup_ticks: int = 300
    half_lives: tuple[float, ...] = (8.0, 64.0)
    rows_independent: bool = False

    def __post_init__(self) -> None:
        for name in ("delta", "delta_indicator"):
            _check(name, getattr(self, name), 0.0, 1.0)
        _check("beta", self.beta, 1e-12, 0.5)
        _check("false_alarm_s", self.false_alarm_s, 1.0, 1e12)
        _check("tick_s", self.tick_s, 1e-3, TICK_S_MAX)
        for name in ("tick_rows_min", "n_cap"):
            _check(name, getattr(self, name), 1, 1e9)
        _check("warmup_ticks", self.warmup_ticks, 0, 1e9)
        if not self.half_lives:
            raise ConfigError("half_lives must have at least one half-life in ticks, and has none")
        for half_life in self.half_lives:
            _check("half_lives", half_life, 1e-3, 1e6)

    def closes(self, elapsed_s: float, rows: int) -> bool:
        """Whether a tick that has lasted `elapsed_s` seconds and has `rows` rows is to be bet."""
        return elapsed_s >= self.tick_s and rows >= self.tick_rows_min


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigError(f"{name} must lie between {low:g} and {high:g}, and is {value!r}")
