"""What a plane's numbers are of: the window, the baseline, the profile, and what is missing."""

from typing import NamedTuple

from tiltyard.cli.render.formats import duration, percent, timestamp
from tiltyard.monitor.counting.layout import REQUESTS, ROWS
from tiltyard.monitor.snapshot import Baseline, Snapshot
from tiltyard.report.figures import decimal

DIGEST_CHARS = 12


class Fact(NamedTuple):
    name: str
    value: str
    detail: str = ""


def between(begin: float, end: float) -> str:
    """`2026-11-25 09:50:00 to 10:00:00`: the day once where it is the same."""
    first, last = timestamp(begin), timestamp(end)
    day, clock = last.split(" ")
    return f"{first} to {clock if first.startswith(day) else last}"


def facts(snapshot: Snapshot) -> tuple[Fact, ...]:
    """The head of the report."""
    window, profile = snapshot.current, snapshot.profile
    rows, requests = int(window.counts[ROWS]), int(window.counts[REQUESTS])
    source = profile.source.get("file", "")
    made = Fact(
        "Training profile",
        f"no. {profile.number}, {profile.rows:,} rows",
        " · ".join(filter(None, [source, profile.digest[:DIGEST_CHARS], profile.created])),
    )
    return (
        Fact(
            "Window",
            f"{between(window.begin, window.end)} UTC",
            duration(window.end - window.begin),
        ),
        Fact("Rows", f"{rows:,}", f"in {requests:,} requests"),
        *_baseline(snapshot.baseline),
        made,
        Fact("Gateways", ", ".join(snapshot.gateways) or "not named"),
    )


def _baseline(baseline: Baseline | None) -> tuple[Fact, ...]:
    if baseline is None:
        return (Fact("Baseline", "none accepted", "so there is no drift that could page"),)
    rows = int(baseline.counts[ROWS])
    return (
        Fact(
            "Baseline",
            f"no. {baseline.number}, {rows:,} rows",
            f"{between(baseline.begin, baseline.end)} UTC · {baseline.digest[:DIGEST_CHARS]}",
        ),
        Fact(
            "Accepted by",
            baseline.accepted_by or "nobody: by itself",
            f"{timestamp(baseline.accepted_at)} UTC",
        ),
    )


def coverage(snapshot: Snapshot) -> tuple[Fact, ...]:
    """How much of the traffic the counts are of."""
    offered, dropped = snapshot.offered, snapshot.dropped
    lost = percent(dropped / offered) if offered else "none were offered"
    gap = snapshot.current.gap_s
    return (
        Fact("Records offered", f"{offered:,}", "since this version was first watched"),
        Fact("Records dropped", f"{dropped:,}", lost if dropped else "none"),
        Fact(
            "Not watched in the window",
            f"{decimal(gap, 2)} s" if gap else "no gap",
            "the gateway was stopped or restarted" if gap else "",
        ),
        Fact("Lag of the newest record", f"{decimal(snapshot.lag_s, 2)} s"),
    )


def notices(snapshot: Snapshot) -> tuple[str, ...]:
    """What a reader has to know before believing the rest."""
    told = list(snapshot.problems)
    if not int(snapshot.current.counts[ROWS]):
        told.append("No row was counted in this window, so nothing is measured.")
    if snapshot.dropped:
        told.append(
            f"{snapshot.dropped:,} of {snapshot.offered:,} records were dropped; no count has them."
        )
    if snapshot.current.gap_s:
        told.append(f"{decimal(snapshot.current.gap_s, 2)} s of the window were not watched.")
    return tuple(told)
