"""Remembered ticks: few, and nothing of the counts is lost until they are forgotten."""

import numpy as np
import pytest

from tests.unit.monitor.alarm.references import uniform
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.history import (
    BLOCKS_A_LEVEL,
    LEVELS,
    SINGLE_TICKS,
    Block,
    History,
)
from tiltyard.monitor.alarm.policy import AlarmPolicy

STREAMS = [uniform("a"), uniform("b")]
TABLES = BetTables.build(STREAMS, AlarmPolicy())


def tick(number: int, tables: BetTables = TABLES) -> Block:
    """The tick that ended at second number + 1; its counts tell which it was."""
    rng = np.random.default_rng(number)
    return Block(
        started_s=float(number),
        ended_s=float(number + 1),
        ticks=1,
        elapsed_s=1.0,
        rows=100,
        rows_squared=100 + number,
        cells=rng.integers(0, 20, tables.size).astype(np.uint32),
        exponent=rng.uniform(0.5, 1.0, (2, 2)),
        shape=rng.normal(size=(2, 2)),
        tables=tables,
    )


def filled(ticks: int) -> History:
    history = History()
    for number in range(ticks):
        history.append(tick(number))
    return history


@pytest.mark.parametrize("ticks", [1, 32, 33, 34, 500, 4000])
def test_blocks_follow_each_other_and_hold_every_tick(ticks: int) -> None:
    blocks = list(filled(ticks))
    assert sum(block.ticks for block in blocks) == ticks
    assert [b.started_s for b in blocks[1:]] == [b.ended_s for b in blocks[:-1]]
    assert blocks[-1].ended_s == ticks
    total = np.sum([tick(n).cells for n in range(ticks)], axis=0, dtype=np.int64)
    assert np.array_equal(np.sum([b.cells for b in blocks], axis=0, dtype=np.int64), total)
    assert sum(b.rows_squared for b in blocks) == sum(100 + n for n in range(ticks))


def test_it_is_bounded_and_forgets_the_oldest() -> None:
    history = filled(6000)
    blocks = list(history)
    assert len(blocks) <= SINGLE_TICKS + BLOCKS_A_LEVEL * (LEVELS - 1)
    assert blocks[-1].ended_s == 6000
    assert 3800 < sum(block.ticks for block in blocks) <= 4112
    assert [b.ticks for b in blocks[-SINGLE_TICKS:]] == [1] * SINGLE_TICKS
    assert history.nbytes == len(blocks) * (4 * TABLES.size + 8 * 4 + 8 * 4)


def test_ticks_of_different_tables_are_not_merged() -> None:
    other = BetTables.build(STREAMS, AlarmPolicy(), layout=TABLES.layout, slot=1)
    history = History()
    for number in range(200):
        history.append(tick(number, other if number % 2 else TABLES))
    assert {block.ticks for block in history} == {1}
    assert len(history) <= SINGLE_TICKS + BLOCKS_A_LEVEL * (LEVELS - 1)


def test_a_block_gains_what_its_ticks_gained() -> None:
    one, other = tick(1), tick(2)
    both = one.then(other)
    layout = TABLES.layout
    for bet in range(layout.size):
        stream = int(layout.stream[bet])
        begin, end = TABLES.span(stream)
        if bet in layout.shapes[:, stream]:
            row = int(np.flatnonzero(layout.shapes[:, stream] == bet)[0])
            assert one.gains(bet) == one.shape[row, stream]
            assert both.gains(bet) == pytest.approx(one.gains(bet) + other.gains(bet))
        else:
            sort = 0 if layout.group[bet] <= 1 else 1
            expected = one.exponent[sort, stream] * (TABLES.table(bet) @ one.cells[begin:end])
            assert one.gains(bet) == pytest.approx(float(expected))


def test_the_last_window_is_of_single_ticks() -> None:
    history = filled(100)
    expected = np.sum([tick(n).cells for n in range(68, 100)], axis=0, dtype=np.int64)
    recent = history.recent()
    assert recent is not None
    assert np.array_equal(recent, expected)
    history.clear()
    assert (history.recent(), len(history)) == (None, 0)


@pytest.mark.parametrize("ticks", [0, 1, 300])
def test_it_is_saved_whole(ticks: int) -> None:
    history = filled(ticks)
    again = History.from_arrays(lambda _: TABLES, history.to_arrays())
    for one in (history, again):
        for number in range(ticks, ticks + 50):
            one.append(tick(number))
    for mine, theirs in zip(history, again, strict=True):
        assert np.array_equal(mine.cells, theirs.cells)
        assert np.array_equal(mine.exponent, theirs.exponent)
        assert np.array_equal(mine.shape, theirs.shape)
        assert (mine.started_s, mine.ended_s, mine.ticks, mine.rows, mine.rows_squared) == (
            theirs.started_s,
            theirs.ended_s,
            theirs.ticks,
            theirs.rows,
            theirs.rows_squared,
        )
