"""Requests to calls of Control: what is passed on, what is refused before it gets there."""

from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from tests.unit.admin.fake_control import FakeControl
from tests.unit.admin.serving import request
from tiltyard.admin import calls
from tiltyard.control.errors import ArgumentError
from tiltyard.control.views import OutputRule
from tiltyard.protocol.admin_words import admin_message, number_of

CALLER = calls.Caller("ipv4:127.0.0.1:1")
CANARY = number_of("Mode", "canary")
SHADOW = number_of("Mode", "shadow")


@pytest.fixture
def control() -> FakeControl:
    made = FakeControl()
    made.add("fraud", 1, 2, 3)
    return made


def challenge(**fields: Any) -> Any:
    return request("StartChallenge", **{"model": "fraud", "version": 2, "mode": CANARY, **fields})


def terms(**fields: Any) -> Any:
    return admin_message("ChangeTerms")(**fields)


def test_a_challenge_is_passed_on_in_percent(control: FakeControl) -> None:
    asked = challenge(
        share=0.05,
        split=number_of("Split", "key"),
        reverse_shadow=True,
        timeout_s=3.0,
        terms=terms(expected_epoch=3, idempotency_key="k-1", actor="anna"),
    )
    reply = calls.start_challenge(control, asked, CALLER)
    method, said = control.calls[-1]
    assert method == "start_challenge"
    assert said == {
        "name": "fraud",
        "version": 2,
        "mode": "canary",
        "share": Decimal(5),
        "sample": None,
        "split": "key",
        "reverse_shadow": True,
        "compare": (),
        "timeout_s": 3.0,
        "expected_epoch": 3,
        "idempotency_key": "k-1",
        "actor": "anna",
    }
    assert reply.route.challengers[0].share.buckets == round(65_536 * 0.05)


@pytest.mark.parametrize(
    ("fraction", "percent"),
    [(0.0, "0"), (0.001, "0.1"), (0.05, "5"), (1 / 3, "33.33333333333333"), (1.0, "100")],
)
def test_a_fraction_is_the_percentage_that_was_written(
    control: FakeControl, fraction: float, percent: str
) -> None:
    calls.start_challenge(control, challenge(mode=SHADOW, sample=fraction), CALLER)
    assert control.calls[-1][1]["sample"] == Decimal(percent)


def comparison(*rules: tuple[str, str, float, float]) -> Any:
    made = admin_message("Comparison")()
    for output, mode, atol, rtol in rules:
        number = number_of("CompareMode", mode)
        made.rules.add(output=output, mode=number, atol=atol, rtol=rtol)
    return made


def test_a_reverse_shadow_begins_ends_or_stays(control: FakeControl) -> None:
    calls.start_challenge(control, challenge(mode=CANARY, share=0.05), CALLER)
    for said in (True, False, None):
        asked = {} if said is None else {"reverse_shadow": said}
        update = request("UpdateChallenge", model="fraud", version=2, share=0.5, **asked)
        calls.update_challenge(control, update, CALLER)
        assert control.calls[-1][1]["reverse_shadow"] is said


def test_how_outputs_are_compared_is_passed_on(control: FakeControl) -> None:
    rules = comparison(("y", "label", 0.0, 0.0), ("score", "tolerance", 0.5, 0.01))
    calls.start_challenge(control, challenge(mode=SHADOW, compare=rules), CALLER)
    expected = (OutputRule("y", "label"), OutputRule("score", "tolerance", 0.5, 0.01))
    assert control.calls[-1][1]["compare"] == expected
    update = partial(request, "UpdateChallenge", model="fraud", version=2)
    for asked, said in (
        (update(sample=0.5), None),
        (update(compare=comparison()), ()),
        (update(compare=rules), expected),
    ):
        calls.update_challenge(control, asked, CALLER)
        assert control.calls[-1][1]["compare"] == said


def test_what_is_left_out_is_none(control: FakeControl) -> None:
    calls.start_challenge(control, challenge(mode=SHADOW), CALLER)
    _, said = control.calls[-1]
    left_out = ("share", "sample", "split", "timeout_s", "expected_epoch", "idempotency_key")
    assert [said[name] for name in left_out] == [None] * 6
    assert said["actor"] == CALLER.peer
    calls.promote(control, request("Promote", model="fraud"), CALLER)
    assert control.calls[-1][1]["version"] is None
    calls.rollback(control, request("Rollback", model="fraud"), CALLER)
    assert control.calls[-1][1]["to"] is None


@pytest.mark.parametrize("to", ["champion", "previous"])
def test_a_rollback_says_to_what(control: FakeControl, to: str) -> None:
    calls.set_champion(control, request("SetChampion", model="fraud", version=2), CALLER)
    number = number_of("RollbackRequest.To", to)
    calls.rollback(control, request("Rollback", model="fraud", to=number), CALLER)
    assert control.calls[-1][1]["to"] == to


@pytest.mark.parametrize(
    ("asked_s", "remaining_s", "expected_s"),
    [
        (None, None, None),
        (3, None, 3),
        (None, 10, 9.5),
        (3, 10, 3),
        (30, 10, 9.5),
        (None, 0.5, 0.25),
    ],
)
def test_how_long_a_load_is_waited_for(
    control: FakeControl, asked_s: float | None, remaining_s: float | None, expected_s: float | None
) -> None:
    asked = request("LoadVersion", model="fraud", version=2, timeout_s=asked_s)
    calls.load_version(control, asked, calls.Caller("", remaining_s))
    assert control.calls[-1][1]["timeout_s"] == expected_s


REFUSED = [
    (calls.get_model, request("GetModel"), "model"),
    (calls.get_model, request("GetModel", model="../etc"), "model"),
    (calls.get_route, request("GetRoute", model="a b"), "model"),
    (calls.set_champion, request("SetChampion", model="fraud"), "version"),
    (calls.set_champion, request("SetChampion", model="fraud", version=2**63), "version"),
    (calls.promote, request("Promote", model="fraud", version=0), "version"),
    (calls.start_challenge, challenge(mode=0), "mode"),
    (calls.start_challenge, challenge(mode=9), "mode"),
    (calls.start_challenge, challenge(split=9), "split"),
    (calls.start_challenge, challenge(share=1.5), "share"),
    (calls.start_challenge, challenge(share=-0.1), "share"),
    (calls.start_challenge, challenge(share=float("nan")), "share"),
    (calls.start_challenge, challenge(sample=float("inf")), "sample"),
    (calls.start_challenge, challenge(compare=comparison(("y", "", 0.0, 0.0))), "compare"),
    (calls.start_challenge, challenge(share=0.1, timeout_s=0.0), "timeout_s"),
    (calls.start_challenge, challenge(share=0.1, timeout_s=float("nan")), "timeout_s"),
    (calls.rollback, request("Rollback", model="fraud", to=9), "to"),
    (
        calls.rollback,
        request("Rollback", model="fraud", terms=terms(actor="a\nb")),
        "terms.actor",
    ),
    (
        calls.rollback,
        request("Rollback", model="fraud", terms=terms(idempotency_key="k" * 257)),
        "terms.idempotency_key",
    ),
    (
        calls.rollback,
        request("Rollback", model="fraud", terms=terms(expected_epoch=2**63)),
        "terms.expected_epoch",
    ),
    (calls.drain, request("Drain", actor="\x00"), "terms.actor"),
]


@pytest.mark.parametrize(("call", "asked", "field"), REFUSED)
def test_what_is_refused_before_control_is_asked(
    control: FakeControl, call: calls.Call, asked: Any, field: str
) -> None:
    before = len(control.calls)
    with pytest.raises(ArgumentError) as caught:
        call(control, asked, CALLER)
    assert caught.value.field == field
    assert len(control.calls) == before


def test_where_a_watch_begins() -> None:
    assert calls.watched(request("Watch")) == (None, None)
    assert calls.watched(request("Watch", after_seq=0, model="fraud")) == (0, "fraud")
    with pytest.raises(ArgumentError, match="after_seq"):
        calls.watched(request("Watch", after_seq=2**64 - 1))


def test_routes_and_statistics_of_one_or_all(control: FakeControl) -> None:
    control.add("churn", 1)
    every = calls.get_route(control, request("GetRoute"), CALLER).routes
    assert [route.model for route in every] == ["churn", "fraud"]
    assert len(calls.get_route(control, request("GetRoute", model="fraud"), CALLER).routes) == 1
    rows = calls.get_statistics(control, request("GetStatistics"), CALLER).rows
    assert [row.model for row in rows] == ["churn", "fraud"]
    asked = request("GetStatistics", model="churn")
    assert len(calls.get_statistics(control, asked, CALLER).rows) == 1
