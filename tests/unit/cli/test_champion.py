"""`tiltyard champion`, `promote` and `rollback`, up to what the gateway is asked and back."""

import json
from dataclasses import replace

import grpc

from tests.unit.cli.conftest import Invoke
from tests.unit.cli.fake_client import FakeClient, call_error
from tests.unit.cli.sample_views import CHAMPION, NOT_RECORDED, NOW, PROMOTED
from tiltyard.client.admin_errors import AdminPreconditionError

FRESH = replace(PROMOTED, champion=replace(CHAMPION, errors={}, since_unix_s=NOW))
NOW_LINE = "  now:  champion 3, previous 2 (warm for 3 d), epoch 7"
NEXT_LINE = (
    "  next: tiltyard rollback fraud --to previous  # if version 3 is wrong; kept warm for 3 d"
)
TERMS = {"timeout_s": 60.0, "expected_epoch": None}


def test_a_champion(client: FakeClient, invoke: Invoke) -> None:
    client.route = FRESH
    done = invoke("champion", "fraud", 3)
    assert done.exception is None
    assert done.output.splitlines() == ["version 3 of fraud serves", NOW_LINE, NEXT_LINE]
    assert client.calls == [("set_champion", ("fraud", 3), TERMS)]
    assert client.address == "127.0.0.1:8003"


def test_terms_reach_the_gateway(client: FakeClient, invoke: Invoke) -> None:
    client.route = FRESH
    options = ("--expected-epoch", 6, "--timeout-s", 900, "--admin", "box:1")
    done = invoke("champion", "fraud", 3, *options)
    assert client.calls[0][2] == {"timeout_s": 900.0, "expected_epoch": 6}
    assert client.address == "box:1"
    assert "tiltyard rollback fraud --to previous --admin box:1  #" in done.output


def test_a_promotion_names_the_version(client: FakeClient, invoke: Invoke) -> None:
    client.route = FRESH
    assert invoke("promote", "fraud").output.startswith("version 3 of fraud is promoted\n")
    assert invoke("promote", "fraud", 3).output.startswith("version 3 of fraud is promoted\n")
    assert [arguments for _, arguments, _ in client.calls] == [("fraud", None), ("fraud", 3)]


def test_a_rollback(client: FakeClient, invoke: Invoke) -> None:
    client.route = NOT_RECORDED
    done = invoke("rollback", "pricing")
    assert done.output.splitlines()[0] == "pricing is rolled back"
    assert "NOT RECORDED: a restart now would undo the rollback" in done.output
    invoke("rollback", "pricing", "--to", "champion")
    assert [arguments for _, arguments, _ in client.calls] == [
        ("pricing", None),
        ("pricing", "champion"),
    ]


def test_a_program_reads_the_route(client: FakeClient, invoke: Invoke) -> None:
    client.route = NOT_RECORDED
    for arguments in (("champion", "fraud", 3), ("promote", "fraud"), ("rollback", "fraud")):
        found = json.loads(invoke(*arguments, "--json").output)
        assert (found["champion"]["version"], found["durable"]) == (3, False)


def test_what_the_gateway_refuses_is_raised(client: FakeClient, invoke: Invoke) -> None:
    refused = call_error(
        AdminPreconditionError, grpc.StatusCode.FAILED_PRECONDITION, "it failed", "VERSION_FAILED"
    )
    client.fail = [refused]
    done = invoke("champion", "fraud", 3)
    assert done.exception is refused
    assert done.output == ""
