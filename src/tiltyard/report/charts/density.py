"""Distributions of a numeric stream over its values: share of rows by unit of the value."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from markupsafe import Markup

from tiltyard.monitor.profile.cells import Floats
from tiltyard.report.charts.picture import HEIGHT, WIDTH, path, picture, staircase

CELLS_MIN: Final = 4
MARGIN: Final = 0.25  # of the span between the outermost inner edges, at most, on either side
MIDDLE_MIN: Final = 0.12  # of the axis that the middle half of the cells has to fill
PEAK_MAX: Final = 25.0  # of the median density


class Layer(NamedTuple):
    """One distribution: `shares` float64[cells] of rows by finite cell."""

    css: str
    shares: Floats


class Density(NamedTuple):
    """`low` and `high` are the values at both ends of the axis."""

    chart: Markup
    low: float
    high: float


def density(edges: Floats, layers: Sequence[Layer], label: str) -> Density | None:
    """`edges` float64[cells + 1] ascending, the minimum first.

    The outermost cells may be wide, and are cut at the ends of the axis. None where one axis cannot
    show the cells: too few, one without a width, or most of them in a corner of the axis.
    """
    if len(edges) <= CELLS_MIN or np.diff(edges).min() <= 0:
        return None
    inner = float(edges[-2] - edges[1])
    low = max(float(edges[0]), float(edges[1]) - MARGIN * inner)
    high = min(float(edges[-1]), float(edges[-2]) + MARGIN * inner)
    quarter = (len(edges) - 1) // 4
    middle = float(edges[-1 - quarter] - edges[quarter])
    heights = np.array([layer.shares for layer in layers]) / np.diff(edges)
    peak, usual = float(heights.max()), float(np.median(heights.max(axis=0)))
    if middle < MIDDLE_MIN * (high - low) or not 0 < peak <= PEAK_MAX * usual:
        return None
    xs = np.clip((edges - low) / (high - low), 0, 1) * WIDTH
    body = [
        path(layer.css, staircase(_whole(xs), _whole(HEIGHT - row / peak * (HEIGHT - 2)), HEIGHT))
        for layer, row in zip(layers, heights, strict=True)
    ]
    return Density(picture("density", label, body), low, high)


def _whole(values: Floats) -> list[int]:
    return [int(value) for value in np.rint(values)]
