"""What a scenario is: a name, a sentence, what it does, and the bars it shows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.context import Context
from bench.results import Measurement


@dataclass(frozen=True)
class Bar:
    """A limit of the project and what was measured against it.

    `value` is None when it was not measured; `note` says why, or what to keep in mind.
    """

    text: str
    limit: float
    value: float | None
    at_least: bool
    note: str = ""

    @property
    def met(self) -> bool | None:
        """None when nothing was measured."""
        if self.value is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def at_least(text: str, limit: float, value: float | None, note: str = "") -> Bar:
    """The value must reach the limit."""
    return Bar(text, limit, value, True, note)


def at_most(text: str, limit: float, value: float | None, note: str = "") -> Bar:
    """The value must not pass the limit."""
    return Bar(text, limit, value, False, note)


def ratio(a: float | None, b: float | None) -> float | None:
    """a / b; None when one of them was not measured or b is 0."""
    return None if a is None or not b else a / b


@dataclass(frozen=True)
class Scenario:
    """Run by `python -m bench NAME`."""

    name: str
    about: str
    run: Callable[[Context], None]
    bars: Callable[[Sequence[Measurement]], list[Bar]]
