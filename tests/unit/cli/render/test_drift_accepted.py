from dataclasses import replace
from typing import Any

import pytest

from tests.unit.cli.sample_planes import ALARM, detector, quiet_plane, sample_baseline
from tests.unit.cli.sample_views import DAY, HOUR, MINUTE, NOW
from tiltyard.cli.render.as_json import plain
from tiltyard.cli.render.drift_accepted import accepted_lines, accepted_object, alarms_within
from tiltyard.monitor.snapshot import PlaneKey

PLANE = quiet_plane()
ACCEPTED = replace(sample_baseline(PLANE.profile), begin=NOW - DAY, end=NOW)
AFTER = replace(PLANE, baseline=ACCEPTED, detectors=(detector(state="warming", ticks=2),))


def lines(*alarms: Any) -> list[str]:
    return list(accepted_lines("fraud", ACCEPTED, [replace(AFTER, alarms=alarms)], NOW))


def test_an_alarm_in_the_window_is_said_and_that_drift_warms_up() -> None:
    closed = replace(ALARM, closed_at=NOW + 1, closed_by="accepted by ann")
    assert lines(closed)[1:] == [
        (
            "  the window has an alarm in it: a-17 (amount, items), since 09:00; what it found is"
            " normal from now on"
        ),
        "  drift warms up again (2 of 300 ticks): nothing of it pages until then",
    ]
    recovered = replace(ALARM, closed_at=NOW - 10 * MINUTE, streams=())
    assert "in it: a-17, since 09:00 to 09:50;" in lines(recovered)[1]


@pytest.mark.parametrize(
    ("changes", "is_within"),
    [
        ({}, True),
        ({"kind": "skew"}, False),
        ({"onset": NOW - 2 * DAY, "closed_at": NOW - DAY - HOUR}, False),
        ({"onset": NOW - 2 * DAY, "closed_at": NOW - DAY + HOUR}, True),
        ({"onset": NOW + 1}, False),
    ],
)
def test_which_alarms_are_within(changes: dict[str, Any], is_within: bool) -> None:
    plane = replace(AFTER, alarms=(replace(ALARM, **changes),))
    assert bool(alarms_within(ACCEPTED, [plane])) == is_within


def test_alarms_of_segments_count_and_those_of_other_versions_do_not() -> None:
    key = PlaneKey("fraud", 3, "champion", "country=NO")
    earlier = replace(ALARM, id="a-1", key=key, onset=NOW - 5 * HOUR)
    planes = [
        replace(AFTER, alarms=(ALARM,)),
        replace(AFTER, key=key, alarms=(earlier,), detectors=(detector(),)),
        replace(AFTER, key=PlaneKey("fraud", 3, "shadow"), alarms=(ALARM,), detectors=()),
        replace(PLANE, alarms=(replace(ALARM, id="a-2"),)),
    ]
    planes[3] = replace(planes[3], baseline=replace(ACCEPTED, digest="ab" * 32))
    assert [alarm.id for alarm in alarms_within(ACCEPTED, planes)] == ["a-1", "a-17"]
    found = plain(accepted_object(ACCEPTED, planes))
    assert [alarm["id"] for alarm in found["alarms"]] == ["a-1", "a-17"]
    assert [view["state"] for view in found["detectors"]] == ["warming"]
    assert found["rows"] == 20_000


def test_what_is_warm_is_not_said() -> None:
    warm = replace(AFTER, detectors=(detector(),))
    assert len(list(accepted_lines("fraud", ACCEPTED, [warm], NOW))) == 1
