import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.monitor.counting.planes import kernel, mixed_profile, words_of
from tiltyard.monitor.counting.block_counter import BlockCounter
from tiltyard.monitor.counting.record import HEAD_WORDS
from tiltyard.monitor.strangers import KEPT_S, PART_S, ROWS, Strangers

PROFILE = mixed_profile()
WORDS = words_of(PROFILE, 1000)
WORDS[:, 3] = 0
WORDS[:, 2] = np.arange(1000)  # the request's hash is the row
T0 = 1_700_000_100.0
F32 = st.floats(width=32)


def look(
    strangers: Strangers,
    scores: list[float],
    distances: list[float] | None = None,
    *,
    now: float = T0,
    first: int = 0,
    captures_values: bool = False,
) -> None:
    strangers.look(
        now,
        WORDS[first : first + len(scores)],
        np.array(scores, np.float32),
        None if distances is None else np.array(distances, np.float32),
        captures_values=captures_values,
    )


def hashes(strangers: Strangers, now: float = T0) -> list[int]:
    return [one.request_hash for one in strangers.strangest(now, 0.0)]


@given(st.lists(st.lists(F32, max_size=60), max_size=12))
def test_they_are_the_largest_of_all(blocks: list[list[float]]) -> None:
    strangers = Strangers(PROFILE)
    first = 0
    for block in blocks:
        look(strangers, block, first=first)
        first += len(block)
    scores = np.array([score for block in blocks for score in block], np.float32)
    wanted = np.sort(scores[~np.isnan(scores)])[::-1][:ROWS]
    found = strangers.strangest(T0, 0.0)
    # Rows of the same time, request and score are one.
    assert sorted({one.surprise for one in found}) == sorted(set(wanted.tolist()))
    for one in found:
        assert scores[one.request_hash] == one.surprise


def test_by_surprise_then_by_distance_and_each_once() -> None:
    strangers = Strangers(PROFILE)
    look(strangers, [float(n) for n in range(100)], [float(n % 50) for n in range(100)])
    found = hashes(strangers)
    assert found[:ROWS] == list(range(99, 89, -1))
    assert found[ROWS:] == [49, 48, 47, 46, 45]  # 99 to 95 are as far and were there


def test_infinity_is_the_strangest_and_nan_is_not_there() -> None:
    strangers = Strangers(PROFILE)
    look(strangers, [1.0, np.nan, np.inf, 2.0])
    assert hashes(strangers) == [2, 3, 0]
    look(strangers, [np.nan] * 5)
    look(strangers, [])
    assert hashes(strangers) == [2, 3, 0]


def test_those_since_a_time_are_made_since_then() -> None:
    strangers = Strangers(PROFILE)
    for minute in range(20):
        words = WORDS[minute : minute + 1].copy()
        words[:, 0:2] = np.array([minute * 60 * 10**9], "<u8").view(np.uint32)
        score = np.array([100.0 - minute], np.float32)
        strangers.look(T0 + 60 * minute, words, score, score, captures_values=False)
    now = T0 + 1_200
    assert [one.request_hash for one in strangers.strangest(now, T0)] == list(range(10))
    found = strangers.strangest(now, T0, since=T0 + 720)
    assert [one.request_hash for one in found] == list(range(12, 20))
    assert strangers.strangest(now, T0, since=now) == ()


def test_after_an_hour_they_are_forgotten() -> None:
    strangers = Strangers(PROFILE)
    for minute in range(0, 180, 5):
        look(strangers, [1000.0 - minute], now=T0 + 60 * minute, first=minute)
        now = T0 + 60 * minute
        kept = [n for n in range(0, minute + 1, 5) if n * 60 > minute * 60 - KEPT_S - PART_S]
        assert hashes(strangers, now) == kept[:ROWS]
    assert hashes(strangers, T0 + 2 * 86_400) == []
    assert not strangers._parts


def test_values_only_where_capture_is_on() -> None:
    strangers = Strangers(PROFILE)
    look(strangers, [1.0, 2.0])
    look(strangers, [3.0], first=2, captures_values=True)
    kept, *others = strangers.strangest(T0, 0.0)
    assert [one.values for one in others] == [None, None]
    assert kept.values is not None
    assert list(kept.values) == [stream.name for stream in PROFILE.streams if stream.slot]
    for slot, (stream, value) in enumerate(
        zip(PROFILE.streams, kept.values.values(), strict=False)
    ):
        word = WORDS[2, HEAD_WORDS + slot]
        wanted = word.view(np.float32) if stream.cells.kind.is_ordered else word
        assert np.array_equal(value, float(wanted), equal_nan=True)
    strangers.forget_values()
    assert [one.values for one in strangers.strangest(T0, 0.0)] == [None] * 3


def test_when_it_was() -> None:
    strangers = Strangers(PROFILE)
    words = WORDS[:1].copy()
    words[0, :2] = np.array([2_500_000_000], np.uint64).view(np.uint32)
    score = np.array([7], np.float32)
    strangers.look(T0, words, score, score * 2, captures_values=False)
    (one,) = strangers.strangest(T0, 1000.0)
    assert (one.time, one.surprise, one.mahalanobis) == (1002.5, 7.0, 14.0)


def test_of_a_block_that_was_counted() -> None:
    counter, strangers = BlockCounter(PROFILE, kernel()), Strangers(PROFILE)
    scores = counter.count(WORDS, PROFILE.layout.zeros())
    strangers.look(T0, WORDS, *scores, captures_values=False)
    found = strangers.strangest(T0, 0.0)
    assert found[0].surprise == scores.surprise.max()
    assert scores.mahalanobis is not None
    assert max(one.mahalanobis or 0 for one in found) == np.nanmax(scores.mahalanobis)


@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_what_is_kept_is_bounded(rows: int) -> None:
    strangers = Strangers(PROFILE)
    for turn in range(200):
        scores = np.arange(rows) + float(turn)
        look(strangers, scores.tolist(), scores.tolist(), now=T0 + 60 * turn)
    assert len(strangers._parts) <= KEPT_S / PART_S + 1
    assert all(len(part.by_surprise) <= ROWS for part in strangers._parts)
    assert len(strangers.strangest(T0 + 60 * 199, 0.0)) <= 2 * ROWS
