"""Alarms of another gateway; the round trip is in unit/admin/test_alarm_messages.py."""

from tiltyard.client.alarm_replies import read_alarm, read_alarm_event
from tiltyard.protocol.admin_words import admin_message


def test_words_of_a_newer_gateway_come_through() -> None:
    message = admin_message("Alarm")(id="a", kind="concept", state="muted")
    assert (read_alarm(message).kind, read_alarm(message).state) == ("concept", "muted")


def test_what_was_not_said_is_none() -> None:
    alarm = read_alarm_event(admin_message("AlarmEvent")(seq=1)).alarm
    assert (alarm.closed_at, alarm.acknowledged_at, alarm.streams) == (None, None, ())
