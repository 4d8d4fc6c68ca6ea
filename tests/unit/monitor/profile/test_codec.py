import hashlib
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.monitor.profile.arrays import f32
from tests.unit.monitor.profile.references import mixed_profile
from tiltyard.monitor.profile.archive import Archive, decode_archive, encode_archive
from tiltyard.monitor.profile.build import profile_of_columns
from tiltyard.monitor.profile.codec import decode, encode, to_json
from tiltyard.monitor.profile.declaration import Declaration
from tiltyard.monitor.profile.errors import MalformedProfileError
from tiltyard.monitor.profile.profile import Profile

PROFILE = mixed_profile()
DATA = encode(PROFILE)
UNPACKED = decode_archive(DATA, "here")


def same(one: Profile, two: Profile) -> bool:
    return encode(one) == encode(two) and one.streams[0].name == two.streams[0].name


def changed(header: Any = None, **arrays: Any) -> bytes:
    """The file with another header or other arrays, packed as it should be."""
    kept = {name: array for name, array in UNPACKED.arrays.items() if name not in arrays}
    added = {name: array for name, array in arrays.items() if array is not None}
    return encode_archive(Archive(UNPACKED.header if header is None else header, kept | added))


def header_with(**fields: Any) -> dict[str, Any]:
    return {**UNPACKED.header, **fields}


def stream_with(index: int = 0, **fields: Any) -> dict[str, Any]:
    streams = [dict(stream) for stream in UNPACKED.header["streams"]]
    streams[index].update(fields)
    return header_with(streams=streams)


def array_with(name: str, place: Any, value: Any) -> dict[str, Any]:
    array = UNPACKED.arrays[name].copy()
    array[place] = value
    return {name: array}


def test_a_profile_comes_back_whole() -> None:
    found = decode(DATA, "here", number=4)
    assert encode(found) == DATA
    assert (found.number, found.digest) == (4, hashlib.sha256(DATA).hexdigest())
    assert (found.model, found.version, found.rows) == ("m", 3, 600)
    assert (found.source, found.warnings) == (PROFILE.source, PROFILE.warnings)
    for mine, theirs in zip(PROFILE.streams, found.streams, strict=True):
        assert (mine.name, mine.group, mine.slot) == (theirs.name, theirs.group, theirs.slot)
        assert (mine.mean, mine.sigma, mine.unit) == (theirs.mean, theirs.sigma, theirs.unit)
        assert mine.cells.roles == theirs.cells.roles
        assert mine.cells.names == theirs.cells.names
        assert mine.counts.tolist() == theirs.counts.tolist()
        assert mine.cells.codes.tolist() == theirs.cells.codes.tolist()
        assert theirs.cells.code_cells.dtype == np.int64
    for name in ("bits", "features", "mean", "sigma", "whitening"):
        mine_, theirs_ = getattr(PROFILE.joint, name), getattr(found.joint, name)
        assert mine_.tobytes() == theirs_.tobytes()
    assert found.layout.size == PROFILE.layout.size


def test_the_number_is_no_part_of_the_file() -> None:
    assert encode(replace(PROFILE, number=9, digest="x")) == DATA


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (lambda: changed(header_with(format=2)), "expected profile format 1, got '2'"),
        (lambda: changed(header_with(rows=-1)), "rows: expected 0 to"),
        (lambda: changed(header_with(rows=True)), "rows: expected 0 to"),
        (lambda: changed(header_with(rows=10**400)), "rows: expected 0 to"),
        (lambda: changed(header_with(version="3")), "version: expected 0 to"),
        (lambda: changed(header_with(model=None)), "model: expected a text"),
        (lambda: changed(header_with(source=[])), "source: expected texts by name"),
        (lambda: changed(header_with(warnings=["x" * 5000])), "warnings: expected at most"),
        (lambda: changed(header_with(streams={})), "streams: expected a list of at most"),
        (lambda: changed(header_with(streams=[{}] * 2000)), "streams: expected a list of at most"),
        (lambda: changed(header_with(streams=[3])), "stream 0: expected an object"),
        (lambda: changed(header_with(streams=[])), "edges: expected float32"),
        (
            lambda: changed(header_with(covariance_features=10**9)),
            "covariance_features: expected 0",
        ),
        (lambda: changed(stream_with(kind="float")), "stream 0: kind: expected one of"),
        (lambda: changed(stream_with(kind=["numeric"])), "stream 0: kind: expected one of"),
        (lambda: changed(stream_with(group="other")), "stream 0: group: expected one of"),
        (lambda: changed(stream_with(edges=10**9)), "stream 0: edges: expected 0 to 100"),
        (lambda: changed(stream_with(edges=31)), "edges: expected float32"),
        (lambda: changed(stream_with(labels=["x"] * 101)), "labels: expected at most 100 texts"),
        (lambda: changed(stream_with(slot=[1, 2])), "slot: expected .side, tensor, column"),
        (lambda: changed(stream_with(2, other_rare=[1])), "other_rare: expected two numbers"),
        (lambda: changed(stream_with(2, other_rare=[-1, 0])), "other_rare: expected two numbers"),
        (lambda: changed(stream_with(2, other_rare=[1, 0])), "other_rare: expected what 0 categ"),
        (lambda: changed(stream_with(0, other_rare=[0, 0])), "other_rare: expected none of ord"),
        (lambda: changed(stream_with(slot=None)), "slot: expected one but of joint streams"),
        (
            lambda: changed(stream_with(slot=["input", "amount", 0, 1, "category"])),
            "reads: expected one of argmax",
        ),
        (
            lambda: changed(stream_with(slot=["output", "amount", 0, 1, "number"])),
            "slot: expected a column of an input",
        ),
        (lambda: changed(stream_with(name="count")), "streams: expected different names"),
        (lambda: changed(stream_with(7, name="other")), "joint streams: expected"),
        (lambda: changed(edges=None), "expected an array 'edges', found none"),
        (lambda: changed(edges=f32([1])), "edges: expected float32"),
        (lambda: changed(**array_with("edges", 0, np.nan)), "edges: expected finite numbers"),
        (lambda: changed(**array_with("edges", 1, -5)), "edges: expected ascending numbers"),
        (lambda: changed(**array_with("minimum", 0, np.nan)), "minimum: expected a float32"),
        (lambda: changed(**array_with("minimum", 0, 1e30)), "minimum: expected a float32"),
        (lambda: changed(**array_with("minimum", 1, -3)), "minimum: expected the first value"),
        (lambda: changed(**array_with("counts", 0, -1)), "counts: expected none negative"),
        (lambda: changed(**array_with("counts", 2, 2**62)), "counts: expected none negative"),
        (lambda: changed(**array_with("counts", 2, 10**6)), "'amount': expected 600 rows, got"),
        (lambda: changed(**array_with("sigma", 0, 0)), "sigma: expected a positive number"),
        (lambda: changed(**array_with("sigma", 0, np.nan)), "sigma: expected a positive number"),
        (lambda: changed(**array_with("mean", 0, np.inf)), "mean: expected a float32's range"),
        (lambda: changed(**array_with("scale", 0, np.nan)), "scale: expected a finite number"),
        (lambda: changed(**array_with("codes", 0, 2**32 - 3)), "codes: expected ascending"),
        (lambda: changed(**array_with("codes", 3, 2**32 - 1)), "codes: expected none reserved"),
        (lambda: changed(**array_with("code_cells", 0, 99)), "code_cells: expected a category or"),
        (lambda: changed(**array_with("code_cells", slice(0, 2), 1)), "labels: expected a code"),
        (lambda: changed(**array_with("joint_bits", 0, np.nan)), "joint bits: expected finite"),
        (lambda: changed(**array_with("joint_sigma", 0, 0)), "joint sigma: expected positive"),
        (lambda: changed(**array_with("joint_features", 0, 1)), "expected ascending indices"),
        (lambda: changed(**array_with("joint_features", 1, 99)), "expected ascending indices"),
        (lambda: changed(**array_with("joint_features", 1, 2)), "none that has categories"),
        (
            lambda: changed(**array_with("joint_whitening", (0, 1), 1)),
            "whitening: expected lower triangular",
        ),
    ],
)
def test_what_no_profile_can_be_is_refused(data: Any, sentence: str) -> None:
    with pytest.raises(MalformedProfileError, match=rf"^here: .*{sentence}"):
        decode(data(), "here")


@settings(max_examples=300, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), length=st.integers(0, 40), byte=st.binary())
def test_a_damaged_file_is_refused_or_the_same(place: float, length: int, byte: bytes) -> None:
    """Some bytes of a zip mean nothing; all others are covered by checks."""
    at = int(place * len(DATA))
    damaged = DATA[:at] + byte[:40] + DATA[at + length :]
    try:
        found = decode(damaged, "here")
    except MalformedProfileError:
        return
    assert encode(found) == DATA


@settings(max_examples=100, deadline=None)
@given(st.floats(0, 1, exclude_max=True))
def test_a_file_cut_short_is_refused(place: float) -> None:
    with pytest.raises(MalformedProfileError):
        decode(DATA[: int(place * len(DATA))], "here")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_field_of_the_header_may_be_anything(data: st.DataObject) -> None:
    header = json.loads(json.dumps(UNPACKED.header))
    place: Any = header
    if data.draw(st.booleans()):
        place = data.draw(st.sampled_from(header["streams"]))
    key = data.draw(st.sampled_from(sorted(place)))
    place[key] = data.draw(VALUES.filter(lambda value: value == value))
    try:
        packed = changed(header)
    except ValueError:  # NaN somewhere, which JSON has not
        return
    try:
        found = decode(packed, "here")
    except MalformedProfileError:
        return
    assert len(found.reference) == found.layout.size


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_array_may_be_anything(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(UNPACKED.arrays)))
    array: Any = UNPACKED.arrays[name].copy()
    flat = array.reshape(-1).view(np.uint8)
    for _ in range(data.draw(st.integers(1, 8))):
        flat[data.draw(st.integers(0, len(flat) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = decode(changed(**{name: array}), "here")
    except MalformedProfileError:
        return
    assert np.isfinite(found.joint.bits).all()
    assert all((stream.counts >= 0).all() for stream in found.streams)


def test_a_reader_sees_every_number() -> None:
    told = json.loads(json.dumps(to_json(decode(DATA, "here", 2)), allow_nan=False))
    assert (told["number"], told["rows"], len(told["streams"])) == (2, 600, 9)
    amount, city = told["streams"][0], told["streams"][2]
    assert f32(amount["edges"]).tobytes() == PROFILE.streams[0].cells.edges.tobytes()
    assert amount["counts"] == PROFILE.streams[0].counts.tolist()
    assert len(amount["cells"]) == len(amount["counts"])
    assert amount["slot"]["tensor"] == "amount"
    assert city["labels"] == list(PROFILE.streams[2].cells.labels)
    assert told["joint"]["features"] == ["amount", "count"]
    assert np.array_equal(told["joint"]["whitening"], PROFILE.joint.whitening)


def test_a_file_from_before_rare_categories_were_counted_is_taken() -> None:
    values = {"a": np.array([*[1] * 5, *[2] * 5, 3, 4, 4, 5], np.float32)}
    declared = Declaration(categorical=frozenset({"a"}), cells=2)
    profile = profile_of_columns(values, declaration=declared, model="m", version=1)
    found = decode(encode(profile), "here")
    assert found.streams[0].other_rare == profile.streams[0].other_rare == (2, 1)
    assert to_json(found)["streams"][0]["other_rare"] == (2, 1)
    older = replace(profile, streams=tuple(replace(s, other_rare=None) for s in profile.streams))
    assert decode(encode(older), "here").streams[0].other_rare is None


def test_edges_are_shown_as_short_as_they_can_be() -> None:
    cells = replace(PROFILE.streams[0].cells, edges=f32([0.1, 0.3]), minimum=float(f32(0.1)))
    counts = np.zeros(cells.size, np.int64)
    stream = replace(PROFILE.streams[0], cells=cells, counts=counts)
    told = to_json(replace(PROFILE, streams=(stream, *PROFILE.streams[1:])))
    assert told["streams"][0]["edges"] == [0.1, 0.3]
    assert told["streams"][0]["minimum"] == 0.1
