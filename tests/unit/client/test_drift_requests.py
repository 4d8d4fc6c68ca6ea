"""Requests about drift, as the gateway gets them."""

import pytest

from tiltyard.client import drift_requests
from tiltyard.client.drift_requests import drift_request, policy_request, profile_parts
from tiltyard.errors import ClientError
from tiltyard.monitor.interface import DriftQuery
from tiltyard.monitor.policy import Segment
from tiltyard.protocol.admin_limits import PROFILE_CHUNK_BYTES


def test_what_a_query_does_not_say_is_left_out() -> None:
    asked = drift_request(DriftQuery(segment=""), baseline_parts=False)
    left_out = ("version", "role", "end", "history_s")
    assert [asked.HasField(name) for name in left_out] == [False] * 4
    assert asked.HasField("segment")
    assert (asked.model, asked.window_s, asked.pieces) == ("", 600.0, 60)


def test_a_policy_has_what_is_to_change() -> None:
    asked = policy_request("fraud", {"delta": 0.05}, None, "anna")
    assert (asked.delta, asked.actor) == (0.05, "anna")
    assert not asked.HasField("segments")
    assert not asked.HasField("expected_epoch")
    asked = policy_request("fraud", {"segments": (Segment("country", "NO"),)}, 3, "")
    assert asked.segments.segments[0].feature == "country"
    assert policy_request("fraud", {"segments": ()}, 3, "").HasField("segments")
    with pytest.raises(ClientError, match="the request of SetDriftPolicy cannot be made"):
        policy_request("fraud", {"baseline_rows": -1}, None, "")


def test_a_profile_goes_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytes(2 * PROFILE_CHUNK_BYTES + 1)
    start, *chunks = profile_parts("fraud", 3, data, "anna")
    assert (start.start.size_bytes, start.start.version) == (len(data), 3)
    assert [len(part.chunk) for part in chunks] == [PROFILE_CHUNK_BYTES, PROFILE_CHUNK_BYTES, 1]
    monkeypatch.setattr(drift_requests, "PROFILE_BYTES_MAX", 10)
    with pytest.raises(ClientError, match="the profile has 11 bytes"):
        profile_parts("fraud", 3, bytes(11), "")
