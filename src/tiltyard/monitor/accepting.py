"""Serving baselines: when a version's first traffic has become one, and what one is made of."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from tiltyard.monitor.alarm.seasons import hour_of_week
from tiltyard.monitor.counting.layout import ROWS
from tiltyard.monitor.counting.weekly import WEEK_HOURS, WeeklyCounts
from tiltyard.monitor.policy import DAY_S, DriftPolicy
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.snapshot import Baseline, Window

# From less than a day nothing can be known of the hours of a day.
SEASONAL_S_MIN: Final = DAY_S
# Whoever accepts by `baseline_window_s` alone gets a baseline that can be bet against. A segment
# with fewer rows in its busiest hour of the day has no hour that would be used.
ROWS_MIN: Final = 1_000


def is_due(policy: DriftPolicy, *, requests: int, rows: int, age_s: float) -> bool:
    """Whether what a version has served by now is to be its baseline, without being asked."""
    if not policy.accepts_by_itself or rows < ROWS_MIN:
        return False
    return requests >= policy.baseline_rows or age_s >= policy.baseline_window_s


def baseline_of(
    profile: Profile,
    windows: Sequence[Window],
    segments: Mapping[str, Sequence[Window]],
    *,
    by: str,
    at: float,
) -> Baseline:
    """The sum of windows, oldest first, none longer than an hour of the week.

    So are those of each segment. Over a day or more they are kept by the hour of the week, too.
    `at` is in unix seconds. It has no number and no digest yet.
    """
    begin, end = windows[0].begin, windows[-1].end
    is_seasonal = end - begin >= SEASONAL_S_MIN
    hours = _by_hour(profile, windows)
    parts = {name: _by_hour(profile, found) for name, found in segments.items()}
    parts = {name: found for name, found in parts.items() if found[:, ROWS].any()}
    weekly = {name: WeeklyCounts.of_array(found) for name, found in parts.items() if is_seasonal}
    return Baseline(
        number=0,
        digest="",
        profile_digest=profile.digest,
        begin=begin,
        end=end,
        accepted_by=by,
        accepted_at=at,
        counts=hours.sum(axis=0),
        slots=WeeklyCounts.of_array(hours) if is_seasonal else None,
        segments={name: found.sum(axis=0) for name, found in parts.items()},
        segment_slots={
            name: found for name, found in weekly.items() if found.busiest_rows >= ROWS_MIN
        },
    )


def _by_hour(profile: Profile, windows: Sequence[Window]) -> Ints:
    """int64[168, layout.size]."""
    hours = np.zeros((WEEK_HOURS, profile.layout.size), np.int64)
    for window in windows:
        hours[hour_of_week(window.begin)] += window.counts
    return hours
