"""A stream's PSI over the history, in units of its own noise band."""

import math
from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from tiltyard.report.charts.picture import WIDTH, box, path, picture

HEIGHT: Final = 90
RATIO_MAX: Final = 9.0  # drawn at the top; the band then fills the lower third
CUT_HEIGHT: Final = 8


def sparkline(ratios: Sequence[float | None], label: str) -> Markup:
    """`ratios` are PSI / band of each piece, oldest first; None leaves a gap.

    Heights go with the square root, and what is beyond RATIO_MAX is cut and marked at the top. The
    band depends on the rows of each piece, so that the shaded third is the noise of every piece.
    """
    floor = HEIGHT - round(HEIGHT / math.sqrt(RATIO_MAX))
    shade = path("band", box(0, floor, WIDTH, HEIGHT - floor))
    line, cuts = [], []
    width = WIDTH / max(1, len(ratios))
    before: tuple[int, int] | None = None
    for index, ratio in enumerate(ratios):
        if ratio is None:
            before = None
            continue
        x = round((index + 0.5) * width)
        y = HEIGHT - round(HEIGHT * math.sqrt(min(ratio, RATIO_MAX) / RATIO_MAX))
        # A lone piece between two gaps is a dash.
        line.append(f"l{x - before[0]} {y - before[1]}" if before else f"M{x - 2} {y}h2")
        before = x, y
        if ratio > RATIO_MAX:
            cuts.append(box(x - round(width / 2), 0, max(1, round(width)), CUT_HEIGHT))
    body = [shade, path("line", "".join(line)), path("cut", "".join(cuts))]
    return picture("spark", label, body, HEIGHT)
