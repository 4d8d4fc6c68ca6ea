"""Every snapshot comes through the wire as it went in, to the last bit of the last count."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.unit.admin.fake_planes import BASELINE, PROFILE, SNAPSHOT
from tiltyard.admin.drift_messages import baseline_message, drift_parts
from tiltyard.client.drift_replies import read_baseline, read_drift
from tiltyard.monitor.profile.cells import Kind, category_cells, ordered_cells
from tiltyard.monitor.profile.profile import JointScores, Profile
from tiltyard.monitor.profile.stream import Group, Slot, Stream
from tiltyard.monitor.snapshot import Marker, PlaneKey, Snapshot, Stranger, Window
from tiltyard.protocol.admin_words import admin_message


def same(left: Any, right: Any) -> bool:
    """Equality of views with arrays: of the same type, shape and bits."""
    if isinstance(left, np.ndarray):
        is_like = isinstance(right, np.ndarray) and left.dtype == right.dtype
        return is_like and left.shape == right.shape and left.tobytes() == right.tobytes()
    if is_dataclass(left):
        names = [field.name for field in fields(left)]
        return type(left) is type(right) and all(
            same(getattr(left, name), getattr(right, name)) for name in names
        )
    if isinstance(left, dict):
        is_like = isinstance(right, dict) and left.keys() == right.keys()
        return is_like and all(same(left[name], right[name]) for name in left)
    if isinstance(left, tuple):
        return type(left) is type(right) and len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and bool(left == right)


def through(*snapshots: Snapshot, with_parts: bool = True) -> list[Snapshot]:
    planes: list[tuple[Snapshot, Sequence[Any]]] = [(snapshot, ()) for snapshot in snapshots]
    return read_drift(b"".join(drift_parts(planes, with_parts=with_parts)))


def test_every_field_comes_through() -> None:
    (found,) = through(SNAPSHOT)
    for field in fields(Snapshot):
        assert same(getattr(SNAPSHOT, field.name), getattr(found, field.name)), field.name


def test_what_is_not_there_stays_away() -> None:
    bare = Snapshot(
        key=PlaneKey("m", 1, "shadow"),
        profile=PROFILE,
        current=SNAPSHOT.current,
        previous=None,
        week_ago=None,
        history=(),
        baseline=None,
        detectors=(),
        alarms=(),
    )
    (found,) = through(bare)
    assert same(bare, found)


def test_planes_share_their_profile() -> None:
    other = replace(PROFILE, number=3)
    planes = [SNAPSHOT, replace(SNAPSHOT, profile=other), replace(SNAPSHOT, lag_s=9.0)]
    found = through(*planes)
    assert [plane.profile.number for plane in found] == [2, 3, 2]
    assert found[0].profile is found[2].profile
    assert found[2].lag_s == 9.0


def test_parts_of_baselines_are_told_where_they_are_asked_for() -> None:
    (found,) = through(SNAPSHOT, with_parts=False)
    mine = {"country=NO": BASELINE.segments["country=NO"]}
    assert same(replace(BASELINE, slots=None, segments=mine, segment_slots={}), found.baseline)
    (found,) = through(replace(SNAPSHOT, key=PlaneKey("fraud", 3, "champion")), with_parts=False)
    assert same(replace(BASELINE, slots=None, segments={}, segment_slots={}), found.baseline)
    message = baseline_message(BASELINE)
    read = admin_message("Baseline").FromString(message.SerializeToString())
    assert same(replace(BASELINE, slots=None, segments={}, segment_slots={}), read_baseline(read))


def test_counts_are_packed_integers() -> None:
    found = admin_message("GetDriftResponse").FromString(
        b"".join(drift_parts([(SNAPSHOT, ())], with_parts=False))
    )
    plane = found.planes[0].snapshot
    assert list(plane.current.counts) == SNAPSHOT.current.counts.tolist()
    assert found.profiles[plane.profile_index].digest == PROFILE.digest


finite = st.floats(allow_nan=False)
integers = st.integers(-(2**63), 2**63 - 1)
texts = st.text(max_size=8)


@st.composite
def streams(draw: st.DrawFn) -> Stream:
    kind = draw(st.sampled_from(Kind))
    if kind is Kind.categorical:
        codes = np.array(sorted(draw(st.sets(st.integers(0, 2**32 - 1), max_size=4))), np.uint32)
        cells = category_cells(
            codes, np.arange(len(codes)), tuple(draw(st.lists(texts, max_size=4)))
        )
    else:
        edges = draw(arrays.arrays(np.float32, st.integers(0, 4), elements=st.floats(width=32)))
        cells = ordered_cells(kind, edges, draw(finite))
    slot = draw(
        st.none() | st.builds(Slot, texts, texts, st.integers(0, 99), st.integers(1, 9), texts)
    )
    counts = draw(arrays.arrays(np.int64, cells.size, elements=integers))
    mean, sigma, scale = (draw(finite) for _ in range(3))
    group = draw(st.sampled_from(Group))
    return Stream(draw(texts), group, slot, cells, counts, mean, sigma, scale, draw(texts))


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    d = draw(st.integers(0, 3))
    vectors = arrays.arrays(np.float64, d, elements=finite)
    joint = JointScores(
        bits=draw(arrays.arrays(np.float64, st.integers(0, 5), elements=finite)),
        features=np.arange(d),
        mean=draw(vectors),
        sigma=draw(vectors),
        whitening=np.tril(draw(arrays.arrays(np.float64, (d, d), elements=finite))) + 0.0,
    )
    return Profile(
        draw(texts),
        draw(st.integers(1, 2**63 - 1)),
        draw(st.integers(1, 2**31)),
        draw(texts),
        draw(st.integers(0, 2**63 - 1)),
        tuple(draw(st.lists(streams(), max_size=3))),
        joint,
        draw(st.dictionaries(texts, texts, max_size=2)),
        tuple(draw(st.lists(texts, max_size=2))),
        draw(texts),
    )


windows = st.builds(
    Window,
    finite,
    finite,
    arrays.arrays(np.int64, st.integers(0, 20), elements=integers),
    finite,
)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    return replace(
        SNAPSHOT,
        key=draw(st.builds(PlaneKey, texts, st.integers(1, 2**63 - 1), texts, texts)),
        profile=draw(profiles()),
        current=draw(windows),
        previous=draw(st.none() | windows),
        history=tuple(draw(st.lists(windows, max_size=3))),
        baseline=draw(st.none() | st.just(replace(BASELINE, segment_slots={}))),
        strangers=tuple(
            draw(
                st.lists(
                    st.builds(
                        Stranger,
                        finite,
                        st.integers(0, 2**64 - 1),
                        finite,
                        st.none() | finite,
                        st.none() | st.dictionaries(texts, finite, max_size=2),
                    ),
                    max_size=2,
                )
            )
        ),
        markers=tuple(draw(st.lists(st.builds(Marker, finite, texts), max_size=2))),
        problems=tuple(draw(st.lists(texts, max_size=2))),
        offered=draw(st.integers(0, 2**63)),
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(snapshots(), max_size=3))
def test_any_snapshots_come_through(planes: list[Snapshot]) -> None:
    assert same(tuple(planes), tuple(through(*planes)))
