"""What the alarm goes by, and what is refused."""

import pytest

from tiltyard.errors import ConfigError
from tiltyard.monitor.alarm.policy import AlarmPolicy


def test_a_tick_closes_with_time_and_rows_enough() -> None:
    policy = AlarmPolicy(tick_s=1.0, tick_rows_min=50)
    assert [policy.closes(s, n) for s, n in ((1.0, 50), (0.9, 5000), (60.0, 49))] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"delta": -0.1},
        {"delta": float("nan")},
        {"delta_indicator": 2.0},
        {"beta": 0.0},
        {"false_alarm_s": 0.0},
        {"tick_s": 0.0},
        {"tick_s": 3601.0},
        {"tick_rows_min": 0},
        {"n_cap": 0},
        {"warmup_ticks": -1},
        {"half_lives": ()},
        {"half_lives": (8.0, 0.0)},
    ],
)
def test_values_out_of_range_are_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        AlarmPolicy(**wrong)  # type: ignore[arg-type]  # one of several types
