"""What each cell adds to the PSI: upwards where there are more rows now, downwards where fewer."""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from tiltyard.monitor.statistics.measure import CellMeasure
from tiltyard.report.charts.picture import WIDTH, box, path, picture

HEIGHT: Final = 80
GAP: Final = 4


def contributions(cells: Sequence[CellMeasure], scale: float, label: str) -> Markup:
    """A column for each cell that the PSI is the sum over; `scale` fills half the height."""
    middle = HEIGHT // 2
    up, down = [], []
    for index, cell in enumerate(cells):
        left = round(WIDTH * index / len(cells))
        width = max(1, round(WIDTH * (index + 1) / len(cells)) - left - GAP)
        height = round(min(1.0, cell.psi / scale) * (middle - 1)) if scale > 0 else 0
        if not height:
            continue
        if cell.share >= cell.reference_share:
            up.append(box(left, middle - height, width, height))
        else:
            down.append(box(left, middle, width, height))
    zero = path("zero", f"M0 {middle}H{WIDTH}")
    return picture(
        "parts", label, [path("more", "".join(up)), path("less", "".join(down)), zero], HEIGHT
    )
