import json

import click

from tests.unit.cli.conftest import Invoke
from tests.unit.cli.fake_client import FakeClient


def test_recent_traffic_is_accepted(client: FakeClient, invoke: Invoke) -> None:
    lines = invoke("drift", "accept", "fraud", "--window", "24h").output.splitlines()
    assert lines[0].startswith("accepted for fraud: baseline 4 (8f14e45fceea), 20,000 rows, ")
    assert lines[1] == "  next: tiltyard drift fraud --watch  # what differs from it"
    assert client.calls == [
        ("accept_baseline", ("fraud", None), {"window_s": 86_400.0, "timeout_s": 60.0})
    ]


def test_of_a_version(client: FakeClient, invoke: Invoke) -> None:
    done = invoke("drift", "accept", "fraud", "--version", 2, "--window", "90m", "--json")
    assert json.loads(done.output)["rows"] == 20_000
    assert client.calls[0][1:] == (("fraud", 2), {"window_s": 5_400.0, "timeout_s": 60.0})


def test_how_much_has_to_be_said(client: FakeClient, invoke: Invoke) -> None:
    assert isinstance(invoke("drift", "accept", "fraud").exception, click.UsageError)
    done = invoke("drift", "accept", "fraud", "--window", "a day")
    assert isinstance(done.exception, click.BadParameter)
    assert client.calls == []
