"""Which records belong to a declared segment: those with one word in one slot."""

from dataclasses import dataclass

import numpy as np

from tiltyard.errors import ConfigError
from tiltyard.monitor.policy import Segment
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.stream import Group, Stream

LABELS_TOLD_MAX = 8


@dataclass(frozen=True, slots=True)
class SegmentRows:
    """Records whose `slot` (index among the profile's slots) is `word`, as uint32."""

    segment: Segment
    slot: int
    word: int


def rows_of(profile: Profile, segment: Segment) -> SegmentRows:
    """Where records of the segment differ from others. Raises ConfigError.

    A category is found by its label, a number by its value as float32.
    """
    features = [profile.streams[index] for index in profile.of_group(Group.feature)]
    for slot, stream in enumerate(features):
        if stream.name == segment.feature:
            return SegmentRows(segment, slot, _word(stream, segment))
    names = ", ".join(stream.name for stream in features[:LABELS_TOLD_MAX])
    raise ConfigError(
        f"segment {segment}: {profile.model} version {profile.version} watches no feature"
        f" {segment.feature!r}; expected one of {names}{_more(len(features))}"
    )


def _word(stream: Stream, segment: Segment) -> int:
    cells = stream.cells
    if cells.kind.is_ordered:
        try:
            return int(np.float32(segment.value).view(np.uint32))
        except ValueError as error:
            raise ConfigError(
                f"segment {segment}: {stream.name} is {cells.kind.value}: expected a number,"
                f" got {segment.value!r}"
            ) from error
    if segment.value not in cells.labels:
        known = ", ".join(cells.labels[:LABELS_TOLD_MAX])
        raise ConfigError(
            f"segment {segment}: expected one of the categories {known}"
            f"{_more(len(cells.labels))}, got {segment.value!r}"
        )
    cell = cells.labels.index(segment.value)
    return int(cells.codes[np.flatnonzero(cells.code_cells == cell)[0]])


def _more(count: int) -> str:
    return f" and {count - LABELS_TOLD_MAX} more" if count > LABELS_TOLD_MAX else ""
