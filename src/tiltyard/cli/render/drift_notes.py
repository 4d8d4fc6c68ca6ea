"""What the counts of a plane do not have, and where they are from."""

from collections.abc import Iterator
from typing import Final

from tiltyard.cli.render.drift_words import ago, rows
from tiltyard.cli.render.formats import duration, one_line, percent, time_of, timestamp
from tiltyard.cli.render.status_notes import Note
from tiltyard.monitor.counting.layout import REQUESTS, ROWS
from tiltyard.monitor.snapshot import Baseline, Snapshot, Window

LAG_S_MAX: Final = 5.0
WARNINGS_SHOWN: Final = 3
MARKERS_SHOWN: Final = 3


def window_words(window: Window) -> str:
    """`10 min to 10:00:00 UTC, 12,345 rows in 4,321 requests`."""
    length = duration(window.end - window.begin)
    until = timestamp(window.end)
    requests = int(window.counts[REQUESTS])
    told = f"{rows(int(window.counts[ROWS]))} in {requests:,} request{'' if requests == 1 else 's'}"
    return f"{length} to {until} UTC, {told}"


def baseline_words(baseline: Baseline | None, now: float) -> str:
    """Which one it is, what it is of, who accepted it and when."""
    if baseline is None:
        return "none accepted yet"
    count = rows(int(baseline.counts[ROWS]))
    span = f"{time_of(baseline.begin, now)} to {time_of(baseline.end, now)}"
    who = one_line(baseline.accepted_by) or "nobody named"
    when = ago(baseline.accepted_at, now)
    return f"{baseline.number} ({baseline.digest[:12]}), {count}, {span}, accepted by {who} {when}"


def notes(snapshot: Snapshot, now: float) -> Iterator[Note]:
    """The most pressing first; nothing of what is as it should be."""
    window = snapshot.current
    if snapshot.dropped:
        share = snapshot.dropped / max(snapshot.offered, snapshot.dropped)
        told = f"{snapshot.dropped:,} of {snapshot.offered:,} rows ({percent(share)}): the monitor"
        yield Note("not counted", f"{told} did not keep up", "red")
    if window.gap_s:
        whole = duration(window.end - window.begin)
        yield Note("not watched", f"{duration(window.gap_s)} of the {whole}", "red")
    if snapshot.lag_s > LAG_S_MAX:  # no fault where nobody asks
        yield Note("lag", f"the newest row that is counted is {duration(snapshot.lag_s)} old")
    for problem in snapshot.problems:
        yield Note("problem", one_line(problem), "red")
    for warning in snapshot.profile.warnings[:WARNINGS_SHOWN]:
        yield Note("profile", one_line(warning))
    more = len(snapshot.profile.warnings) - WARNINGS_SHOWN
    if more > 0:
        inspect = f"tiltyard inspect {snapshot.key.model} {snapshot.key.version}"
        yield Note("profile", f"and {more} more warnings; see them with: {inspect}")
    for marker in sorted(snapshot.markers, key=lambda marker: -marker.time)[:MARKERS_SHOWN]:
        yield Note("happened", f"{one_line(marker.text)}, {ago(marker.time, now)}")
