"""A profile by itself; those in snapshots are in test_drift_messages.py."""

from tests.unit.admin.fake_planes import PROFILE
from tests.unit.admin.test_drift_messages import same
from tiltyard.admin.profile_messages import profile_parts
from tiltyard.client.profile_replies import read_profile
from tiltyard.protocol.admin_words import admin_message

MESSAGE = admin_message("Profile").FromString(b"".join(profile_parts(PROFILE)))


def test_a_profile_comes_through() -> None:
    assert same(read_profile(MESSAGE), PROFILE)


def test_of_the_whitening_half_is_sent() -> None:
    assert list(MESSAGE.joint.whitening) == [1.0, -0.3, 1.1]


def test_a_stream_is_a_part() -> None:
    assert len(list(profile_parts(PROFILE))) == len(PROFILE.streams) + 2
