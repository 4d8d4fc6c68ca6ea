"""What a newer gateway says; the round trip is in unit/admin/test_profile_messages.py."""

import pytest

from tiltyard.client.profile_replies import read_profile
from tiltyard.protocol.admin_words import admin_message


def test_a_stream_that_was_not_described_is_refused() -> None:
    message = admin_message("Profile")(model="m", version=1)
    assert read_profile(message).streams == ()
    message.streams.add(name="x")
    with pytest.raises(ValueError, match="'' is not a valid"):
        read_profile(message)
