"""Blocks of ticks against those before them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiltyard.monitor.alarm.tick_blocks import FACTOR, LEVELS, SPAN_S_MAX, TickBlocks


@given(seed=st.integers(0, 2**32 - 1), ticks=st.integers(1, 150))
def test_steps_are_those_of_a_plain_loop(seed: int, ticks: int) -> None:
    rng = np.random.default_rng(seed)
    means, rows = rng.normal(size=(ticks, 2, 3)), rng.integers(0, 9, (ticks, 3)).astype(float)
    blocks = TickBlocks(2, 3)
    found: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {n: [] for n in range(LEVELS)}
    for tick in range(ticks):
        for level, squares, both in blocks.add(means[tick], rows[tick], float(tick)):
            found[level].append((squares, both))
    for level in range(LEVELS):
        size = FACTOR**level
        whole = ticks // size
        counts = rows[: whole * size].reshape(whole, size, 3).sum(axis=1)
        sums = (means * rows[:, None])[: whole * size].reshape(whole, size, 2, 3).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            own = sums / counts[:, None]
            expected = np.diff(own, axis=0) ** 2 / (1 / counts[1:] + 1 / counts[:-1])[:, None]
        assert len(found[level]) == max(whole - 1, 0)
        for at, (squares, both) in enumerate(found[level]):
            assert both.tolist() == ((counts[at] > 0) & (counts[at + 1] > 0)).tolist()
            assert squares == pytest.approx(np.where(both, expected[at], 0.0), abs=1e-9)


def test_what_was_forgotten_is_in_no_step() -> None:
    rng = np.random.default_rng(1)
    forgetful, anew = TickBlocks(1, 1), TickBlocks(1, 1)
    for _ in range(7):
        list(forgetful.add(rng.normal(size=(1, 1)), np.ones(1), 0.0))
    forgetful.forget()
    for _ in range(40):
        mean = rng.normal(size=(1, 1))
        one, other = (list(blocks.add(mean, np.ones(1), 0.0)) for blocks in (forgetful, anew))
        assert [step.level for step in one] == [step.level for step in other]
        assert [step.squares.item() for step in one] == [step.squares.item() for step in other]


def test_it_is_saved_to_the_bit() -> None:
    rng = np.random.default_rng(2)
    blocks, again = TickBlocks(2, 1), TickBlocks(2, 1)
    for _ in range(21):
        list(blocks.add(rng.normal(size=(2, 1)), np.ones(1), 0.0))
    again.restore(blocks.to_arrays())
    for _ in range(50):
        mean = rng.normal(size=(2, 1))
        for one, other in zip(
            blocks.add(mean, np.ones(1), 0.0), again.add(mean, np.ones(1), 0.0), strict=True
        ):
            assert one.level == other.level
            assert np.array_equal(one.squares, other.squares)


def test_blocks_of_more_than_ten_minutes_are_not_made() -> None:
    rng = np.random.default_rng(3)
    for tick_s, levels in ((1.0, {0, 1, 2, 3}), (30.0, {0, 1, 2}), (150.0, {0, 1}), (900.0, {0})):
        blocks, found = TickBlocks(1, 1), set()
        for tick in range(200):
            mean = rng.normal(size=(1, 1))
            found |= {step.level for step in blocks.add(mean, np.ones(1), tick * tick_s)}
        assert found == levels
        assert all(tick_s * (FACTOR**level - 1) <= SPAN_S_MAX for level in found)
