import json
from dataclasses import replace

import click
import grpc

from tests.unit.cli.conftest import Invoke
from tests.unit.cli.fake_client import FakeClient, call_error
from tests.unit.cli.sample_planes import detector
from tiltyard.client.admin_errors import AdminUnavailableError
from tiltyard.monitor.interface import DriftQuery


def test_recent_traffic_is_accepted(client: FakeClient, invoke: Invoke) -> None:
    client.planes = [replace(client.planes[0], detectors=(detector(state="warming", ticks=0),))]
    lines = invoke("drift", "accept", "fraud", "--window", "24h").output.splitlines()
    assert lines[0].startswith("accepted for fraud: baseline 4 (8f14e45fceea), 20,000 rows, ")
    assert lines[1:] == [
        "  drift warms up again (0 of 300 ticks): nothing of it pages until then",
        "  next: tiltyard drift fraud --watch  # what differs from it",
    ]
    assert client.calls == [
        ("accept_baseline", ("fraud", None), {"window_s": 86_400.0, "timeout_s": 60.0}),
        ("get_drift", (DriftQuery("fraud", pieces=1),), {"timeout_s": 60.0}),
    ]


def test_of_a_version(client: FakeClient, invoke: Invoke) -> None:
    done = invoke("drift", "accept", "fraud", "--version", 3, "--window", "90m", "--json")
    found = json.loads(done.output)
    assert (found["rows"], found["alarms"], found["problem"]) == (20_000, [], "")
    assert client.calls[0][1:] == (("fraud", 3), {"window_s": 5_400.0, "timeout_s": 60.0})
    assert client.calls[1][1] == (DriftQuery("fraud", 3, pieces=1),)


def test_it_is_accepted_though_nothing_more_can_be_read(client: FakeClient, invoke: Invoke) -> None:
    gone = call_error(AdminUnavailableError, grpc.StatusCode.UNAVAILABLE, "it is stopping")
    client.fail = [None, gone]
    done = invoke("drift", "accept", "fraud", "--window", "24h")
    assert done.exception is None
    assert done.output.splitlines()[1] == (
        "  whether an alarm is in the window could not be read: it is stopping"
    )


def test_how_much_has_to_be_said(client: FakeClient, invoke: Invoke) -> None:
    assert isinstance(invoke("drift", "accept", "fraud").exception, click.UsageError)
    done = invoke("drift", "accept", "fraud", "--window", "a day")
    assert isinstance(done.exception, click.BadParameter)
    assert client.calls == []
