"""Planes as JSON: what stands on the page, and the counts that it was computed from."""

import math
from collections.abc import Sequence
from typing import Any

from tiltyard.cli.render.drift_view import DriftView
from tiltyard.monitor.counting.layout import REQUESTS, ROWS
from tiltyard.monitor.snapshot import Baseline
from tiltyard.monitor.statistics.measure import Report


def drift_document(
    at_unix_s: float, address: str, views: Sequence[DriftView], problem: str = ""
) -> dict[str, Any]:
    """The counts of each cell, now and of the reference, stand in `report.streams[].cells`."""
    return {
        "at_unix_s": at_unix_s,
        "admin": address.split(","),
        "problem": problem,
        "planes": [_plane(view) for view in views],
    }


def baseline_object(baseline: Baseline) -> dict[str, Any]:
    """Without its counts, which are those of `report` where that is against the baseline."""
    return {
        "number": baseline.number,
        "digest": baseline.digest,
        "profile_digest": baseline.profile_digest,
        "begin": baseline.begin,
        "end": baseline.end,
        "accepted_by": baseline.accepted_by,
        "accepted_at": baseline.accepted_at,
        "rows": int(baseline.counts[ROWS]),
    }


def _plane(view: DriftView) -> dict[str, Any]:
    snapshot = view.snapshot
    profile, window = snapshot.profile, snapshot.current
    return {
        "key": snapshot.key,
        "slot": snapshot.slot,
        "gateways": snapshot.gateways,
        "problems": snapshot.problems,
        "begin": window.begin,
        "end": window.end,
        "gap_s": window.gap_s,
        "rows": int(window.counts[ROWS]),
        "requests": int(window.counts[REQUESTS]),
        "offered": snapshot.offered,
        "dropped": snapshot.dropped,
        "lag_s": snapshot.lag_s,
        "profile": {
            "number": profile.number,
            "digest": profile.digest,
            "created": profile.created,
            "rows": profile.rows,
            "warnings": profile.warnings,
        },
        "baseline": None if snapshot.baseline is None else baseline_object(snapshot.baseline),
        "detectors": snapshot.detectors,
        "alarms": snapshot.alarms,
        "strangers": snapshot.strangers,
        "markers": snapshot.markers,
        "report": _report(view.report, view.against.word),
        "skew": _report(view.skew, "skew") if view.skew is not None else None,
        "challenge": _report(view.beside, "challenge") if view.beside is not None else None,
        "history": _history(view),
    }


def _report(report: Report, name: str) -> dict[str, Any]:
    """`name` is what a difference from this reference is called: skew, drift or challenge."""
    return {
        "name": name,
        "against": report.against,
        "reference_digest": report.reference_digest,
        "streams": report.streams,
    }


def _history(view: DriftView) -> dict[str, Any]:
    """By stream: the PSI and its noise band in each piece, null where it had no rows."""
    series = view.series
    return {
        "begin": series.begin.tolist(),
        "end": series.end.tolist(),
        "streams": {
            measure.stream: {
                "n": series.n[at].tolist(),
                "psi": [None if math.isnan(value) else value for value in series.psi[at].tolist()],
                "psi_band": [
                    None if math.isnan(value) else value for value in series.band[at].tolist()
                ],
            }
            for at, measure in enumerate(view.report.streams)
        },
    }
