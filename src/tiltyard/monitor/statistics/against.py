"""What a window can be held against, and what the difference is then called. Pure."""

import hashlib
from enum import StrEnum
from typing import Final, NamedTuple

from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.snapshot import Baseline, Snapshot, Window
from tiltyard.monitor.statistics.errors import StatisticsError


class Against(StrEnum):
    """The references of a plane. Skew and drift are two things, and never one word."""

    profile = "profile"  # what the model was trained on
    baseline = "baseline"  # serving traffic that somebody accepted
    previous = "previous"  # the window of the same length before
    week_ago = "week_ago"  # the same hour of the week
    champion = "champion"  # its answers to the same traffic

    @property
    def word(self) -> str:
        """What a difference from it is called: skew, drift or challenge."""
        return _WORDS[self]


_WORDS: Final = {
    Against.profile: "skew",
    Against.baseline: "drift",
    Against.previous: "drift",
    Against.week_ago: "drift",
    Against.champion: "challenge",
}


class Reference(NamedTuple):
    """Counts int64[layout.size] to hold a window against, and their digest."""

    counts: Ints
    digest: str


def baseline_counts(baseline: Baseline, segment: str) -> Ints | None:
    """What a baseline has of a segment ("" is the whole traffic), None where it had no rows."""
    return baseline.segments.get(segment) if segment else baseline.counts


def references(snapshot: Snapshot) -> dict[Against, Reference]:
    """What there is to hold the snapshot's current window against; of the whole always the profile.

    A segment is held against what the baseline has of it, where it had rows. It has no profile of
    its own, and against that of all rows it would differ for being a segment.
    """
    profile, baseline = snapshot.profile, snapshot.baseline
    segment = snapshot.key.segment
    found = {} if segment else {Against.profile: Reference(profile.reference, profile.digest)}
    if baseline is not None and (counts := baseline_counts(baseline, segment)) is not None:
        found[Against.baseline] = Reference(counts, baseline.digest)
    windows = {
        Against.previous: snapshot.previous,
        Against.week_ago: snapshot.week_ago,
        Against.champion: snapshot.compared,
    }
    for against, window in windows.items():
        if window is not None:
            found[against] = Reference(window.counts, window_digest(window))
    return found


def reference_of(snapshot: Snapshot, against: str) -> Reference:
    """The one called `against`. Raises StatisticsError, naming those that there are.

    The profile of a segment is one of no rows: its shares can be told, and no figure is given.
    """
    there, key = references(snapshot), snapshot.key
    if key.segment and against == Against.profile:
        return Reference(snapshot.profile.layout.zeros(), snapshot.profile.digest)
    if against not in there:
        raise StatisticsError(
            f"{key.model} v{key.version} ({key.role}) cannot be held against {against!r}: there is"
            f" {', '.join(there)}"
        )
    return there[Against(against)]


def window_digest(window: Window) -> str:
    """sha256 (hex) of a window's counts, as little-endian int64."""
    return hashlib.sha256(window.counts.astype("<i8").tobytes()).hexdigest()
