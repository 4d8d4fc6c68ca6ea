"""The checked face of counting: blocks of records of one profile into vectors of its layout."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.counting.counter import Counter, Kernel, Rows, Scores
from tiltyard.monitor.counting.errors import CountingError
from tiltyard.monitor.counting.layout import CountLayout
from tiltyard.monitor.counting.plan import CountingPlan
from tiltyard.monitor.counting.record import HEAD_WORDS, TIME_WORD, Words, wide_word
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.profile.profile import Profile


class RowScores(NamedTuple):
    """What the profile says of each counted row; good until the counter counts again.

    `surprise` float32[n] in bits; `mahalanobis` float32[n], None without a covariance.
    """

    surprise: Scores
    mahalanobis: Scores | None


class BlockCounter:
    """Counts records in a profile's cells. One thread at a time.

    A challenger's profile counts the champion's records as well ("champion-as"), when both have the
    same slots.
    """

    def __init__(self, profile: Profile, kernel: Kernel) -> None:
        """Raises CountingError when the profile is not whole."""
        self._plan = CountingPlan.of(profile)
        self._counter = Counter(self._plan, kernel)

    @property
    def layout(self) -> CountLayout:
        return self._plan.layout

    def count(self, words: Words, counts: Ints, rows: Rows | None = None) -> RowScores:
        """Add the records of `words` uint32[n, W], or `rows` of them, to `counts` int64[size].

        W is 8 and the profile's slots, or one more. Rows are indices, int32[r]; Selection.rows()
        gives those of a segment. Raises CountingError, and then nothing was counted.
        """
        self._check_words(words)
        if counts.dtype != np.int64 or counts.shape != (self.layout.size,):
            raise CountingError(
                f"counts: expected int64[{self.layout.size}], the profile's layout; got"
                f" {_described(counts)}"
            )
        if not counts.flags.writeable or not counts.flags.c_contiguous:
            raise CountingError("counts: expected a vector that can be written and is contiguous")
        if rows is not None:
            _check_rows(rows, len(words))
        surprise, mahalanobis = self._counter.count(words, rows, counts)
        return RowScores(surprise, mahalanobis if self._plan.has_distances else None)

    def times(self, words: Words) -> tuple[int, int]:
        """When the first and the last record of a block were made, on the monotonic clock, in ns.

        A thread writes its records in this order. Raises CountingError when there are none.
        """
        self._check_words(words)
        if not len(words):
            raise CountingError("times of a block: expected at least one record, got none")
        return wide_word(words, 0, TIME_WORD), wide_word(words, len(words) - 1, TIME_WORD)

    def _check_words(self, words: Words) -> None:
        slots = self._plan.slots
        width = HEAD_WORDS + slots
        flags = words.flags
        if (
            words.dtype != np.uint32
            or words.ndim != 2
            or words.shape[1] not in (width, width + 1)
            or not flags.c_contiguous
            or not flags.aligned
        ):
            raise CountingError(
                f"records: expected contiguous uint32[n, {width}] or [n, {width + 1}], {HEAD_WORDS}"
                f" words and {slots} slots a record; got {_described(words)}"
            )


def _check_rows(rows: Rows, records: int) -> None:
    if rows.dtype != np.int32 or rows.ndim != 1 or not rows.flags.c_contiguous:
        raise CountingError(f"rows: expected contiguous int32[r], got {_described(rows)}")
    if len(rows) > records or (len(rows) and not 0 <= rows.min() <= rows.max() < records):
        raise CountingError(
            f"rows: expected at most {records} indices from 0 to {records - 1}, got {len(rows)}"
            f" from {rows.min()} to {rows.max()}"
        )


def _described(array: npt.NDArray[np.generic]) -> str:
    order = "" if array.flags.c_contiguous else ", not contiguous"
    return f"{array.dtype}{list(array.shape)}{order}"
