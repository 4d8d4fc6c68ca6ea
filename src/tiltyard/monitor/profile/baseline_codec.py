"""Accepted baselines as files, in the container that profiles have."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from tiltyard.monitor.counting.layout import REQUESTS, ROWS
from tiltyard.monitor.counting.weekly import WEEK_HOURS, WeeklyCounts
from tiltyard.monitor.policy import SEGMENTS_MAX
from tiltyard.monitor.profile.archive import (
    Archive,
    decode_archive,
    encode_archive,
    take_array,
)
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.profile.errors import MalformedProfileError
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.snapshot import Baseline

FORMAT: Final = 1
_TEXT_CHARACTERS_MAX: Final = 4096
_UNIX_SECONDS_MAX: Final = 1e12
_SIZE_MAX: Final = 1 << 20  # of a vector of counts: 1,000 streams have about 40,000


def encode_baseline(baseline: Baseline) -> bytes:
    """The bytes of its file; its number and digest are not in them. MalformedProfileError."""
    header = {
        "format": FORMAT,
        "profile_digest": baseline.profile_digest,
        "begin": baseline.begin,
        "end": baseline.end,
        "accepted_by": baseline.accepted_by,
        "accepted_at": baseline.accepted_at,
        "size": len(baseline.counts),
        "has_slots": baseline.slots is not None,
        "segments": list(baseline.segments),
        "segments_with_slots": list(baseline.segment_slots),
    }
    arrays = {"counts": baseline.counts}
    if baseline.segments:
        arrays["segments"] = np.stack([*baseline.segments.values()])
    if baseline.slots is not None:
        arrays["slots"] = baseline.slots.to_array()
    for at, weekly in enumerate(baseline.segment_slots.values()):
        arrays[f"segment_slots_{at}"] = weekly.to_array()
    data = encode_archive(Archive(header, arrays))
    decode_baseline(data, "baseline")
    return data


def decode_baseline(data: bytes | memoryview, where: str, number: int = 0) -> Baseline:
    """The baseline in a file, with the sha256 of the file as its digest.

    `where` names the file in errors. Whether its counts fit a profile's layout, check_baseline()
    tells. Raises MalformedProfileError.
    """
    archive = decode_archive(data, where)
    header = archive.header
    if header.get("format") != FORMAT:
        raise MalformedProfileError(
            f"{where}: expected baseline format {FORMAT}, got {str(header.get('format'))[:40]!r}"
        )
    for name in ("profile_digest", "accepted_by"):
        value = header.get(name)
        if not isinstance(value, str) or len(value) > _TEXT_CHARACTERS_MAX:
            raise MalformedProfileError(f"{where}: {name}: expected a text")
    for name in ("begin", "end", "accepted_at"):
        if not _is_time(header.get(name)):
            raise MalformedProfileError(f"{where}: {name}: expected unix seconds")
    size = header.get("size")
    if type(size) is not int or not 0 < size <= _SIZE_MAX:
        raise MalformedProfileError(f"{where}: size: expected 1 to {_SIZE_MAX:,}, got {size!r}")
    counts = take_array(archive, where, "counts", np.int64, (size,))
    if counts[ROWS] < 0 or (size > REQUESTS and counts[REQUESTS] < 0):
        raise MalformedProfileError(f"{where}: counts: expected no negative number of rows")
    slots = None
    if header.get("has_slots") is True:
        slots = _slots(archive, where, "slots", counts)
    segments = _segments(archive, where, size)
    baseline = Baseline(
        number=number,
        digest="",
        profile_digest=header["profile_digest"],
        begin=float(header["begin"]),
        end=float(header["end"]),
        accepted_by=header["accepted_by"],
        accepted_at=float(header["accepted_at"]),
        counts=counts,
        slots=slots,
        segments=segments,
        segment_slots=_segment_slots(archive, where, segments),
    )
    return replace(baseline, digest=hashlib.sha256(data).hexdigest())


def check_baseline(baseline: Baseline, profile: Profile, where: str) -> None:
    """Whether the counts are of this profile's layout. Raises MalformedProfileError."""
    if baseline.profile_digest != profile.digest:
        raise MalformedProfileError(
            f"{where}: expected a baseline of profile {profile.digest[:12]}, got one of"
            f" {baseline.profile_digest[:12]}"
        )
    layout = profile.layout
    if len(baseline.counts) != layout.size:
        raise MalformedProfileError(
            f"{where}: expected {layout.size} counts, got {len(baseline.counts)}"
        )
    weekly = [baseline.slots] if baseline.slots is not None else []
    weekly += baseline.segment_slots.values()
    parts = [baseline.counts[None], *(one[None] for one in baseline.segments.values())]
    all_counts = np.concatenate([*parts, *(one.to_array() for one in weekly)])
    for index, stream in enumerate(profile.streams):
        cells = layout.cells(all_counts, index)
        if (cells < 0).any() or (cells.sum(axis=-1) != all_counts[:, ROWS]).any():
            raise MalformedProfileError(
                f"{where}: stream {stream.name!r}: expected counts that add up to the rows"
            )


def _slots(archive: Archive, where: str, name: str, counts: Ints) -> WeeklyCounts:
    """The hours int64[168, size] of these counts."""
    slots = take_array(archive, where, name, np.int64, (WEEK_HOURS, len(counts)))
    if not np.array_equal(slots.sum(axis=0), counts):
        raise MalformedProfileError(f"{where}: {name}: expected hours that add up to the counts")
    return WeeklyCounts.of_array(slots)


def _segment_slots(
    archive: Archive, where: str, segments: Mapping[str, Ints]
) -> dict[str, WeeklyCounts]:
    """Of the segments that have hours, in the order of the header."""
    names = archive.header.get("segments_with_slots", [])
    if not isinstance(names, list) or any(names.count(name) > 1 for name in names):
        raise MalformedProfileError(f"{where}: segments_with_slots: expected names, each once")
    if not all(isinstance(name, str) and name in segments for name in names):
        raise MalformedProfileError(f"{where}: segments_with_slots: expected names of segments")
    return {
        name: _slots(archive, where, f"segment_slots_{at}", segments[name])
        for at, name in enumerate(names)
    }


def _segments(archive: Archive, where: str, size: int) -> dict[str, Ints]:
    """The counts int64[size] of each; none in the files of before there were any."""
    names = archive.header.get("segments", [])
    is_list = isinstance(names, list) and len(names) <= SEGMENTS_MAX
    if not is_list or not all(
        isinstance(name, str) and 0 < len(name) <= _TEXT_CHARACTERS_MAX for name in names
    ):
        raise MalformedProfileError(f"{where}: segments: expected at most {SEGMENTS_MAX} names")
    if len(set(names)) < len(names):
        raise MalformedProfileError(f"{where}: segments: expected each once")
    if not names:
        return {}
    counts = take_array(archive, where, "segments", np.int64, (len(names), size))
    if (counts[:, ROWS] <= 0).any():
        raise MalformedProfileError(f"{where}: segments: expected rows in each")
    return dict(zip(names, counts, strict=True))


def _is_time(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and abs(value) <= _UNIX_SECONDS_MAX  # which NaN is not
