"""A profile by itself; those in snapshots are in test_drift_messages.py."""

from tests.unit.admin.fake_planes import PROFILE
from tests.unit.admin.test_drift_messages import same
from tiltyard.admin.profile_messages import profile_message
from tiltyard.client.profile_replies import read_profile


def test_a_profile_comes_through() -> None:
    message = profile_message(PROFILE)
    assert same(read_profile(type(message).FromString(message.SerializeToString())), PROFILE)


def test_of_the_whitening_half_is_sent() -> None:
    assert list(profile_message(PROFILE).joint.whitening) == [1.0, -0.3, 1.1]
