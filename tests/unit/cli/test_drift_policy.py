"""`tiltyard drift policy`: shown, or changed in what is said."""

import json
from typing import Any

import click
import pytest

from tests.unit.cli.conftest import Invoke
from tests.unit.cli.fake_client import FakeClient
from tiltyard.monitor.policy import Segment


def test_it_is_shown(client: FakeClient, invoke: Invoke) -> None:
    lines = invoke("drift", "policy", "fraud").output.splitlines()
    assert lines[0].split() == ["model", "fraud"]
    assert client.calls == [("get_drift_policy", ("fraud",), {"timeout_s": 60.0})]
    assert json.loads(invoke("drift", "policy", "fraud", "--json").output)["epoch"] == 3


CHANGES: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    (("--delta", 0.05), {"delta": 0.05}),
    (("--delta-indicator", 0.01), {"delta_indicator": 0.01}),
    (("--rows-independent",), {"rows_independent": True}),
    (("--no-rows-independent", "--capture"), {"rows_independent": False, "captures_values": True}),
    (("--no-capture", "--no-auto-accept"), {"captures_values": False, "accepts_by_itself": False}),
    (
        ("--baseline-window", "3d", "--baseline-rows", 500),
        {"baseline_window_s": 259_200.0, "baseline_rows": 500},
    ),
    (
        ("--segment", "country=NO", "--segment", "tier=a=b"),
        {"segments": (Segment("country", "NO"), Segment("tier", "a=b"))},
    ),
    (("--no-segments",), {"segments": ()}),
]


@pytest.mark.parametrize(("words", "changes"), CHANGES)
def test_what_is_said_is_changed_and_nothing_else(
    client: FakeClient, invoke: Invoke, words: tuple[Any, ...], changes: dict[str, Any]
) -> None:
    done = invoke("drift", "policy", "fraud", *words)
    assert done.exception is None
    said = {"expected_epoch": None, "timeout_s": 60.0, **changes}
    assert client.calls == [("set_drift_policy", ("fraud",), said)]
    assert "epoch          4" in done.output.splitlines()


def test_unless_somebody_was_faster(client: FakeClient, invoke: Invoke) -> None:
    invoke("drift", "policy", "fraud", "--delta", 0.05, "--expected-epoch", 3)
    assert client.calls[0][2]["expected_epoch"] == 3


@pytest.mark.parametrize(
    "words",
    [
        ("--segment", "country"),
        ("--segment", "=NO"),
        ("--segment", "country="),
        ("--segment", "country=NO", "--no-segments"),
        ("--expected-epoch", "3"),
        ("--baseline-rows", "0"),
        ("--delta", "much"),
    ],
)
def test_mistakes(client: FakeClient, invoke: Invoke, words: tuple[str, ...]) -> None:
    assert isinstance(invoke("drift", "policy", "fraud", *words).exception, click.UsageError)
    assert client.calls == []
