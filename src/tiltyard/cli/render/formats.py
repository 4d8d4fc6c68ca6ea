"""Numbers, shares and times as a person reads them at a glance. No I/O; all times are UTC."""

import math
from datetime import UTC, datetime
from typing import Final

MINUTE_S: Final = 60
HOUR_S: Final = 3_600
DAY_S: Final = 86_400
UNKNOWN: Final = "-"


def duration(seconds: float) -> str:
    """`42 s`, `10 min`, `2 h`, `3 d`: the largest unit that leaves a number worth reading."""
    whole = max(0, int(seconds))
    if whole < MINUTE_S:
        return f"{whole} s"
    if whole < HOUR_S:
        return f"{whole // MINUTE_S} min"
    if whole < 2 * DAY_S:
        return f"{whole // HOUR_S} h"
    return f"{whole // DAY_S} d"


def remaining(seconds: float) -> str:
    """The same for what is left, to the nearest: 71 h 59 min are 3 d."""
    if seconds < MINUTE_S:
        return duration(seconds)
    unit = MINUTE_S if seconds < HOUR_S else HOUR_S if seconds < 2 * DAY_S else DAY_S
    return duration(round(seconds / unit) * unit)


def time_of(unix_s: float, now: float) -> str:
    """`07:48` today, `Nov 22 07:48` this year, else `2025-11-22`."""
    then, today = _utc(unix_s), _utc(now)
    if then.date() == today.date():
        return f"{then:%H:%M}"
    if then.year == today.year:
        return f"{then:%b} {then.day} {then:%H:%M}"
    return f"{then:%Y-%m-%d}"


def timestamp(unix_s: float) -> str:
    """`2026-11-25 07:48:03`."""
    return f"{_utc(unix_s):%Y-%m-%d %H:%M:%S}"


def since(unix_s: float, now: float) -> str:
    """`2 h (07:48)`; nothing known is `-`."""
    if not unix_s:
        return UNKNOWN
    return f"{duration(now - unix_s)} ({time_of(unix_s, now)})"


def percent(fraction: float) -> str:
    """`5 %`, `4.99 %`. What is not none is not shown as 0, what is not all not as 100."""
    text = f"{100 * fraction:.2f}".rstrip("0").rstrip(".")
    if text == "0" and fraction > 0:
        return "<0.01 %"
    if text == "100" and fraction < 1:
        return ">99.99 %"
    return f"{text} %"


def per_second(rate: float) -> str:
    """`0`, `0.4`, `12.3`, `1,234`."""
    if rate == 0:
        return "0"
    return f"{rate:.1f}" if rate < 100 else f"{rate:,.0f}"


def milliseconds(value: float) -> str:
    """Three digits where they tell something: `0.048`, `0.50`, `12.3`, `1,234`."""
    if value < 0.1:
        return f"{value:.3f}"
    if value < 10:
        return f"{value:.2f}"
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def difference(value: float) -> str:
    """A score difference: `0`, `1.2e-07`, `0.25`."""
    return f"{value:.2g}" if math.isfinite(value) else "not finite"


def one_line(text: str) -> str:
    """What somebody else wrote, fit for a terminal: one line, and nothing that steers it."""
    joined = " ".join(text.split())
    return "".join(letter if letter.isprintable() else "?" for letter in joined)


def listed(words: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *front, last = words
    return f"{', '.join(front)} and {last}" if front else last


def _utc(unix_s: float) -> datetime:
    return datetime.fromtimestamp(unix_s, UTC)
