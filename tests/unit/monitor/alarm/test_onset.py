"""Since when."""

import numpy as np
import pytest

from tests.unit.monitor.alarm.references import uniform
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.history import Block
from tiltyard.monitor.alarm.onset import find_onset
from tiltyard.monitor.alarm.policy import AlarmPolicy

STREAM = uniform("a")
TABLES = BetTables.build([STREAM], AlarmPolicy())
UPWARD = 2  # the bet on a location upward with the middle stake


def blocks(counts: list[np.ndarray]) -> list[Block]:
    return [
        Block(
            started_s=float(t),
            ended_s=float(t + 1),
            ticks=1,
            elapsed_s=1.0,
            rows=int(cells.sum()),
            rows_squared=int(cells.sum()),
            cells=cells.astype(np.uint32),
            exponent=np.ones((2, 1)),
            shape=np.zeros((2, 1)),
            tables=TABLES,
        )
        for t, cells in enumerate(counts)
    ]


def traffic(before: int, after: int) -> list[np.ndarray]:
    """Ticks like the reference, then ones in which the upper half comes twice as often."""
    rng = np.random.default_rng(8)
    r = STREAM.counts / STREAM.rows
    up = r * np.where(np.arange(len(r)) > 6, 4 / 3, 2 / 3)
    return [rng.multinomial(100, p / p.sum()) for p in [r] * before + [up] * after]


def test_the_likeliest_start_is_found_within_its_range() -> None:
    found = find_onset(blocks(traffic(40, 20)), UPWARD)
    assert abs(found.mode_s - 40) <= 2
    assert found.from_s <= found.mode_s < found.to_s
    assert found.to_s - found.from_s < 10


def test_the_weights_are_the_parts_of_the_capital() -> None:
    own = blocks(traffic(10, 6))
    gains = [block.gains(UPWARD) for block in own]
    weight = np.array([np.exp(sum(gains[s:])) for s in range(len(own))])
    share = weight / weight.sum()
    found = find_onset(own, UPWARD)
    assert found.mode_s == share.argmax()
    first, last = int(found.from_s), int(found.to_s)
    assert share[first:last].sum() >= 0.9
    width = last - first
    narrower = [share[s : s + width - 1].sum() for s in range(len(own) - width + 2)]
    assert max(narrower) < 0.9


def test_a_first_tick_can_be_the_start() -> None:
    assert find_onset(blocks(traffic(0, 5)), UPWARD).mode_s == 0


def test_without_ticks_there_is_none() -> None:
    with pytest.raises(ValueError, match="there are none"):
        find_onset([], UPWARD)
