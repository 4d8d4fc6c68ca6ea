"""What a window can be held against, and what the difference is then called. Pure."""

import hashlib
from enum import StrEnum
from typing import Final, NamedTuple

from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.snapshot import Snapshot, Window
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


def references(snapshot: Snapshot) -> dict[Against, Reference]:
    """What there is to hold the snapshot's current window against; always the profile.

    A segment is held against what the baseline has of it, where it had rows.
    """
    profile, baseline = snapshot.profile, snapshot.baseline
    found = {Against.profile: Reference(profile.reference, profile.digest)}
    if baseline is not None:
        segment = snapshot.key.segment
        counts = baseline.segments.get(segment) if segment else baseline.counts
        if counts is not None:
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
    """The one called `against`. Raises StatisticsError, naming those that there are."""
    there = references(snapshot)
    if against not in there:
        key = snapshot.key
        raise StatisticsError(
            f"{key.model} v{key.version} ({key.role}) cannot be held against {against!r}: there is"
            f" {', '.join(there)}"
        )
    return there[Against(against)]


def window_digest(window: Window) -> str:
    """sha256 (hex) of a window's counts, as little-endian int64."""
    return hashlib.sha256(window.counts.astype("<i8").tobytes()).hexdigest()
