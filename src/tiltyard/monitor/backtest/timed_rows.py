"""The rows of a reference in the order of their times, binned once into the cells of a profile."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.alarm.seasons import hour_of_week
from tiltyard.monitor.counting.weekly import DAY_HOURS, WEEK_HOURS
from tiltyard.monitor.policy import DAY_S
from tiltyard.monitor.profile.binning import Words, cells_of
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.profile.errors import ReferenceRefused
from tiltyard.monitor.profile.joint import MAHALANOBIS, SURPRISE, Halves
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.recount import profile_scores
from tiltyard.monitor.profile.reference import Reference
from tiltyard.monitor.profile.stream import Group
from tiltyard.monitor.profile.surprise import reference_surprise
from tiltyard.monitor.profile.words import slot_words

_HOUR_S: Final = 3600.0
_ROWS: Final = 1 << 16  # counted at a time: the index that is made of them stays in a few megabytes

Indices = npt.NDArray[Any]  # uint16 or uint32


@dataclass(frozen=True, eq=False)
class TimedRows:
    """Immutable. `times` float64[n] ascending unix seconds; `words` uint32[n, slots].

    `cells` uint16 or uint32[n, streams]: where each row is counted among the folded cells of all
    streams, one stream after another; `size` of them, and index `size` is for what is not counted.
    Joint streams count the rows that the profile counts. The Mahalanobis distance is that of the
    half it was not fitted on; `is_scored` bool[n] says which. Surprise is that of all, each held
    against the others: `surprise_held` float64[n] is by how many bits that differs from what a
    live row of the same words has.
    """

    profile: Profile
    times: npt.NDArray[np.float64]
    words: Words
    cells: Indices
    is_scored: npt.NDArray[np.bool_]
    surprise_held: npt.NDArray[np.float64]

    @classmethod
    def of(cls, profile: Profile, reference: Reference) -> "TimedRows":
        """The rows that the profile was built from. Raises ReferenceRefused when they have no times
        or are not those rows."""
        if reference.times is None:
            raise ReferenceRefused(
                "a backtest needs the time of each row: name the column with --time-column NAME"
            )
        order = np.argsort(reference.times, kind="stable")
        words = np.empty((reference.rows, len(profile.slots)), np.uint32)
        for index, slot in enumerate(profile.slots):
            side = reference.inputs if slot.side == "input" else reference.outputs
            words[:, index] = slot_words(slot, side[slot.tensor])[order]
        is_scored = np.zeros(reference.rows, np.bool_)
        is_scored[Halves.of(reference.rows).scored] = True
        is_scored = is_scored[order]
        size = sum(len(stream.cells.folded_roles) for stream in profile.streams)
        shape = (reference.rows, len(profile.streams))
        cells = np.empty(shape, np.uint16 if size < 1 << 16 else np.uint32)
        held = _surprise_held(profile, words)
        rows = cls(profile, reference.times[order], words, cells, is_scored, held)
        rows.bin(words, slice(0, len(rows)), range(len(profile.streams)), cells)
        expected = np.concatenate([one.cells.fold(one.counts) for one in profile.streams])
        if not np.array_equal(rows.total, expected):
            raise ReferenceRefused(
                f"the {reference.rows:,} rows of the reference are not those that the profile"
                f" counted ({profile.rows:,} rows)"
            )
        return rows

    def __len__(self) -> int:
        return len(self.times)

    @property
    def size(self) -> int:
        """Folded cells of all streams."""
        return int(self.bounds[-1])

    @cached_property
    def bounds(self) -> Ints:
        """int64[streams + 1]: where each stream's folded cells begin, and where the last end."""
        sizes = [len(stream.cells.folded_roles) for stream in self.profile.streams]
        return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)

    @cached_property
    def days(self) -> Ints:
        """int64[n]: days since 1970 began, UTC."""
        return (self.times // DAY_S).astype(np.int64)

    @cached_property
    def total(self) -> Ints:
        """The counts of all rows, int64[size]."""
        return self.counts(0, len(self))

    @cached_property
    def weekly(self) -> Ints:
        """The counts of all rows by hour of the week, int64[168, size]."""
        found = np.zeros((WEEK_HOURS, self.size), np.int64)
        for day in np.unique(self.days):
            found[day_hours(int(day))] += self.hourly(int(day))
        return found

    def day(self, day: int) -> slice:
        """The rows of a day."""
        begin, end = np.searchsorted(self.days, [day, day + 1])
        return slice(int(begin), int(end))

    def counts(self, begin: int, end: int) -> Ints:
        """The counts of the rows [begin, end), int64[size]."""
        found = np.zeros(self.size + 1, np.int64)
        for at in range(begin, end, _ROWS):
            part = self.cells[at : min(at + _ROWS, end)]
            found += np.bincount(part.reshape(-1), minlength=self.size + 1)
        return found[:-1]

    def grouped(self, bounds: npt.ArrayLike) -> Ints:
        """The counts of stretches of rows, int64[n, size]; `bounds` int64[n + 1], ascending."""
        bounds = np.asarray(bounds, np.int64)
        width = self.size + 1
        part = self.cells[bounds[0] : bounds[-1]].astype(np.int64)
        part += np.repeat(np.arange(len(bounds) - 1) * width, np.diff(bounds))[:, None]
        found = np.bincount(part.reshape(-1), minlength=width * (len(bounds) - 1))
        return found.reshape(-1, width)[:, :-1].astype(np.int64, copy=False)

    def hourly(self, day: int) -> Ints:
        """The counts of a day by its hours, UTC, int64[24, size]."""
        rows = self.day(day)
        marks = day * DAY_S + _HOUR_S * np.arange(DAY_HOURS + 1)
        return self.grouped(rows.start + np.searchsorted(self.times[rows], marks))

    def bin(self, words: Words, rows: slice, streams: Sequence[int], out: Indices) -> None:
        """Put the cells of these rows, had they these words, in some of the streams into `out`.

        `words` uint32[m, slots] of the m rows, `out` [m, streams] in the dtype of `cells`.
        """
        scores = {}
        if any(self.profile.streams[index].group is Group.joint for index in streams):
            surprise, distance = profile_scores(self.profile, words)
            # Exact where the words are the row's own, for a difference of float32 is one of float64
            held = (surprise + self.surprise_held[rows]).astype(np.float32)
            scores = {SURPRISE: held, MAHALANOBIS: distance}
        for index in streams:
            stream = self.profile.streams[index]
            is_joint = stream.group is Group.joint
            one = scores[stream.name].view(np.uint32) if is_joint else words[:, index]
            found = self._folded[index][cells_of(stream.cells, one)]
            if is_joint and stream.name == MAHALANOBIS:
                found = np.where(self.is_scored[rows], found, self.size)
            out[:, index] = found

    @cached_property
    def _folded(self) -> list[Ints]:
        """Of each stream the folded cell, among all, of each of its cells."""
        found = []
        for begin, stream in zip(self.bounds, self.profile.streams, strict=False):
            # Where a cell's own row ends up says where any row in it does.
            own = np.eye(stream.cells.size, dtype=np.int64)
            found.append(int(begin) + stream.cells.fold(own).argmax(axis=-1))
        return found


def _surprise_held(profile: Profile, words: Words) -> npt.NDArray[np.float64]:
    """The surprise of the profile's rows held against each other, beyond that of live ones."""
    features = profile.of_group(Group.feature)
    cells = [profile.streams[index].cells for index in features]
    columns = [np.ascontiguousarray(words[:, index]) for index in features]
    placed = [cells_of(one, column) for one, column in zip(cells, columns, strict=True)]
    held = reference_surprise(cells, columns, np.stack(placed, axis=1))
    live, _ = profile_scores(profile, words)
    return held.astype(np.float64) - live


def day_hours(day: int) -> slice:
    """The hours of the week that a day since 1970 has.

    >>> day_hours(4)  # Monday, 1970-01-05
    slice(0, 24, None)
    """
    first = hour_of_week(day * DAY_S)
    return slice(first, first + DAY_HOURS)
