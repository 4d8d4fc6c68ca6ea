"""What a newer gateway says; the round trip of every view is in unit/admin/test_messages.py."""

from tiltyard.client.admin_replies import read_event, read_version
from tiltyard.protocol.admin_words import admin_message


def test_a_word_of_a_newer_gateway_is_its_number() -> None:
    found = read_version(admin_message("Version")(model="m", version=1, state=99, roles=[2, 98]))
    assert (found.state, found.roles) == ("99", ("canary", "98"))


def test_a_word_that_was_not_said_is_empty() -> None:
    state: str = read_version(admin_message("Version")(model="m", version=1)).state
    assert state == ""


def test_an_event_without_data() -> None:
    assert read_event(admin_message("Event")(seq=1)).data == {}
