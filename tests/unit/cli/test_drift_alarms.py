"""`tiltyard drift alarms` and `ack`."""

import json
from dataclasses import replace

import click
import grpc
import pytest

from tests.unit.cli.conftest import Invoke
from tests.unit.cli.fake_client import FakeClient, call_error
from tests.unit.cli.sample_planes import ALARM
from tests.unit.cli.sample_views import NOW
from tiltyard.cli.connection import NoGatewayError
from tiltyard.cli.events import FollowEndedError
from tiltyard.client.admin_errors import AdminNotFoundError, AdminUnavailableError
from tiltyard.monitor.interface import AlarmEvent

GONE = call_error(AdminUnavailableError, grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE: refused")
UNKNOWN = call_error(AdminNotFoundError, grpc.StatusCode.NOT_FOUND, "no alarm", "PRECONDITION")


def test_the_open_ones_in_full_and_a_line_for_the_others(
    client: FakeClient, invoke: Invoke
) -> None:
    lines = invoke("drift", "alarms").output.splitlines()
    assert lines[:2] == [
        "fraud version 3 champion",
        "ALARM a-17  open for 50 min (09:10), not acknowledged",
    ]
    assert lines[-1].startswith("a-9  drift  fraud version 3 champion  recovered 2 d ago")
    assert client.calls == [("list_alarms", ("",), {"open_only": False, "timeout_s": 60.0})]


def test_of_one_model_and_only_the_open_ones(client: FakeClient, invoke: Invoke) -> None:
    assert "a-9" not in invoke("drift", "alarms", "fraud", "--open").output
    assert client.calls[0][1:] == (("fraud",), {"open_only": True, "timeout_s": 60.0})
    client.alarms = []
    assert invoke("drift", "alarms", "fraud").output == "no alarms of fraud\n"
    assert invoke("drift", "alarms", "--open").output == "no alarms are open\n"


def test_of_several_gateways(client: FakeClient, invoke: Invoke) -> None:
    found = json.loads(invoke("drift", "alarms", "--json", "--admin", "a:1,b:2").output)
    assert [alarm["id"] for alarm in found["alarms"]] == ["a-17", "a-9"] * 2
    assert found["at_unix_s"] == NOW
    assert client.methods() == ["list_alarms"] * 2


def test_of_those_gateways_that_answer(client: FakeClient, invoke: Invoke) -> None:
    words = ("drift", "alarms", "fraud", "--admin", "a:1,b:2")
    client.fail = [GONE]
    first, *lines = invoke(*words).output.splitlines()
    assert first.startswith("no answer: a:1: no gateway answers at a:1 (refused)")
    assert any(line.startswith("ALARM a-17") for line in lines)
    client.fail = [GONE]
    found = json.loads(invoke(*words, "--json").output)
    assert found["problem"].startswith("a:1: no gateway answers")
    assert len(found["alarms"]) == 2
    client.fail = [GONE, GONE]
    assert isinstance(invoke(*words).exception, NoGatewayError)


def test_seen_to(client: FakeClient, invoke: Invoke) -> None:
    done = invoke("drift", "ack", "a-17", "--note", "a campaign")
    assert "acknowledged by anna@box: a campaign" in done.output
    assert client.calls == [("ack_alarm", ("a-17", "a campaign"), {"timeout_s": 60.0})]
    assert json.loads(invoke("drift", "ack", "a-17", "--json").output)["id"] == "a-17"


def test_seen_to_where_it_is_known(client: FakeClient, invoke: Invoke) -> None:
    client.fail = [UNKNOWN, None]
    assert invoke("drift", "ack", "a-17", "--admin", "a:1,b:2").exception is None
    client.fail = [UNKNOWN, UNKNOWN]
    assert invoke("drift", "ack", "a-17", "--admin", "a:1,b:2").exception is UNKNOWN


def test_what_alarms_do(client: FakeClient, invoke: Invoke) -> None:
    client.alarm_events = [AlarmEvent(8, NOW, "opened", "i-1", ALARM)]
    done = invoke("drift", "alarms", "fraud", "--follow", "--after", 7)
    assert done.exception is None  # Ctrl-C is how it ends
    assert done.output == (
        "    8  2026-11-25 10:00:00  a-17 opened: fraud version 3 champion, amount, items\n"
    )
    assert client.calls == [("watch_alarms", (7, "fraud"), {})]
    line = invoke("drift", "alarms", "--follow", "--json").output
    assert json.loads(line)["event"] == "opened"


def test_a_gateway_that_goes_away_says_where_to_go_on(client: FakeClient, invoke: Invoke) -> None:
    client.alarm_end = call_error(
        AdminUnavailableError, grpc.StatusCode.UNAVAILABLE, "it is stopping", "DRAINING"
    )
    done = invoke("drift", "alarms", "--follow")
    assert isinstance(done.exception, FollowEndedError)
    assert str(done.exception) == "it is stopping"
    client.alarm_events = [AlarmEvent(8, NOW, "named", "i-1", replace(ALARM, streams=()))]
    done = invoke("drift", "alarms", "--follow")
    assert str(done.exception) == "it is stopping; go on where this ended with: --after 8"


@pytest.mark.usefixtures("client")
def test_mistakes(invoke: Invoke) -> None:
    assert isinstance(invoke("drift", "alarms", "--after", 3).exception, click.UsageError)
    done = invoke("drift", "alarms", "--follow", "--admin", "a:1,b:2")
    assert isinstance(done.exception, click.UsageError)
    assert isinstance(invoke("drift", "ack").exception, click.UsageError)
