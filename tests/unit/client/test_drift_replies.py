"""What is no answer; the round trip of every view is in unit/admin/test_drift_messages.py."""

import pytest

from tests.unit.admin.fake_planes import SNAPSHOT
from tiltyard.admin.drift_messages import drift_parts
from tiltyard.client.drift_replies import read_drift
from tiltyard.errors import ClientError
from tiltyard.protocol.admin_words import admin_message


def test_nothing_is_no_planes() -> None:
    assert read_drift(b"") == []


def test_bytes_that_are_no_answer() -> None:
    with pytest.raises(ClientError, match="the answer of GetDrift cannot be read"):
        read_drift(b"\xff\xff\xff")


def test_a_plane_whose_profile_did_not_come() -> None:
    _, plane = drift_parts([(SNAPSHOT, ())], with_parts=False)
    with pytest.raises(ClientError, match="cannot be read"):
        read_drift(plane)


def test_a_kind_of_a_newer_gateway() -> None:
    message = admin_message("GetDriftResponse")()
    message.profiles.add().streams.add(name="x", group=1).cells.kind = 99
    with pytest.raises(ClientError, match="'99' is not a valid Kind"):
        read_drift(message.SerializeToString())
