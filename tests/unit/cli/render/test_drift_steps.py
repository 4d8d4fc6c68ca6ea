"""What comes next, for each state that a plane can be in."""

from dataclasses import replace

import pytest

from tests.unit.cli.sample_planes import ALARM, detector, quiet_plane, sample_plane
from tiltyard.cli.render.drift_steps import drift_steps, shown
from tiltyard.cli.render.drift_view import drift_view
from tiltyard.monitor.snapshot import PlaneKey, Snapshot

QUIET = quiet_plane()


def commands(plane: Snapshot) -> list[str]:
    return [step.command for step in drift_steps(drift_view(plane))]


def test_an_alarm_is_looked_at_seen_to_or_accepted() -> None:
    assert commands(sample_plane()) == [
        "tiltyard drift fraud --feature=amount",
        "tiltyard drift ack a-17",
        "tiltyard drift accept fraud --version 3 --window 24h",
    ]
    seen = replace(ALARM, acknowledged_by="ann", streams=())
    assert commands(replace(sample_plane(), alarms=(seen,))) == [
        "tiltyard drift accept fraud --version 3 --window 24h"
    ]


@pytest.mark.parametrize("plane", [QUIET, replace(QUIET, baseline=None)])
def test_nobody_accepts_what_does_not_serve(plane: Snapshot) -> None:
    assert commands(replace(plane, slot="")) == ["tiltyard status fraud"]
    assert commands(replace(sample_plane(), slot="")) == [
        "tiltyard drift fraud --version 3 --feature=amount",
        "tiltyard drift ack a-17",
        "tiltyard status fraud",
    ]


def test_without_a_baseline_traffic_is_accepted_if_there_is_any() -> None:
    plane = replace(QUIET, baseline=None)
    assert commands(plane) == ["tiltyard drift accept fraud --version 3 --window 24h"]
    silent = replace(plane.current, counts=plane.profile.layout.zeros())
    assert commands(replace(plane, current=silent)) == ["tiltyard status fraud"]


def test_while_it_warms_up_and_when_nothing_is_to_be_done() -> None:
    warming = replace(QUIET, detectors=(detector(state="warming"),))
    assert commands(warming) == ["tiltyard drift fraud --watch"]
    assert commands(QUIET) == ["tiltyard drift fraud --watch"]
    assert drift_steps(drift_view(QUIET))[0].is_idle


def test_what_differs_is_looked_at_before_it_is_an_alarm() -> None:
    odd = replace(sample_plane(), alarms=(), detectors=(detector(state="suspicious"),))
    assert commands(odd) == ["tiltyard drift fraud --feature=items"]


def test_a_skew_alarm_does_not_page() -> None:
    plane = replace(QUIET, alarms=(replace(ALARM, kind="skew"),))
    assert commands(plane) == ["tiltyard drift fraud --watch"]


def test_names_are_fit_for_a_shell() -> None:
    stream = replace(ALARM.streams[0], stream="a b'; rm")
    plane = replace(sample_plane(), alarms=(replace(ALARM, streams=(stream,)),))
    assert commands(plane)[0] == "tiltyard drift fraud --feature='a b'\"'\"'; rm'"


@pytest.mark.parametrize(
    ("key", "command"),
    [
        (PlaneKey("fraud", 3, "champion"), "tiltyard drift fraud"),
        (PlaneKey("fraud", 4, "canary"), "tiltyard drift fraud --role canary --version 4"),
        (
            PlaneKey("fraud", 3, "champion", "country=NO"),
            "tiltyard drift fraud --segment country=NO",
        ),
        (PlaneKey("report", 3, "champion"), "tiltyard drift show report"),
    ],
)
def test_how_a_plane_is_shown(key: PlaneKey, command: str) -> None:
    assert shown(quiet_plane(key=key)) == command
