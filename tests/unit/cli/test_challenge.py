"""`tiltyard challenge` and `stop-challenge`, up to what the gateway is asked and back."""

import json
from dataclasses import replace
from decimal import Decimal

import click
import pytest

from tests.unit.cli.conftest import Invoke
from tests.unit.cli.fake_client import FakeClient
from tests.unit.cli.sample_views import CANARY, FULL, SHADOW
from tiltyard.control.views import OutputRule

START: dict[str, object] = {
    "share": None,
    "sample": None,
    "split": None,
    "reverse_shadow": False,
    "compare": (),
}
LABEL = OutputRule("y", "label")
UPDATE: dict[str, object] = {
    "share": None,
    "sample": None,
    "reverse_shadow": None,
    "compare": None,
}
TERMS = {"timeout_s": 60.0, "expected_epoch": None}


@pytest.mark.parametrize(
    ("arguments", "mode", "asked"),
    [
        (["--canary", "0.1%"], "canary", {"share": Decimal("0.1")}),
        (["--canary", "5%", "--split", "key"], "canary", {"share": Decimal(5), "split": "key"}),
        (
            ["--canary", "5%", "--reverse-shadow", "--sample", "10%"],
            "canary",
            {"share": Decimal(5), "sample": Decimal(10), "reverse_shadow": True},
        ),
        (["--shadow"], "shadow", {}),
        (["--shadow", "--sample", "20%"], "shadow", {"sample": Decimal(20)}),
        (
            ["--shadow", "--compare", "y=label", "--compare", "score=tolerance:0.5:0.01"],
            "shadow",
            {"compare": (LABEL, OutputRule("score", "tolerance", 0.5, 0.01))},
        ),
    ],
)
def test_a_version_begins_to_challenge(
    client: FakeClient, invoke: Invoke, arguments: list[str], mode: str, asked: dict[str, object]
) -> None:
    client.changed = replace(FULL, challengers=(replace(CANARY, version=6),))
    done = invoke("challenge", "fraud", 6, *arguments)
    assert done.exception is None
    assert done.output.startswith("canary 6 with 5 % challenges champion 3 of fraud\n  now:  ")
    assert client.calls == [
        ("get_route", ("fraud",), {"timeout_s": 60.0}),
        ("start_challenge", ("fraud", 6, mode), {**START, **asked, **TERMS}),
    ]


def test_a_shadow_becomes_a_canary(client: FakeClient, invoke: Invoke) -> None:
    client.changed = replace(FULL, challengers=(replace(CANARY, version=5),))
    assert invoke("challenge", "fraud", 5, "--canary", "5%").exception is None
    assert client.methods() == ["get_route", "start_challenge"]


@pytest.mark.parametrize(
    ("version", "arguments", "asked"),
    [
        (4, ["--canary", "50%"], {"share": Decimal(50)}),
        (4, ["--canary", "50%", "--split", "key"], {"share": Decimal(50)}),
        (
            4,
            ["--canary", "50%", "--reverse-shadow"],
            {"share": Decimal(50), "reverse_shadow": True},
        ),
        (
            4,
            ["--canary", "50%", "--no-reverse-shadow"],
            {"share": Decimal(50), "reverse_shadow": False},
        ),
        (5, ["--shadow", "--sample", "50%"], {"sample": Decimal(50)}),
        (5, ["--shadow", "--compare", "y=label"], {"compare": (LABEL,)}),
    ],
)
def test_a_challenger_of_the_mode_is_changed(
    client: FakeClient,
    invoke: Invoke,
    version: int,
    arguments: list[str],
    asked: dict[str, object],
) -> None:
    assert (
        invoke("challenge", "fraud", version, *arguments, "--expected-epoch", 7).exception is None
    )
    assert client.calls[1] == (
        "update_challenge",
        ("fraud", version),
        {**UPDATE, **asked, "timeout_s": 60.0, "expected_epoch": 7},
    )


def test_what_cannot_be_changed_is_not_asked(client: FakeClient, invoke: Invoke) -> None:
    done = invoke("challenge", "fraud", 5, "--shadow")
    assert isinstance(done.exception, click.UsageError)
    assert client.methods() == ["get_route"]


def test_options_that_contradict_ask_nothing(client: FakeClient, invoke: Invoke) -> None:
    done = invoke("challenge", "fraud", 5)
    assert isinstance(done.exception, click.UsageError)
    assert client.calls == []


def test_a_challenge_stops(client: FakeClient, invoke: Invoke) -> None:
    client.route = replace(FULL, challengers=(SHADOW,))
    done = invoke("stop-challenge", "fraud", 4)
    assert done.output.startswith("version 4 of fraud challenges no more\n  now:  champion 3, shad")
    assert client.calls == [("stop_challenge", ("fraud", 4), TERMS)]


def test_a_program_reads_the_route(client: FakeClient, invoke: Invoke) -> None:
    done = invoke("challenge", "fraud", 4, "--canary", "5%", "--json")
    assert json.loads(done.output)["challengers"][0]["share"]["buckets"] == 3_276
    assert json.loads(invoke("stop-challenge", "fraud", 4, "--json").output)["model"] == "fraud"
    assert client.methods() == ["get_route", "update_challenge", "stop_challenge"]
