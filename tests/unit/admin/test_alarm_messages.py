"""Alarms, their events and policies come through the wire as they went in."""

from dataclasses import fields, replace
from typing import Any

import pytest

from tests.unit.admin.fake_planes import ALARM, T
from tiltyard.admin.alarm_messages import alarm_event_message, alarm_message, policy_message
from tiltyard.client.alarm_replies import read_alarm, read_alarm_event, read_policy
from tiltyard.monitor.interface import AlarmEvent
from tiltyard.monitor.policy import DriftPolicy, Segment

OPEN = replace(ALARM, closed_at=None, closed_by="", acknowledged_at=None, acknowledged_by="")
POLICY = DriftPolicy(
    epoch=7,
    delta=0.05,
    delta_indicator=0.002,
    rows_independent=True,
    captures_values=True,
    accepts_by_itself=False,
    baseline_window_s=3_600.0,
    baseline_rows=500,
    segments=(Segment("country", "NO"), Segment("tier", "1")),
)


def turned(message: Any) -> Any:
    return type(message).FromString(message.SerializeToString())


@pytest.mark.parametrize("alarm", [ALARM, OPEN, replace(OPEN, streams=())])
def test_alarms(alarm: Any) -> None:
    assert read_alarm(turned(alarm_message(alarm))) == alarm
    event = AlarmEvent(9, T, "named", "i-1", alarm)
    assert read_alarm_event(turned(alarm_event_message(event))) == event


@pytest.mark.parametrize("policy", [POLICY, DriftPolicy()])
def test_policies(policy: DriftPolicy) -> None:
    assert read_policy(turned(policy_message(policy))) == policy


def test_the_policy_of_the_round_trip_has_every_field() -> None:
    for field in fields(DriftPolicy):
        assert getattr(POLICY, field.name) != field.default, field.name
