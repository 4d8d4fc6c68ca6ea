from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.monitor.counting.planes import (
    cell_of,
    feature,
    kernel,
    mixed_profile,
    numeric,
    profile_of,
    recount,
    same_floats,
    scores_of,
    wide_profile,
    words_of,
)
from tiltyard.monitor.counting.block_counter import BlockCounter
from tiltyard.monitor.counting.counter import TILE
from tiltyard.monitor.counting.record import HEAD_WORDS, Words
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.recount import count_rows, profile_scores

MIXED = mixed_profile()


def counted(profile: Profile, words: Words) -> Ints:
    counts = profile.layout.zeros()
    BlockCounter(profile, kernel()).count(words, counts)
    return counts


@pytest.mark.parametrize("rows", [0, 1, 31, 32, 33, TILE - 1, TILE, TILE + 1, 3 * TILE + 7])
def test_counts_equal_a_plain_recount(rows: int) -> None:
    words = words_of(MIXED, rows, seed=rows)
    assert np.array_equal(counted(MIXED, words), recount(MIXED, words))


@pytest.mark.parametrize("profile", [MIXED, wide_profile(), wide_profile(3, has_distances=False)])
def test_counts_and_scores_equal_the_offline_recount(profile: Profile) -> None:
    words = words_of(profile, 20_000, seed=5)
    counts = profile.layout.zeros()
    scores = BlockCounter(profile, kernel()).count(words, counts)
    slots = words[:, HEAD_WORDS:]
    with np.errstate(over="ignore", invalid="ignore"):  # of float32's largest values
        wanted = count_rows(profile, slots, words[:, 4], words[:, 5])
        surprise, mahalanobis = profile_scores(profile, slots)
    assert np.array_equal(counts, wanted)
    assert same_floats(scores.surprise, surprise)
    if len(profile.joint.features):
        assert scores.mahalanobis is not None
        assert same_floats(scores.mahalanobis, mahalanobis)
    else:
        assert scores.mahalanobis is None


def test_scores_equal_plain_sums() -> None:
    words = words_of(MIXED, 300)
    scores = BlockCounter(MIXED, kernel()).count(words, MIXED.layout.zeros())
    assert scores.mahalanobis is not None
    slots = len(MIXED.slots)
    wanted = [scores_of(MIXED, row[HEAD_WORDS : HEAD_WORDS + slots]) for row in words.tolist()]
    assert same_floats(scores.surprise, np.array([one for one, _ in wanted]))
    assert same_floats(scores.mahalanobis, np.array([one for _, one in wanted]))


@pytest.mark.parametrize("d", [1, 2, 3, 4, 5, 8, 9])
def test_distances_of_any_number_of_features(d: int) -> None:
    """What fills the whitening up to pairs and fours adds nothing."""
    recorded = [feature(f"x{n}", numeric(4, n)) for n in range(d)]
    profile = profile_of(recorded, distances=range(d), seed=d)
    words = words_of(profile, 200, seed=d)
    assert np.array_equal(counted(profile, words), recount(profile, words))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=40), st.integers(0, 13))
def test_any_word_goes_to_its_cell(found: list[int], slot: int) -> None:
    words = words_of(MIXED, len(found))
    words[:, HEAD_WORDS + slot] = found
    counts = MIXED.layout.zeros()
    BlockCounter(MIXED, kernel()).count(words, counts)
    cells = MIXED.streams[slot].cells
    wanted = np.bincount([cell_of(cells, word) for word in found], minlength=cells.size)
    assert np.array_equal(MIXED.layout.cells(counts, slot), wanted)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 400), max_size=6), st.randoms(use_true_random=False))
def test_parts_in_any_order_are_the_whole(cuts: list[int], chance: Random) -> None:
    words = words_of(MIXED, 400, seed=9)
    parts = np.split(words, sorted(cuts))
    order = list(range(len(parts)))
    chance.shuffle(order)
    counter = BlockCounter(MIXED, kernel())
    counts, merged = MIXED.layout.zeros(), MIXED.layout.zeros()
    for index in order:
        counter.count(parts[index], counts)
        alone = MIXED.layout.zeros()
        counter.count(parts[index], alone)
        merged += alone
    assert np.array_equal(counts, counted(MIXED, words))
    assert np.array_equal(merged, counts)


def test_every_row_is_in_one_cell_of_each_stream() -> None:
    words = words_of(MIXED, 1000)
    counts = MIXED.layout.zeros()
    BlockCounter(MIXED, kernel()).count(words, counts)
    for index in range(MIXED.layout.streams):
        assert MIXED.layout.cells(counts, index).sum() == 1000


def test_a_pad_word_changes_nothing() -> None:
    slots = len(MIXED.slots)
    words = words_of(MIXED, 500)[:, : HEAD_WORDS + slots]
    padded = np.pad(words, ((0, 0), (0, 1)), constant_values=0xFFFFFFFF)
    assert np.array_equal(
        counted(MIXED, np.ascontiguousarray(words)), counted(MIXED, np.ascontiguousarray(padded))
    )
