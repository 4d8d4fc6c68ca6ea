"""One number on a line, beside what it is held against."""

import math
from typing import Final

from markupsafe import Markup

from tiltyard.monitor.statistics.measure import Rate
from tiltyard.report.charts.picture import WIDTH, box, path, picture

HEIGHT: Final = 16


def bar(value: float, limit: float, scale: float, label: str) -> Markup:
    """A bar to `value` and a tick at `limit`; lengths go with the square root, up to `scale`.

    `label` is "" where the figures stand beside it.
    """
    css = "over" if value > limit else "within"
    body = [
        path(css, box(0, 4, _at(value, scale), HEIGHT - 8)),
        path("limit", box(min(_at(limit, scale), WIDTH - 4), 0, 4, HEIGHT)),
    ]
    return picture("gauge", label, body, HEIGHT)


def interval(rate: Rate, scale: float) -> Markup:
    """The rate's interval, a tick at the rate, and a hollow one at the reference's.

    The interval is coloured where it does not hold the reference's share, which may be NaN: none.
    """
    low, high = _at(rate.low, scale), _at(rate.high, scale)
    is_apart = rate.reference < rate.low or rate.reference > rate.high
    body = [
        path("zero", f"M0 {HEIGHT // 2}H{WIDTH}"),
        path("over" if is_apart else "within", box(low, 5, max(3, high - low), HEIGHT - 10)),
        path("limit", box(min(_at(rate.share, scale), WIDTH - 5), 2, 5, HEIGHT - 4)),
    ]
    if not math.isnan(rate.reference):
        body.append(
            path("before", box(min(_at(rate.reference, scale), WIDTH - 7), 1, 7, HEIGHT - 2))
        )
    return picture("gauge", "", body, HEIGHT)


def _at(value: float, scale: float) -> int:
    if scale <= 0:
        return 0
    return round(WIDTH * math.sqrt(min(1.0, max(0.0, value) / scale)))
