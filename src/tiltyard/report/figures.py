"""Numbers as the page shows them. A number that is not defined is a dash, never a 0."""

import math
from typing import Final

from tiltyard.cli.render.formats import percent
from tiltyard.monitor.statistics.measure import Rate

UNDEFINED: Final = "\N{EN DASH}"
MINUS: Final = "\N{MINUS SIGN}"
SIGMA: Final = "\N{GREEK SMALL LETTER SIGMA}"
TIMES: Final = "\N{MULTIPLICATION SIGN}"
TEXT_MAX: Final = 80
CERTAIN: Final = 1e-12  # p-values below are not told apart


def decimal(value: float | None, digits: int = 3) -> str:
    """`0.000123`, `0.094`, `1.24`, `12.3`, `1,234`: significant digits, no exponent where it reads.

    >>> [decimal(v) for v in (0.0, 0.09412, 12.34, 1234.5, math.inf)]
    ['0', '0.0941', '12.3', '1,234', '∞']
    """
    if value is None or math.isnan(value):
        return UNDEFINED
    sign, size = (MINUS, -value) if value < 0 else ("", value)
    if math.isinf(size):
        return f"{sign}∞"
    if size == 0:
        return "0"
    if size < 1e-4 or size >= 1e9:
        return f"{sign}{size:.{digits - 2}e}".replace("-", MINUS)
    places = max(0, digits - 1 - math.floor(math.log10(size)))
    return f"{sign}{size:,.{places}f}"


def signed(value: float | None, digits: int = 2) -> str:
    """`+0.42`: what is above 0 says so."""
    text = decimal(value, digits)
    return f"+{text}" if value is not None and value > 0 else text


def value(number: float) -> str:
    """A value of a feature, short enough for the end of an axis.

    >>> [value(v) for v in (0.0, 41.6000001, 98100.0, 1.5e12)]
    ['0', '41.6', '98,100', '1.5e+12']
    """
    if number == 0 or 1e-4 <= abs(number) < 1e7:
        text = f"{abs(number):,.4g}" if abs(number) < 1e4 else f"{abs(number):,.0f}"
    else:
        text = f"{abs(number):.3g}"
    return f"{MINUS}{text}" if number < 0 else text


def ticks(low: float, high: float, number: int) -> tuple[str, ...]:
    """Evenly spaced values from end to end, with the digits that the span has room for.

    >>> ticks(-2.798, 2.824, 3)
    ('\N{MINUS SIGN}2.8', '0.01', '2.82')
    """
    places = 2 - math.floor(math.log10(high - low)) if high > low else 0
    step = (high - low) / (number - 1)
    return tuple(value(round(low + step * k, places)) for k in range(number))


def short(text: str) -> str:
    """Text of somebody else's, cut where it would take the page; the whole is in a title."""
    return text if len(text) <= TEXT_MAX else f"{text[: TEXT_MAX - 1]}…"


def count(number: int) -> str:
    return f"{number:,}"


def rate(found: Rate | None) -> str:
    """`6.1 %`; a dash where nothing was counted."""
    return percent(found.share) if found is not None and found.n else UNDEFINED


def rows(number: int) -> str:
    """`1 row`, `24,000 rows`."""
    return f"{number:,} row{'' if number == 1 else 's'}"


def probability(p: float | None) -> str:
    """A p-value."""
    if p is not None and p < CERTAIN:
        return f"< 1e{MINUS}12"
    return decimal(p, 2)
