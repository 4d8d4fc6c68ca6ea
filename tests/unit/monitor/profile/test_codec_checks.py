"""The checks by themselves; test_codec.py holds them against whole files."""

from dataclasses import replace

import pytest

from tests.unit.monitor.profile.references import mixed_profile
from tiltyard.monitor.profile.codec_checks import (
    check_cells,
    check_joint,
    check_profile,
    check_stream,
)
from tiltyard.monitor.profile.errors import MalformedProfileError
from tiltyard.monitor.profile.stream import Group

PROFILE = mixed_profile()


def test_what_is_built_passes() -> None:
    features = [stream for stream in PROFILE.streams if stream.group is Group.feature]
    check_profile(PROFILE, "here")
    check_joint(PROFILE.joint, features, "here")
    for stream in PROFILE.streams:
        check_cells(stream.cells, "here")
        check_stream(stream, "here")


def test_streams_stand_in_the_order_of_their_slots() -> None:
    turned = replace(PROFILE, streams=tuple(reversed(PROFILE.streams)))
    with pytest.raises(MalformedProfileError, match="here: streams: expected features, outputs"):
        check_profile(turned, "here")


def test_a_profile_watches_something() -> None:
    outputs = tuple(stream for stream in PROFILE.streams if stream.group is not Group.feature)
    with pytest.raises(MalformedProfileError, match="here: streams: expected at least a feature"):
        check_profile(replace(PROFILE, streams=outputs), "here")
