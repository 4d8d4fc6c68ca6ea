import json
from dataclasses import replace

import grpc

from tests.unit.cli.conftest import Invoke
from tests.unit.cli.fake_client import FakeClient, call_error
from tests.unit.cli.sample_views import EVENT
from tiltyard.cli.events import SHOWN_BEFORE_FOLLOWING, FollowEndedError
from tiltyard.client.admin_errors import AdminUnavailableError


def test_all_that_happened(client: FakeClient, invoke: Invoke) -> None:
    client.events = [EVENT, replace(EVENT, seq=9, actor="")]
    lines = invoke("events").output.splitlines()
    assert [line.split()[0] for line in lines] == ["8", "9"]
    assert lines[0].endswith("promoted from canary to champion (was 2), by anna@box")
    assert client.calls == [("watch", (0, ""), {"follow": False, "timeout_s": 60.0})]


def test_those_of_one_model_after_a_number(client: FakeClient, invoke: Invoke) -> None:
    client.events = []
    done = invoke("events", "fraud", "--after", 7)
    assert (done.output, done.exception) == ("", None)
    assert client.calls[0][1] == (7, "fraud")


def test_a_program_reads_a_line_each(client: FakeClient, invoke: Invoke) -> None:
    client.events = [EVENT, replace(EVENT, seq=9)]
    found = [json.loads(line) for line in invoke("events", "--json").output.splitlines()]
    assert [event["seq"] for event in found] == [8, 9]
    assert found[0]["data"]["version"] == 3


def test_following_begins_with_the_last_few(client: FakeClient, invoke: Invoke) -> None:
    client.events = [replace(EVENT, seq=seq) for seq in range(1, 31)]
    client.coming = [replace(EVENT, seq=31)]
    done = invoke("events", "fraud", "--follow")
    assert done.exception is None  # Ctrl-C is how it ends
    seqs = [int(line.split()[0]) for line in done.output.splitlines()]
    assert seqs == list(range(31 - SHOWN_BEFORE_FOLLOWING, 32))
    assert client.calls[1:] == [("watch", (30, "fraud"), {"follow": True})]


def test_following_goes_on_after_a_number(client: FakeClient, invoke: Invoke) -> None:
    client.coming = [replace(EVENT, seq=31)]
    assert invoke("events", "--follow", "--after", 30).output.startswith("   31  ")
    assert client.calls == [("watch", (30, ""), {"follow": True})]


def test_before_anything_happened_all_is_followed(client: FakeClient, invoke: Invoke) -> None:
    client.events = []
    assert invoke("events", "--follow").output == ""
    assert client.calls[1][1] == (0, "")


def test_a_gateway_that_goes_away_says_where_to_go_on(client: FakeClient, invoke: Invoke) -> None:
    client.coming = [replace(EVENT, seq=31)]
    client.coming_end = call_error(
        AdminUnavailableError, grpc.StatusCode.UNAVAILABLE, "it is stopping", "DRAINING"
    )
    done = invoke("events", "--follow")
    assert isinstance(done.exception, FollowEndedError)
    assert str(done.exception) == "it is stopping; go on where this ended with: --after 31"
    assert done.exception.exit_code == 13
