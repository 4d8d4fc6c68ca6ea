"""Serving baselines: when a version's first traffic has become one, and what one is made of."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from tiltyard.monitor.alarm.seasons import WEEK_HOURS, hour_of_week
from tiltyard.monitor.policy import DAY_S, DriftPolicy
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.snapshot import Baseline, Window

# From less than a day nothing can be known of the hours of a day.
SEASONAL_S_MIN: Final = DAY_S
# Whoever accepts by `baseline_window_s` alone gets a baseline that can be bet against.
ROWS_MIN: Final = 1_000


def is_due(policy: DriftPolicy, *, requests: int, rows: int, age_s: float) -> bool:
    """Whether what a version has served by now is to be its baseline, without being asked."""
    if not policy.accepts_by_itself or rows < ROWS_MIN:
        return False
    return requests >= policy.baseline_rows or age_s >= policy.baseline_window_s


def baseline_of(
    profile: Profile, windows: Sequence[Window], *, number: int, by: str, at: float
) -> Baseline:
    """The sum of windows, oldest first, none longer than an hour of the week. Its digest is "".

    Over a day or more it is kept by the hour of the week, too. `at` is in unix seconds.
    """
    counts = profile.layout.zeros()
    slots = np.zeros((WEEK_HOURS, profile.layout.size), np.int64)
    for window in windows:
        counts += window.counts
        slots[hour_of_week(window.begin)] += window.counts
    begin, end = windows[0].begin, windows[-1].end
    is_seasonal = end - begin >= SEASONAL_S_MIN
    return Baseline(
        number=number,
        digest="",
        profile_digest=profile.digest,
        begin=begin,
        end=end,
        accepted_by=by,
        accepted_at=at,
        counts=counts,
        slots=slots if is_seasonal else None,
    )
