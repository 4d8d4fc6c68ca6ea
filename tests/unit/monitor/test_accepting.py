from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from tests.unit.monitor.small_profile import profile
from tiltyard.monitor.accepting import baseline_of, is_due
from tiltyard.monitor.policy import DAY_S, DriftPolicy
from tiltyard.monitor.snapshot import Window

MONDAY = datetime(2026, 11, 30, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("requests", "rows", "age_s", "due"),
    [
        (20_000, 20_000, 1.0, True),
        (19_999, 90_000, 1.0, False),  # requests, so that one batch is no baseline
        (10, 1_000, 7 * DAY_S, True),
        (10, 999, 70 * DAY_S, False),
        (10, 1_000, 7 * DAY_S - 1, False),
    ],
)
def test_when_traffic_becomes_a_baseline(requests: int, rows: int, age_s: float, due: bool) -> None:
    assert is_due(DriftPolicy(), requests=requests, rows=rows, age_s=age_s) is due
    never = DriftPolicy(accepts_by_itself=False)
    assert not is_due(never, requests=requests, rows=rows, age_s=age_s)


def windows(hours: int) -> list[Window]:
    size = profile().layout.size
    return [
        Window(MONDAY + 3600 * hour, MONDAY + 3600 * (hour + 1), np.full(size, hour, np.int64))
        for hour in range(hours)
    ]


def test_it_is_the_sum_by_the_hour_of_the_week() -> None:
    made = baseline_of(profile(), windows(170), {}, by="ann", at=5.0)
    assert (made.begin, made.end) == (MONDAY, MONDAY + 170 * 3600)
    assert set(made.counts) == {sum(range(170))}
    assert made.slots is not None
    assert made.slots.to_array()[:, 0].tolist() == [0 + 168, 1 + 169, *range(2, 168)]
    assert (made.number, made.accepted_by, made.accepted_at) == (0, "ann", 5.0)


def test_less_than_a_day_knows_no_seasons() -> None:
    assert baseline_of(profile(), windows(23), {}, by="ann", at=5.0).slots is None
    assert baseline_of(profile(), windows(24), {}, by="ann", at=5.0).slots is not None


def test_a_segment_has_hours_where_one_could_be_used() -> None:
    quiet = windows(170)
    busy = [replace(one, counts=100 * one.counts) for one in quiet]
    parts = {"tier=1": busy, "tier=2": quiet, "tier=3": []}
    made = baseline_of(profile(), busy, parts, by="ann", at=5.0)
    assert made.segments.keys() == {"tier=1", "tier=2"}
    assert made.segment_slots == {"tier=1": made.slots}
    short = baseline_of(profile(), busy[:23], parts, by="ann", at=5.0)
    assert short.segments.keys() == {"tier=1", "tier=2"}
    assert short.segment_slots == {}
