"""Whole pages, as people read them."""

from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from tests.unit.cli.sample_planes import quiet_plane, sample_plane
from tests.unit.cli.sample_views import NOW
from tests.unit.cli.screens import screen
from tiltyard.cli.render.drift_page import DriftPage, drift_page, overview
from tiltyard.cli.render.drift_view import drift_view
from tiltyard.monitor.snapshot import PlaneKey, Snapshot


def drawn(plane: Snapshot, width: int = 80, hint: str = "", **more: Any) -> list[str]:
    file = StringIO()
    console = Console(file=file, width=width, color_system=None, highlight=False)
    page = DriftPage(NOW, "127.0.0.1:8003", drift_view(plane), **more)
    console.print(drift_page(page, NOW + 5, console, hint))
    return [line.rstrip() for line in file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [80, 120])
def test_one_that_drifts(width: int) -> None:
    assert drawn(sample_plane(30), width, features_max=20) == screen(f"drift_{width}")


def test_one_that_is_quiet_and_has_no_baseline_yet() -> None:
    plane = replace(quiet_plane(), baseline=None, detectors=quiet_plane().detectors[1:])
    lines = drawn(plane)
    assert "drift:       no alarm is kept for it" in lines
    assert "baseline:    none accepted yet" in lines
    assert "skew from training profile 2 of 15,000 rows" in lines
    assert not any(line.startswith(("ALARM", "closed")) for line in lines)


def test_what_skew_there_is_beside_drift() -> None:
    (told,) = [line for line in drawn(quiet_plane(), 200) if line.startswith("skew:")]
    assert told.endswith("; now nothing is above its noise")


def test_a_gateway_that_is_gone_is_said_to_be() -> None:
    lines = drawn(quiet_plane(), problem="connection\nrefused", hint="Ctrl-C ends it")
    assert lines[1] == "no answer, what follows is 5 s old: connection refused"
    assert lines[-2:] == ["", "Ctrl-C ends it"]


def test_commands_go_to_the_gateways_that_were_asked() -> None:
    lines = drawn(sample_plane(), 200, address_is_default=False)
    assert lines[-1].startswith("or:          tiltyard drift accept fraud")
    several = replace_address(sample_plane(), "a:1,b:2")
    assert several[0] == "fraud  version 3 champion  a:1, b:2"
    assert "--feature=amount --admin a:1,b:2" in several[-3]
    assert "--window 24h --admin a:1  #" in several[-1]


def replace_address(plane: Snapshot, address: str) -> list[str]:
    file = StringIO()
    console = Console(file=file, width=200, color_system=None, highlight=False)
    page = DriftPage(NOW, address, drift_view(plane), address_is_default=False)
    console.print(drift_page(page, NOW, console))
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_a_challenger_and_its_neighbours() -> None:
    shadow = sample_plane(key=PlaneKey("fraud", 4, "shadow"))
    lines = drawn(replace(shadow, compared=shadow.previous), 120, others=[quiet_plane()])
    assert "outputs against the champion's on the same requests" in lines
    assert "also watched" in lines


def test_every_model_in_a_line() -> None:
    file = StringIO()
    console = Console(file=file, width=120, color_system=None, highlight=False)
    churn = quiet_plane(key=PlaneKey("churn", 1, "champion"))
    planes = [churn, sample_plane(), quiet_plane(key=PlaneKey("fraud", 3, "champion", "tier=1"))]
    console.print(overview(planes, NOW, "a:1,b:2", console, problem="gone"))
    lines = [line.rstrip() for line in file.getvalue().splitlines()]
    assert lines[:2] == ["2 models watched  a:1, b:2  2026-11-25 10:00:00 UTC", "no answer: gone"]
    assert [line.split()[0] for line in lines[4:7]] == ["churn", "fraud", "fraud"]
    assert "DRIFTING (1 open)" in lines[5]
    assert lines[5].endswith("items, PSI 0.471")
