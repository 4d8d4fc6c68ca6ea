"""Since when: where in the remembered ticks the change most likely began."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from tiltyard.monitor.alarm.history import Block
from tiltyard.monitor.profile.cells import Floats

RANGE_SHARE: Final = 0.9


class Onset(NamedTuple):
    """Seconds: the likeliest start, and the shortest range that holds it with 90 %."""

    mode_s: float
    from_s: float
    to_s: float


def find_onset(blocks: Sequence[Block], bet: int) -> Onset:
    """Of the change that a bet won on; `blocks` from the oldest to the newest, at least one.

    A start s weighs elapsed_s * exp(what the bet gained from s on): its part of R, which is the sum
    of the capital put in by each tick.
    """
    if not blocks:
        raise ValueError("an onset is looked for among remembered ticks, and there are none")
    gains = np.array([block.gains(bet) for block in blocks])
    log_weight = np.cumsum(gains[::-1])[::-1] + np.log([block.elapsed_s for block in blocks])
    weight = np.exp(log_weight - log_weight.max())
    ticks = np.array([block.ticks for block in blocks])
    mode = blocks[int(np.argmax(weight / ticks))]
    begin, end = _shortest(blocks, weight / weight.sum())
    return Onset(mode.started_s, begin, end)


def _shortest(blocks: Sequence[Block], share: Floats) -> tuple[float, float]:
    """The shortest stretch of time whose blocks hold RANGE_SHARE."""
    upto = np.concatenate([[0.0], np.cumsum(share)])
    wanted = RANGE_SHARE * upto[-1]
    best = (blocks[0].started_s, blocks[-1].ended_s)
    for first, block in enumerate(blocks):
        last = int(np.searchsorted(upto, upto[first] + wanted)) - 1
        if last >= len(blocks):
            break
        last = max(last, first)
        if blocks[last].ended_s - block.started_s < best[1] - best[0]:
            best = (block.started_s, blocks[last].ended_s)
    return best
