"""Requests as the protocol has them."""

from decimal import Decimal

import pytest

from tiltyard.client.admin_requests import (
    Percent,
    change_of,
    comparison_message,
    enum_number,
    fraction_of,
    request_of,
)
from tiltyard.control.interface import ChangeTerms
from tiltyard.control.views import OutputRule
from tiltyard.errors import ClientError


@pytest.mark.parametrize(
    ("percent", "fraction"),
    [
        (5, 0.05),
        ("0.1", 0.001),
        (Decimal("33.3"), 0.333),
        (0, 0.0),
        (100, 1.0),
        (250, 2.5),  # the gateway says what is wrong with it
    ],
)
def test_percent_are_sent_as_the_nearest_fraction(percent: Percent, fraction: float) -> None:
    assert fraction_of("share", percent) == fraction


def test_no_percent_is_no_fraction() -> None:
    assert fraction_of("share", None) is None
    with pytest.raises(ClientError, match="share '5%' is no percentage, expected one like 5"):
        fraction_of("share", "5%")


def test_rules_and_none_and_no_rules() -> None:
    assert comparison_message(None) is None
    assert list(comparison_message([]).rules) == []
    (rule,) = comparison_message([OutputRule("y", "tolerance", 0.5, 0.01)]).rules
    assert (rule.output, rule.atol, rule.rtol) == ("y", 0.5, 0.01)
    with pytest.raises(ClientError, match="mode 'equal' is not a word"):
        comparison_message([OutputRule("y", "equal")])  # type: ignore[arg-type]  # the mistake


def test_terms() -> None:
    full = ChangeTerms(expected_epoch=0, idempotency_key="k", actor="bert")
    terms = change_of("Promote", full, "anna", model="fraud").terms
    assert (terms.expected_epoch, terms.idempotency_key, terms.actor) == (0, "k", "bert")
    assert terms.HasField("expected_epoch")
    terms = change_of("Promote", ChangeTerms(), "anna", model="fraud", version=None).terms
    assert (terms.HasField("expected_epoch"), terms.idempotency_key) == (False, "")
    assert terms.actor == "anna"


def test_what_has_no_room_in_a_message() -> None:
    with pytest.raises(ClientError, match="the request of SetChampion cannot be made"):
        request_of("SetChampion", model="fraud", version=2**64)
    with pytest.raises(ClientError, match="mode 'duel' is not a word"):
        enum_number("Mode", "mode", "duel")
    assert enum_number("Split", "split", None) == 0
