from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.unit.monitor.profile.references import mixed_profile
from tiltyard.monitor.counting.weekly import WEEK_HOURS, WeeklyCounts
from tiltyard.monitor.profile.archive import Archive, decode_archive, encode_archive
from tiltyard.monitor.profile.baseline_codec import (
    check_baseline,
    decode_baseline,
    encode_baseline,
)
from tiltyard.monitor.profile.codec import decode, encode
from tiltyard.monitor.profile.errors import MalformedProfileError
from tiltyard.monitor.snapshot import Baseline

PROFILE = decode(encode(mixed_profile()), "here")


def baseline(*, has_slots: bool) -> Baseline:
    reference = mixed_profile().reference.copy()
    for index in range(len(PROFILE.streams)):
        cells = PROFILE.layout.cells(reference, index)
        cells[0] += PROFILE.rows - cells.sum()
    slots = None
    if has_slots:
        hours = np.zeros((WEEK_HOURS, len(reference)), np.int64)
        hours[5], hours[6] = reference, reference
        slots = WeeklyCounts.of_array(hours)
        reference = 2 * reference
    return Baseline(0, "", PROFILE.digest, 1.5, 100.0, "ann@box", 200.0, reference, slots)


@pytest.mark.parametrize("has_slots", [False, True])
def test_a_baseline_comes_back_whole(has_slots: bool) -> None:
    one = baseline(has_slots=has_slots)
    data = encode_baseline(one)
    found = decode_baseline(data, "here", 3)
    assert encode_baseline(found) == data
    assert (found.number, len(found.digest)) == (3, 64)
    assert replace(found, number=0, digest="", counts=one.counts, slots=one.slots) == one
    assert found.counts.tolist() == one.counts.tolist()
    assert (found.slots is None) != has_slots
    check_baseline(found, PROFILE, "here")


def test_segments_come_back_in_their_order() -> None:
    one = baseline(has_slots=True)
    told = {"country=SE": one.counts.copy(), "country=NO": 3 * one.counts}
    data = encode_baseline(replace(one, segments=told))
    found = decode_baseline(data, "here")
    assert list(found.segments) == list(told)
    for name, counts in told.items():
        assert found.segments[name].tolist() == counts.tolist()
    check_baseline(found, PROFILE, "here")
    assert encode_baseline(found) == data
    wrong = one.counts.copy()
    wrong[-1] += 1
    with pytest.raises(MalformedProfileError, match="expected counts that add up"):
        check_baseline(replace(one, segments={"country=NO": wrong}), PROFILE, "here")


def test_the_hours_of_segments_come_back() -> None:
    one = baseline(has_slots=True)
    assert one.slots is not None
    told = {"country=SE": one.counts.copy(), "country=NO": one.counts}
    data = encode_baseline(replace(one, segments=told, segment_slots={"country=NO": one.slots}))
    found = decode_baseline(data, "here")
    assert found.segment_slots == {"country=NO": one.slots}
    assert encode_baseline(found) == data
    check_baseline(found, PROFILE, "here")
    hours = one.slots.to_array()
    hours[5, -1] += 1
    wrong = replace(found, segment_slots={"country=NO": WeeklyCounts.of_array(hours)})
    with pytest.raises(MalformedProfileError, match="expected counts that add up"):
        check_baseline(wrong, PROFILE, "here")
    with pytest.raises(MalformedProfileError, match="segment_slots_0: expected hours that add up"):
        encode_baseline(wrong)


def test_a_file_of_before_there_were_segments() -> None:
    unpacked = decode_archive(encode_baseline(baseline(has_slots=True)), "here")
    header = {name: value for name, value in unpacked.header.items() if name != "segments"}
    assert decode_baseline(encode_archive(Archive(header, unpacked.arrays)), "here").segments == {}


def changed(fields: dict[str, Any] | None = None, **arrays: Any) -> bytes:
    unpacked = decode_archive(encode_baseline(baseline(has_slots=True)), "here")
    return encode_archive(
        Archive({**unpacked.header, **(fields or {})}, {**unpacked.arrays, **arrays})
    )


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (lambda: changed({"format": 9}), "expected baseline format 1, got '9'"),
        (lambda: changed({"accepted_by": 3}), "accepted_by: expected a text"),
        (lambda: changed({"begin": 10**400}), "begin: expected unix seconds"),
        (lambda: changed({"end": True}), "end: expected unix seconds"),
        (lambda: changed({"size": 0}), "size: expected 1 to"),
        (lambda: changed({"size": 10**12}), "size: expected 1 to"),
        (lambda: changed({"size": 5}), r"counts: expected int64 \[5\]"),
        (
            lambda: changed(slots=np.zeros((WEEK_HOURS, PROFILE.layout.size), np.int64)),
            "slots: expected hours that add up",
        ),
        (lambda: changed(counts=np.full(PROFILE.layout.size, -1)), "no negative number of rows"),
        (lambda: changed({"segments": "a=1"}), "segments: expected at most 32 names"),
        (lambda: changed({"segments": [1]}), "segments: expected at most 32 names"),
        (lambda: changed({"segments": ["a=1", "a=1"]}), "segments: expected each once"),
        (lambda: changed({"segments": ["a=1"]}), "expected an array 'segments', found none"),
        (
            lambda: changed(
                {"segments": ["a=1"]}, segments=np.zeros((1, PROFILE.layout.size), np.int64)
            ),
            "segments: expected rows in each",
        ),
        (lambda: changed({"segments_with_slots": "a=1"}), "expected names, each once"),
        (lambda: changed({"segments_with_slots": ["a", "a"]}), "expected names, each once"),
        (lambda: changed({"segments_with_slots": ["a=1"]}), "expected names of segments"),
        (lambda: b"", "not a file that tiltyard wrote"),
    ],
)
def test_what_is_no_baseline_is_refused(data: Any, sentence: str) -> None:
    with pytest.raises(MalformedProfileError, match=f"^here: .*{sentence}"):
        decode_baseline(data(), "here")


def test_a_baseline_belongs_to_a_profile() -> None:
    one = baseline(has_slots=False)
    with pytest.raises(MalformedProfileError, match="expected a baseline of profile"):
        check_baseline(replace(one, profile_digest="0" * 64), PROFILE, "here")
    with pytest.raises(MalformedProfileError, match=r"expected \d+ counts, got 3"):
        check_baseline(replace(one, counts=one.counts[:3]), PROFILE, "here")
    wrong = one.counts.copy()
    wrong[-1] += 1
    with pytest.raises(MalformedProfileError, match="'mahalanobis': expected counts that add up"):
        check_baseline(replace(one, counts=wrong), PROFILE, "here")
