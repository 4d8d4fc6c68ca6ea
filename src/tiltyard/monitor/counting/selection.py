"""The rows of a segment: those with one value in a feature's slot."""

import math
from dataclasses import dataclass

import numpy as np

from tiltyard.monitor.counting.counter import Rows
from tiltyard.monitor.counting.errors import CountingError
from tiltyard.monitor.counting.record import HEAD_WORDS, Words
from tiltyard.monitor.policy import Segment
from tiltyard.monitor.profile.cells import Cells, Kind
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.stream import Group

_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Selection:
    """A segment in terms of a profile's slots: the word of `slot` is one of `codes`, or `value`."""

    slot: int
    codes: tuple[int, ...]
    value: float | None

    @classmethod
    def of(cls, profile: Profile, segment: Segment) -> "Selection":
        """Raises CountingError when there is no such feature, or it never has that value.

        A number is selected by its value, so the feature must be one whose values repeat: discrete,
        or of whole numbers as far as the edges of its cells tell.
        """
        features = profile.of_group(Group.feature)
        found = [i for i in features if profile.streams[i].name == segment.feature]
        if not found:
            names = ", ".join(profile.streams[i].name for i in features)
            raise CountingError(
                f"segment {segment}: {profile.model} v{profile.version} has no feature"
                f" {segment.feature!r}; there are {names}"
            )
        (slot,) = found
        cells = profile.streams[slot].cells
        if cells.kind.is_ordered:
            return cls(slot, (), _number(segment, cells))
        if segment.value not in cells.labels:
            raise CountingError(
                f"segment {segment}: expected a category that has a cell of its own, one of"
                f" {', '.join(cells.labels)}"
            )
        chosen = cells.code_cells == cells.labels.index(segment.value)
        return cls(slot, tuple(cells.codes[chosen].tolist()), None)

    def rows(self, words: Words) -> Rows:
        """Which records of a block uint32[n, W] belong to the segment, int32[r] ascending."""
        column = words[:, HEAD_WORDS + self.slot]
        if self.value is not None:
            belongs = column.view(np.float32) == np.float32(self.value)
        else:
            belongs = np.isin(column, np.array(self.codes, np.uint32))
        return np.flatnonzero(belongs).astype(np.int32)


def _number(segment: Segment, cells: Cells) -> float:
    try:
        value = float(segment.value)
    except ValueError:
        value = math.nan
    if not abs(value) <= _LARGEST:
        raise CountingError(
            f"segment {segment}: expected a finite number of float32, because {segment.feature} is"
            " ordered"
        )
    if cells.kind is Kind.discrete and np.float32(value) not in cells.edges:
        raise CountingError(
            f"segment {segment}: expected one of the values of {segment.feature},"
            f" {', '.join(cells.edge_names[1:])}"
        )
    if cells.kind is not Kind.discrete and not (cells.edges == np.rint(cells.edges)).all():
        raise CountingError(
            f"segment {segment}: {segment.feature} has values that hardly repeat, so that no rows"
            " would be in it; expected a category, a discrete feature or one of whole numbers"
        )
    return value
