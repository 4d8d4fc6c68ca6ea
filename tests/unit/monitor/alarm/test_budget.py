"""False alarms that an operator is ready for."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiltyard.errors import ConfigError
from tiltyard.monitor.alarm import budget
from tiltyard.monitor.alarm.budget import parse_budget, plane_false_alarm_s


def test_its_examples_hold() -> None:
    assert doctest.testmod(budget) == (0, 2)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1 per 30 days", 2_592_000),
        ("1 per 30 days per gateway", 2_592_000),
        ("3 per month", 864_000),
        ("0.5 per day", 172_800),
        ("2 PER 4 Hours", 7200),
    ],
)
def test_a_budget_reads_like_a_sentence(text: str, seconds: float) -> None:
    assert parse_budget(text) == seconds


@pytest.mark.parametrize("text", ["", "30 days", "1 per fortnight", "0 per day", "1 per 0 days"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=f"'{text}'"):
        parse_budget(text)


@given(st.floats(1, 1e8), st.integers(1, 500), st.integers(0, 50))
def test_the_rates_of_all_planes_add_up_to_the_gateways(
    gateway_s: float, models: int, segments: int
) -> None:
    own, each = plane_false_alarm_s(gateway_s, models, segments)
    assert models * (1 / own + segments / each) == pytest.approx(1 / gateway_s)


def test_no_models_have_no_budget() -> None:
    with pytest.raises(ValueError, match="over 0 models"):
        plane_false_alarm_s(1.0, 0)
