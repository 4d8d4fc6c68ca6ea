"""Lengths of time, as people write them: 90s, 10m, 24h, 7d."""

import re
from typing import Any, Final

import click

UNITS_S: Final = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_SPAN: Final = re.compile(r"([0-9]{1,9}) ?([smhd])")


class Span(click.ParamType[float]):
    """A length of time in seconds."""

    name = "span"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Raises BadParameter."""
        if isinstance(value, float):
            return value
        found = _SPAN.fullmatch(value)
        if found is None or not int(found[1]):
            self.fail(
                f"{value!r} is no length of time, expected one such as 90s, 10m, 24h or 7d",
                param,
                ctx,
            )
        return int(found[1]) * UNITS_S[found[2]]


SPAN: Final = Span()


def written(seconds: float) -> str:
    """The other way: `10m`; what is no whole number of a larger unit, in seconds.

    >>> [written(s) for s in (90.0, 600.0, 86_400.0, 90_000.0)]
    ['90s', '10m', '1d', '25h']
    """
    for unit, length in reversed(UNITS_S.items()):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:.0f}{unit}"
    return f"{seconds:g}s"
