import math

import pytest

from tests.unit.cli.sample_views import DAY, HOUR, MINUTE, NOW
from tiltyard.cli.render import formats


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (0.9, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (HOUR - 1, "59 min"),
        (2 * HOUR + 59 * MINUTE, "2 h"),
        (2 * DAY - 1, "47 h"),
        (3.9 * DAY, "3 d"),
    ],
)
def test_durations_have_one_unit(seconds: float, text: str) -> None:
    assert formats.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(42, "42 s"), (119, "2 min"), (HOUR - 1, "1 h"), (3 * DAY - 1, "3 d"), (5.4 * DAY, "5 d")],
)
def test_what_is_left_is_told_to_the_nearest(seconds: float, text: str) -> None:
    assert formats.remaining(seconds) == text


@pytest.mark.parametrize(
    ("unix_s", "text"),
    [
        (0, "-"),
        (NOW - 2 * HOUR, "2 h (08:00)"),
        (NOW - 11 * HOUR, "11 h (Nov 24 23:00)"),
        (NOW - 400 * DAY, "400 d (2025-10-21)"),
    ],
)
def test_since_has_an_age_and_a_time(unix_s: float, text: str) -> None:
    assert formats.since(unix_s, NOW) == text


def test_a_timestamp_is_utc() -> None:
    assert formats.timestamp(NOW) == "2026-11-25 10:00:00"


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (3_276 / 65_536, "5 %"),
        (65 / 65_536, "0.1 %"),
        (1 / 65_536, "<0.01 %"),
        (65_535 / 65_536, ">99.99 %"),
        (0.9501, "95.01 %"),
    ],
)
def test_shares_are_short_and_never_all_or_nothing_by_rounding(fraction: float, text: str) -> None:
    assert formats.percent(fraction) == text


@pytest.mark.parametrize(
    ("rate", "text"), [(0, "0"), (0.04, "0.0"), (12.34, "12.3"), (9e5, "900,000")]
)
def test_rates(rate: float, text: str) -> None:
    assert formats.per_second(rate) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.048, "0.048"), (0.5, "0.50"), (12.34, "12.3"), (1_234.5, "1,234")]
)
def test_latencies(value: float, text: str) -> None:
    assert formats.milliseconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(1.234e-7, "1.2e-07"), (0.25, "0.25"), (math.inf, "not finite")]
)
def test_differences(value: float, text: str) -> None:
    assert formats.difference(value) == text


def test_foreign_text_cannot_steer_the_terminal() -> None:
    assert formats.one_line("two\n lines \x1b[31mred\x07") == "two lines ?[31mred?"


def test_lists() -> None:
    assert [formats.listed(list(text)) for text in ("a", "ab", "abc")] == [
        "a",
        "a and b",
        "a, b and c",
    ]
