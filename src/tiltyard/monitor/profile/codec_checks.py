"""What must hold of a profile that comes from a file, whoever wrote it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tiltyard.monitor.profile.categories import CODES_MAX
from tiltyard.monitor.profile.cells import CODE_INVALID, Cells, Ints, Kind
from tiltyard.monitor.profile.declaration import CELLS_MAX, STREAMS_MAX
from tiltyard.monitor.profile.errors import MalformedProfileError
from tiltyard.monitor.profile.joint import COVARIANCE_FEATURES_MAX, MAHALANOBIS, SURPRISE
from tiltyard.monitor.profile.profile import JointScores, Profile
from tiltyard.monitor.profile.stream import Group, Stream

TEXT_CHARACTERS_MAX = 4096
SLOT_COLUMNS_MAX = 1 << 31
ROWS_MAX = 1 << 53
WARNINGS_MAX = 10_000

_FLOAT32_MAX = float(np.finfo(np.float32).max)
_READS = {
    Kind.categorical: ("category", "one_hot"),
    Kind.text: ("length",),
}
_NUMBER_READS = frozenset(
    {"number", "length", "argmax", "mean", "spread", "min", "max", "norm", "count_length", "width"}
)


def read_header(header: Mapping[str, Any], where: str, wanted: int) -> Mapping[str, Any]:
    """The header, if its fields are there and of their types. Raises MalformedProfileError."""
    if header.get("format") != wanted:
        raise MalformedProfileError(
            f"{where}: expected profile format {wanted}, got {str(header.get('format'))[:40]!r}"
        )
    for name in ("model", "created"):
        _require(_is_text(header.get(name)), where, f"{name}: expected a text")
    for name, most in (
        ("version", 2**63 - 1),
        ("rows", ROWS_MAX),
        ("covariance_features", COVARIANCE_FEATURES_MAX),
    ):
        _require(_is_count(header.get(name), most), where, f"{name}: expected 0 to {most}")
    source, warnings, streams = (header.get(name) for name in ("source", "warnings", "streams"))
    is_source = isinstance(source, dict) and all(_is_text(v, 1 << 20) for v in source.values())
    _require(is_source, where, "source: expected texts by name")
    is_list = isinstance(warnings, list) and len(warnings) <= WARNINGS_MAX
    _require(
        is_list and all(map(_is_text, warnings or ())),
        where,
        f"warnings: expected at most {WARNINGS_MAX:,} texts of {TEXT_CHARACTERS_MAX:,} characters",
    )
    is_list = isinstance(streams, list) and len(streams) <= STREAMS_MAX + 2
    _require(is_list, where, f"streams: expected a list of at most {STREAMS_MAX + 2:,}")
    for index, stream in enumerate(streams or ()):
        _require(isinstance(stream, dict), where, f"stream {index}: expected an object")
        _check_stream_header(stream, f"{where}: stream {index}")
    return header


def check_cells(cells: Cells, where: str) -> None:
    """Edges and codes ascend, and each code has a cell. Raises MalformedProfileError."""
    edges = cells.edges
    if cells.kind.is_ordered:
        _require(not len(cells.codes) and not cells.labels, where, "expected no categories")
        _require(len(edges) > 0, where, "expected at least one edge")
        _require(bool(np.isfinite(edges).all()), where, "edges: expected finite numbers")
        _require(bool((edges[1:] > edges[:-1]).all()), where, "edges: expected ascending numbers")
        # The range first: a cast from beyond it would warn.
        is_least = -_FLOAT32_MAX <= cells.minimum <= float(edges[0]) and (
            float(np.float32(cells.minimum)) == cells.minimum
        )
        _require(bool(is_least), where, "minimum: expected a float32 up to the first edge")
        is_first = cells.kind is not Kind.discrete or cells.minimum == float(edges[0])
        _require(bool(is_first), where, "minimum: expected the first value")
        return
    _require(not len(edges) and cells.minimum == 0, where, "expected no edges")
    codes = cells.codes
    _require(bool((codes[1:] > codes[:-1]).all()), where, "codes: expected ascending numbers")
    _require(not len(codes) or codes[-1] < CODE_INVALID, where, "codes: expected none reserved")
    is_known = cells.code_cells <= len(cells.labels)
    _require(bool(is_known.all()), where, "code_cells: expected a category or OTHER")
    own = np.unique(cells.code_cells[cells.code_cells < len(cells.labels)])
    _require(len(own) == len(cells.labels), where, "labels: expected a code for each")


def check_stream(stream: Stream, where: str) -> None:
    """Counts, moments, and a slot that can be what it is read as. MalformedProfileError."""
    total_max = ROWS_MAX // max(1, stream.cells.size)
    is_count = (stream.counts >= 0) & (stream.counts <= total_max)
    _require(bool(is_count.all()), where, "counts: expected none negative or beyond 2^53")
    _require(abs(stream.mean) <= _FLOAT32_MAX, where, "mean: expected a float32's range")
    _require(0 < stream.sigma <= _FLOAT32_MAX, where, "sigma: expected a positive number")
    _require(0 < abs(stream.scale) < float("inf"), where, "scale: expected a finite number, not 0")
    if stream.other_rare is not None:
        _check_rare(stream.cells, stream.counts, stream.other_rare, where)
    is_joint = stream.group is Group.joint
    _require(is_joint == (stream.slot is None), where, "slot: expected one but of joint streams")
    if stream.slot is None:
        _require(stream.cells.kind is Kind.numeric, where, "expected joint streams to be numeric")
        return
    reads = _READS.get(stream.cells.kind, _NUMBER_READS)
    _require(
        stream.slot.reads in reads, where, f"reads: expected one of {', '.join(sorted(reads))}"
    )
    side = "input" if stream.group is Group.feature else "output"
    _require(stream.slot.side == side, where, f"slot: expected a column of an {side}")


def check_joint(joint: JointScores, features: Sequence[Stream], where: str) -> None:
    """Finite numbers, and features that are ordered. Raises MalformedProfileError."""
    for name in ("bits", "mean", "sigma", "whitening"):
        values = getattr(joint, name)
        _require(bool(np.isfinite(values).all()), where, f"joint {name}: expected finite numbers")
    _require(bool((joint.sigma > 0).all()), where, "joint sigma: expected positive numbers")
    _require(
        bool((np.triu(joint.whitening, 1) == 0).all()),
        where,
        "whitening: expected lower triangular",
    )
    chosen = joint.features
    is_ascending = bool((chosen[1:] > chosen[:-1]).all())
    is_inside = not len(chosen) or (chosen[0] >= 0 and chosen[-1] < len(features))
    _require(is_ascending and bool(is_inside), where, "joint features: expected ascending indices")
    is_ordered = all(features[index].cells.kind.is_ordered for index in chosen.tolist())
    _require(is_ordered, where, "joint features: expected none that has categories")


def check_profile(profile: Profile, where: str) -> None:
    """Features, then outputs, then joint streams, all of other names. MalformedProfileError."""
    groups = [list(Group).index(stream.group) for stream in profile.streams]
    _require(groups == sorted(groups), where, "streams: expected features, outputs, joint ones")
    names = [stream.name for stream in profile.streams]
    _require(len(set(names)) == len(names), where, "streams: expected different names")
    _require(bool(profile.of_group(Group.feature)), where, "streams: expected at least a feature")
    joint = [profile.streams[index].name for index in profile.of_group(Group.joint)]
    expected = [SURPRISE, MAHALANOBIS][: 2 if len(profile.joint.features) else 1]
    _require(joint == expected, where, f"joint streams: expected {expected}, got {joint}")
    for stream in profile.streams:
        rows = stream.rows
        is_all = rows <= profile.rows if stream.group is Group.joint else rows == profile.rows
        _require(is_all, where, f"stream {stream.name!r}: expected {profile.rows} rows, got {rows}")


def _check_rare(cells: Cells, counts: Ints, rare: tuple[int, int], where: str) -> None:
    _require(not cells.kind.is_ordered, where, "other_rare: expected none of ordered values")
    codes = int((cells.code_cells == len(cells.labels)).sum())
    rows = int(counts[len(cells.labels)])
    once, twice = rare
    is_possible = once + twice <= codes and once + 2 * twice <= rows
    told = f"other_rare: expected what {codes} categories in {rows} rows can be"
    _require(is_possible, where, told)


def _check_stream_header(stream: Mapping[str, Any], where: str) -> None:
    for name in ("name", "unit"):
        _require(_is_text(stream.get(name)), where, f"{name}: expected a text")
    _require(stream.get("group") in list(Group), where, f"group: expected one of {list(Group)}")
    _require(stream.get("kind") in list(Kind), where, f"kind: expected one of {list(Kind)}")
    _require(_is_count(stream.get("edges"), CELLS_MAX), where, f"edges: expected 0 to {CELLS_MAX}")
    _require(_is_count(stream.get("codes"), CODES_MAX), where, f"codes: expected 0 to {CODES_MAX}")
    labels = stream.get("labels")
    is_labels = isinstance(labels, list) and len(labels) <= CELLS_MAX
    _require(
        is_labels and all(map(_is_text, labels or ())),
        where,
        f"labels: expected at most {CELLS_MAX} texts",
    )
    rare = stream.get("other_rare", [0, 0])
    is_rare = isinstance(rare, list) and len(rare) == 2
    is_rare = is_rare and all(_is_count(one, CODES_MAX) for one in rare)
    _require(is_rare, where, f"other_rare: expected two numbers of 0 to {CODES_MAX}")
    slot = stream.get("slot")
    if slot is None:
        return
    is_slot = (
        isinstance(slot, list)
        and len(slot) == 5
        and all(map(_is_text, (slot[0], slot[1], slot[4])))
        and _is_count(slot[2], SLOT_COLUMNS_MAX)
        and _is_count(slot[3], SLOT_COLUMNS_MAX)
    )
    _require(is_slot, where, "slot: expected [side, tensor, column, length, reads]")


def _is_text(value: Any, most: int = TEXT_CHARACTERS_MAX) -> bool:
    return isinstance(value, str) and len(value) <= most


def _is_count(value: Any, most: int) -> bool:
    return type(value) is int and 0 <= value <= most


def _require(holds: bool, where: str, sentence: str) -> None:
    if not holds:
        raise MalformedProfileError(f"{where}: {sentence}")
