"""Counts by the hour of the week, kept small: of a week only an hour is needed at a time."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from tiltyard.monitor.counting.layout import ROWS
from tiltyard.monitor.profile.cells import Ints

WEEK_HOURS: Final = 168
DAY_HOURS: Final = 24
_FAST: Final = 1  # zlib's level: a tenth of the bytes, in 0.1 ms an hour


@dataclass(frozen=True)
class WeeklyCounts:
    """Vectors int64[size] of the hours of a week, UTC, Monday's first is 0.

    `rows` are those of each hour, `packed` the vectors, compressed one by one.
    """

    size: int
    rows: tuple[int, ...]
    packed: tuple[bytes, ...]

    @classmethod
    def of_array(cls, counts: Ints) -> "WeeklyCounts":
        """Of int64[168, size].

        >>> week = np.zeros((168, 3), np.int64)
        >>> week[[5, 29]] = [1, 2, 3], [4, 0, 1]
        >>> WeeklyCounts.of_array(week).of([5, 29]).tolist()
        [5, 2, 4]
        """
        return cls(
            counts.shape[1],
            tuple(counts[:, ROWS].tolist()),
            tuple(zlib.compress(hour.tobytes(), _FAST) for hour in counts),
        )

    def of(self, hours: Iterable[int]) -> Ints:
        """The sum of these hours, int64[size]."""
        total = np.zeros(self.size, np.int64)
        for hour in hours:
            if self.rows[hour]:
                total += np.frombuffer(zlib.decompress(self.packed[hour]), np.int64)
        return total

    def to_array(self) -> Ints:
        """int64[168, size]."""
        return np.stack([self.of([hour]) for hour in range(WEEK_HOURS)])

    @property
    def busiest_rows(self) -> int:
        """The rows of the busiest hour of the day, all days together."""
        by_day = np.array(self.rows).reshape(-1, DAY_HOURS)
        return int(by_day.sum(axis=0).max())
