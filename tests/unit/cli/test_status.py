"""`tiltyard status`: what is read, when, and how watching goes on and ends."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace

import grpc
import pytest
from rich.console import Console

from tests.unit.cli.conftest import Invoke
from tests.unit.cli.fake_client import FakeClient, call_error
from tests.unit.cli.sample_views import FULL, NOW, QUIET
from tests.unit.cli.screens import screen
from tiltyard.cli import screen as written
from tiltyard.cli import status as command
from tiltyard.client.admin_errors import (
    AdminCallError,
    AdminNotFoundError,
    AdminPreconditionError,
    AdminUnavailableError,
)

GONE = call_error(AdminUnavailableError, grpc.StatusCode.UNAVAILABLE, "it is stopping", "DRAINING")


class Clock:
    """A time of day that passes while a command waits; after `looks` of those, Ctrl-C."""

    def __init__(self, looks: int) -> None:
        self.time = NOW
        self.looks = looks
        self.on_wait: Callable[[], None] = lambda: None

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> None:
        self.looks -= 1
        if self.looks <= 0:
            raise KeyboardInterrupt
        self.time += seconds
        self.on_wait()


@pytest.fixture
def clock(client: FakeClient, monkeypatch: pytest.MonkeyPatch) -> Clock:  # noqa: ARG001 - sets another clock before
    found = Clock(looks=3)
    monkeypatch.setattr(written, "now", found.now)
    monkeypatch.setattr(command, "wait", found.wait)
    return found


def test_one_model(client: FakeClient, invoke: Invoke) -> None:
    lines = invoke("status", "fraud").output.splitlines()
    assert lines[:7] == screen("page_100")[:7]
    assert any(
        line.startswith("not split:      1,234 requests that came without") for line in lines
    )
    assert lines[-1].startswith("next:           tiltyard challenge fraud 4 --canary 50%  # ")
    assert client.calls == [
        ("get_route", ("fraud",), {"timeout_s": 60.0}),
        ("get_statistics", ("fraud",), {"timeout_s": 60.0}),
        ("list_alarms", ("fraud",), {"open_only": True, "timeout_s": 60.0}),
        ("get_model", ("fraud",), {"timeout_s": 60.0}),
    ]


def test_lines_in_a_pipe_are_as_long_as_they_are(client: FakeClient, invoke: Invoke) -> None:
    lines = invoke("status", "fraud").output.splitlines()
    assert max(map(len, lines)) > 120
    assert not any(line.endswith(" ") for line in lines)
    assert client.is_closed


def test_every_model(client: FakeClient, invoke: Invoke) -> None:
    client.routes = [QUIET, FULL]
    lines = invoke("status").output.splitlines()
    assert lines[0] == "2 models  127.0.0.1:8003  2026-11-25 10:00:00 UTC"
    assert [line.split()[0] for line in lines[3:8]] == ["churn", *["fraud"] * 4]
    assert client.methods() == ["get_route", "get_statistics", "list_alarms", "list_models"]


def test_a_program_reads_routes_and_models(client: FakeClient, invoke: Invoke) -> None:
    client.routes = [QUIET, FULL]
    found = json.loads(invoke("status", "--json").output)
    assert (found["at_unix_s"], found["admin"]) == (NOW, "127.0.0.1:8003")
    assert [route["model"] for route in found["routes"]] == ["churn", "fraud"]
    assert found["models"][0]["versions"][6]["state"] == "failed"
    assert found["statistics"][0]["unkeyed"] == 1_234


def test_drift_is_told_of_where_it_is_watched(client: FakeClient, invoke: Invoke) -> None:
    told = "drift:          fraud version 3 champion, since 50 min (09:10): amount, items"
    lines = invoke("status", "fraud").output.splitlines()
    assert f"{told}; see it with: tiltyard drift alarms" in lines
    assert json.loads(invoke("status", "--json").output)["alarms"][0]["id"] == "a-17"
    off = call_error(
        AdminPreconditionError, grpc.StatusCode.FAILED_PRECONDITION, "not watched", "PRECONDITION"
    )
    old = call_error(AdminCallError, grpc.StatusCode.UNIMPLEMENTED, "no such method")
    for silent in (off, old):
        client.fail = [None, None, silent]
        assert "drift:" not in invoke("status", "fraud").output
    wrong = call_error(AdminCallError, grpc.StatusCode.INTERNAL, "it failed", "INTERNAL")
    client.fail = [None, None, wrong]
    assert invoke("status", "fraud").exception is wrong


def test_watching_shows_it_again_until_ctrl_c(
    client: FakeClient, invoke: Invoke, clock: Clock
) -> None:
    clock.on_wait = lambda: setattr(client, "route", replace(client.route, epoch=8))
    done = invoke("status", "fraud", "--watch")
    assert done.exception is None
    heads = [line for line in done.output.splitlines() if line.startswith("fraud  epoch")]
    assert [line.split()[2] for line in heads] == ["7,", "8,", "8,"]
    assert [line.split()[-2] for line in heads] == ["10:00:00", "10:00:01", "10:00:02"]


def test_watching_reads_the_models_now_and_then(
    client: FakeClient, invoke: Invoke, clock: Clock
) -> None:
    clock.looks = 12
    invoke("status", "--watch")
    assert client.methods().count("get_route") == 12
    assert client.methods().count("list_models") == 3
    assert client.calls[0][2] == {"timeout_s": 5.0}


def test_watching_goes_on_while_the_gateway_is_away(
    client: FakeClient, invoke: Invoke, clock: Clock
) -> None:
    client.fail = [None, None, None, None, GONE, None]
    done = invoke("status", "fraud", "--watch")
    assert done.exception is None
    assert clock.looks == 0
    told = [line for line in done.output.splitlines() if line.startswith("no answer")]
    assert told == ["no answer, what follows is 1 s old: it is stopping"]
    assert done.output.count("fraud  epoch 7") == 3


@pytest.mark.usefixtures("clock")
def test_a_gateway_that_was_never_there_is_not_watched(client: FakeClient, invoke: Invoke) -> None:
    client.fail = [GONE]
    assert invoke("status", "--watch").exception is GONE


@pytest.mark.usefixtures("clock")
def test_a_model_that_is_not_there_is_not_watched(client: FakeClient, invoke: Invoke) -> None:
    unknown = call_error(
        AdminNotFoundError, grpc.StatusCode.NOT_FOUND, "no model", "MODEL_NOT_FOUND"
    )
    client.fail = [None, None, None, None, unknown]
    assert invoke("status", "nix", "--watch").exception is unknown


@pytest.mark.usefixtures("clock", "client")
def test_a_program_that_watches_reads_a_line_each(invoke: Invoke) -> None:
    found = [json.loads(line) for line in invoke("status", "--watch", "--json").output.splitlines()]
    assert [status["at_unix_s"] for status in found] == [NOW, NOW + 1, NOW + 2]


@pytest.mark.usefixtures("clock", "client")
def test_on_a_terminal_it_is_drawn_in_place(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make_console() -> Console:
        return Console(file=sys.stdout, force_terminal=True, _environ={"TERM": "xterm"}, width=100)

    monkeypatch.setattr(written, "make_console", make_console)
    done = invoke("status", "fraud", "--watch")
    assert done.exception is None
    assert "\x1b[?25l" in done.output  # the cursor is hidden
    assert "\x1b[1A" in done.output  # what was drawn is drawn over
    assert done.output.rstrip().endswith("\x1b[?25h")
