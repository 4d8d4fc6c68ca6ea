"""A PSI over time as blocks, and shares as bars; both have a form of ASCII alone.

The blocks are a PSI in parts of its noise band, so that pieces of few and of many rows can be
compared: the two lowest are within what chance does, the higher ones above it.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from rich.text import Text

# A PSI of up to so many times its band; the first two are within it.
STEPS: Final = (0.5, 1.0, 1.5, 2.0, 4.0, 8.0, 16.0)
WITHIN: Final = 2
BLOCKS: Final = "▁▂▃▄▅▆▇█"
ASCII_BLOCKS: Final = "_.:-=+*#"
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"


def spark(psi: Sequence[float], band: Sequence[float], width: int, *, is_ascii: bool) -> Text:
    """The last `width` pieces; blank where one has no rows (NaN)."""
    blocks = ASCII_BLOCKS if is_ascii else BLOCKS
    text = Text(" " * (width - len(psi)))
    pairs = list(zip(psi, band, strict=True))[-width:]
    for value, chance in pairs:
        if math.isnan(value):
            text.append(" ")
            continue
        at = level(value, chance)
        text.append(blocks[at], style="dim" if at < WITHIN else "bold red")
    return text


def level(psi: float, band: float) -> int:
    """0 to 7: which block a PSI is. Without a band, of one cell, nothing differs.

    >>> [level(psi, 0.01) for psi in (0.0, 0.005, 0.01, 0.011, 0.04, 9.0)]
    [0, 0, 1, 2, 4, 7]
    """
    if band <= 0:
        return 0
    return bisect_left(STEPS, psi / band)


def legend(*, is_ascii: bool) -> str:
    blocks = ASCII_BLOCKS if is_ascii else BLOCKS
    within, above = blocks[:WITHIN], blocks[WITHIN:]
    return f"{within} within the noise, {above} up to {STEPS[-1]:g} times of it and more"


def bar(share: float, full: float, width: int, *, is_ascii: bool) -> str:
    """`share` of `full` as a bar of at most `width` columns; what is not none shows.

    >>> bar(0.25, 0.5, 8, is_ascii=True)
    '####'
    """
    if share <= 0 or full <= 0:
        return ""
    eighths = max(1, round(8 * width * min(share / full, 1.0)))
    if is_ascii:
        return "#" * max(1, round(eighths / 8))
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")
