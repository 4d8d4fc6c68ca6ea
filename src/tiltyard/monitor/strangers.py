"""The strangest rows of the last hour: those that the profile finds least likely."""

import heapq
import math
from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.counting.record import HASH_WORD, HEAD_WORDS, TIME_WORD, Words, wide_word
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.snapshot import Stranger

Scores = npt.NDArray[np.float32]

KEPT_S: Final = 3600.0
# The hour is kept in parts, each with its own strangest rows, so that it can slide.
PART_S: Final = 300.0
# By surprise, and as many by distance.
ROWS: Final = 10


class _Row(NamedTuple):
    """Ordered by the score that it is kept for, then as it came."""

    score: float
    number: int
    surprise: float
    mahalanobis: float | None
    time_ns: int
    request_hash: int
    words: tuple[int, ...] | None


class _Part:
    """The strangest rows of some minutes, by each score."""

    def __init__(self, begin: float) -> None:
        self.begin = begin
        self.by_surprise: list[_Row] = []
        self.by_mahalanobis: list[_Row] = []


class Strangers:
    """Of one plane. One thread at a time; bounded: ROWS by each score in each part of the hour."""

    def __init__(self, profile: Profile) -> None:
        self._streams = profile.streams[: len(profile.slots)]
        self._parts: deque[_Part] = deque()
        self._number = 0

    def look(
        self,
        now: float,
        words: Words,
        surprise: Scores,
        mahalanobis: Scores | None,
        *,
        captures_values: bool,
    ) -> None:
        """Keep those of a block's rows that are among the strangest of these minutes.

        `words` uint32[n, W] and scores float32[n] as BlockCounter gives them, of all the rows of
        the block; `now` in unix seconds.
        """
        part = self._part(now)
        for heap, scores in ((part.by_surprise, surprise), (part.by_mahalanobis, mahalanobis)):
            if scores is None:
                continue
            for row in _candidates(scores, heap):
                self._number += 1
                kept = _Row(
                    float(scores[row]),
                    self._number,
                    float(surprise[row]),
                    None if mahalanobis is None else float(mahalanobis[row]),
                    wide_word(words, row, TIME_WORD),
                    wide_word(words, row, HASH_WORD),
                    self._slots(words, row) if captures_values else None,
                )
                if len(heap) < ROWS:
                    heapq.heappush(heap, kept)
                else:
                    heapq.heappushpop(heap, kept)

    def strangest(
        self, now: float, boot_s: float, *, since: float = -math.inf
    ) -> tuple[Stranger, ...]:
        """Those of the last hour by surprise, then those by distance that are not among them.

        The strangest first, made at `since` or later, in unix seconds. `boot_s` is the unix time at
        which the monotonic clock was 0.
        """
        self._drop_old(now)
        found: dict[tuple[int, int, float], Stranger] = {}
        for heaps in (
            [part.by_surprise for part in self._parts],
            [part.by_mahalanobis for part in self._parts],
        ):
            rows = (row for heap in heaps for row in heap if _made_at(row, boot_s) >= since)
            for row in heapq.nlargest(ROWS, rows):
                key = (row.time_ns, row.request_hash, row.surprise)
                found.setdefault(key, self._told(row, boot_s))
        return tuple(found.values())

    def forget_values(self) -> None:
        """Capture was forbidden: no value that was kept stays."""
        for part in self._parts:
            for heap in (part.by_surprise, part.by_mahalanobis):
                heap[:] = [row._replace(words=None) for row in heap]

    def _part(self, now: float) -> _Part:
        begin = now // PART_S * PART_S
        if not self._parts or self._parts[-1].begin < begin:
            self._drop_old(now)
            self._parts.append(_Part(begin))
        return self._parts[-1]

    def _drop_old(self, now: float) -> None:
        while self._parts and self._parts[0].begin + PART_S <= now - KEPT_S:
            self._parts.popleft()

    def _slots(self, words: Words, row: int) -> tuple[int, ...]:
        return tuple(words[row, HEAD_WORDS : HEAD_WORDS + len(self._streams)].tolist())

    def _told(self, row: _Row, boot_s: float) -> Stranger:
        values = None
        if row.words is not None:
            values = {
                stream.name: _value(word, is_number=stream.cells.kind.is_ordered)
                for stream, word in zip(self._streams, row.words, strict=True)
            }
        return Stranger(
            _made_at(row, boot_s), row.request_hash, row.surprise, row.mahalanobis, values
        )


def _made_at(row: _Row, boot_s: float) -> float:
    return boot_s + row.time_ns / 1e9


def _candidates(scores: Scores, heap: Sequence[_Row]) -> list[int]:
    """The rows that may belong into the heap, the strangest first; NaN never does."""
    if len(heap) < ROWS:
        found = np.flatnonzero(~np.isnan(scores))
    elif np.fmax.reduce(scores, initial=-np.inf) > heap[0].score:
        found = np.flatnonzero(scores > heap[0].score)
    else:
        return []  # where most blocks end, after one pass over the scores
    order = np.argsort(-scores[found], kind="stable")[:ROWS]
    rows: list[int] = found[order].tolist()
    return rows


def _value(word: int, *, is_number: bool) -> float:
    """A number; of a category its code."""
    if not is_number:
        return float(word)
    return float(np.array([word], np.uint32).view(np.float32)[0])
