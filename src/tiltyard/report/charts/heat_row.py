"""One stream's row of the heat map: time from left to right, PSI in units of its noise band."""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from tiltyard.report.charts.picture import WIDTH, box, path, picture

HEIGHT: Final = 20
# From which PSI / band on a piece is of level 1, 2, ... Below the first is noise.
LEVELS: Final = (1.0, 2.0, 5.0, 20.0)


def level(ratio: float) -> int:
    """0 within the noise band, else the number of LEVELS reached.

    >>> [level(r) for r in (0.0, 1.0, 1.01, 2.5, 1e9)]
    [0, 0, 1, 2, 4]
    """
    return sum(ratio > least for least in LEVELS)


def heat_row(ratios: Sequence[float | None], marks: Sequence[float]) -> Markup:
    """`ratios` are PSI / band of each piece, None where nothing was counted; `marks` are shares of
    the history, 0 to 1, at which something happened.

    A level has a colour and a height, so that it is seen without colour as well.
    """
    edges = [round(WIDTH * k / max(1, len(ratios))) for k in range(len(ratios) + 1)]
    runs: dict[int, list[str]] = {}
    begin = 0
    levels = [None if ratio is None else level(ratio) for ratio in ratios]
    for at in range(1, len(levels) + 1):
        if at < len(levels) and levels[at] == levels[begin]:
            continue
        found = levels[begin]
        if found != 0:
            runs.setdefault(-1 if found is None else found, []).append(
                _bar(found, edges[begin], edges[at])
            )
        begin = at
    body = [path("none" if k < 0 else f"h{k}", "".join(runs[k])) for k in sorted(runs)]
    body.append(path("mark", "".join(f"M{round(m * WIDTH)} 0v{HEIGHT}" for m in marks)))
    return picture("heat", "", body, HEIGHT)


def _bar(found: int | None, left: int, right: int) -> str:
    if found is None:
        return box(left, HEIGHT // 2 - 1, right - left, 2)
    height = HEIGHT * (found + 1) // (len(LEVELS) + 1)
    return box(left, HEIGHT - height, right - left, height)
