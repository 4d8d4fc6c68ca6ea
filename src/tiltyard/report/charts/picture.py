"""An SVG element that is stretched to its place, and the paths in it."""

from collections.abc import Iterable
from itertools import pairwise

from markupsafe import Markup

WIDTH = 600
HEIGHT = 100


def picture(css: str, label: str, body: Iterable[Markup], height: int = HEIGHT) -> Markup:
    """An `svg` WIDTH wide; `label` is what a screen reader says of it, "" for a decoration.

    >>> "a &lt; b" in picture("dot", "a < b", [path("now", "M0 0h9")])
    True
    """
    spoken = Markup('role=img aria-label="{}"').format(label) if label else "aria-hidden=true"
    head = Markup('<svg class={} viewBox="0 0 {} {}" preserveAspectRatio=none {}>')
    return (
        head.format(css, WIDTH, height, Markup(spoken)) + Markup("").join(body) + Markup("</svg>")
    )


def path(css: str, steps: str) -> Markup:
    """A `path`, or nothing where there are no steps."""
    return Markup('<path class={} d="{}"/>').format(css, steps) if steps else Markup()


def box(x: int, y: int, width: int, height: int) -> str:
    """The steps of a closed rectangle.

    >>> box(1, 2, 3, 4)
    'M1 2h3v4h-3z'
    """
    return f"M{x} {y}h{width}v{height}h{-width}z"


def staircase(xs: list[int], ys: list[int], floor: int) -> str:
    """The steps of an outline: ys[k] between xs[k] and xs[k + 1], from the floor and back to it.

    >>> staircase([0, 5, 9], [2, 7], 10)
    'M0 10v-8h5v5h4v3'
    """
    tops = [floor, *ys]
    risers = [f"v{y - below}" for below, y in zip(tops, ys, strict=False)]
    treads = [f"h{right - left}" for left, right in pairwise(xs)]
    steps = "".join(riser + tread for riser, tread in zip(risers, treads, strict=True))
    return f"M{xs[0]} {floor}{steps}v{floor - tops[-1]}"
