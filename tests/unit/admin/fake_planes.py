"""Snapshots of planes with a value in every field, for tests of what goes over the wire."""

from typing import Final

import numpy as np

from tiltyard.monitor.counting.layout import CountLayout
from tiltyard.monitor.counting.weekly import WeeklyCounts
from tiltyard.monitor.profile.cells import Cells, Kind, category_cells, ordered_cells
from tiltyard.monitor.profile.profile import JointScores, Profile
from tiltyard.monitor.profile.stream import Group, Slot, Stream
from tiltyard.monitor.snapshot import (
    Alarm,
    AlarmStream,
    Baseline,
    DetectorView,
    Marker,
    PlaneKey,
    Snapshot,
    Stranger,
    Window,
)

T: Final = 1_795_600_800.25
KEY: Final = PlaneKey("fraud", 3, "champion", "country=NO")


def _stream(name: str, cells: Cells, group: Group = Group.feature) -> Stream:
    counts = np.arange(1, cells.size + 1, dtype=np.int64) * 1_000
    slot = None if group is Group.joint else Slot("input", "X", 2, 1, "number")
    return Stream(name, group, slot, cells, counts, 0.5, 2.25, 100.0, "EUR")


NUMERIC = ordered_cells(Kind.numeric, np.array([0.1, 1.5, 7.25], np.float32), -1.5)
DISCRETE = ordered_cells(Kind.discrete, np.array([1, 2], np.float32), 1.0)
TEXT = ordered_cells(Kind.text, np.array([3, 9], np.float32), 0.0)
CATEGORIES = category_cells(
    np.array([7, 2**31, 2**32 - 3], np.uint32), np.array([1, 0, 2], np.int64), ("red", "grün")
)

JOINT = JointScores(
    bits=np.array([0.5, 1.25, 3.0]),
    features=np.array([0, 1], np.int64),
    mean=np.array([0.1, -0.2]),
    sigma=np.array([1.0, 2.0]),
    whitening=np.array([[1.0, 0.0], [-0.3, 1.1]]),
)
PROFILE = Profile(
    model="fraud",
    version=3,
    number=2,
    created="2026-11-25T10:00:00Z",
    rows=15_000,
    streams=(
        _stream("amount", NUMERIC),
        _stream("count", DISCRETE),
        _stream("colour", CATEGORIES),
        _stream("name", TEXT),
        _stream("score", NUMERIC, Group.output),
        _stream("surprise", NUMERIC, Group.joint),
    ),
    joint=JOINT,
    source={"file": "rows.csv", "sha256": "ab" * 32},
    warnings=("column 'flat' is constant",),
    digest="cd" * 32,
)
LAYOUT: Final[CountLayout] = PROFILE.layout


def window(begin: float, seed: int = 1) -> Window:
    """Its moments are negative too, and past 32 bits."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(-(2**40), 2**40, LAYOUT.size)
    counts[LAYOUT.cells_at :] = rng.integers(0, 500, LAYOUT.size - LAYOUT.cells_at)
    counts[:3] = (500, 100, 3_000)
    return Window(begin, begin + 60.0, counts, 1.5)


BASELINE = Baseline(
    number=4,
    digest="ef" * 32,
    profile_digest=PROFILE.digest,
    begin=T - 86_400,
    end=T - 3_600,
    accepted_by="ann@box",
    accepted_at=T - 3_599.5,
    counts=window(0).counts,
    slots=WeeklyCounts.of_array(np.stack([window(0, seed).counts for seed in range(168)])),
    segments={"country=NO": window(0, 7).counts, "country=SE": window(0, 8).counts},
    segment_slots={
        "country=NO": WeeklyCounts.of_array(
            np.stack([window(0, seed).counts for seed in range(7, 175)])
        )
    },
)
ALARM_STREAM = AlarmStream(
    stream="amount",
    change="location up",
    evidence_log10=7.5,
    share=0.75,
    is_leading=True,
    is_confirmed=True,
    size_sigma=0.31,
    size_error=0.04,
    psi_excess=0.12,
    cells=(("(1.5, 7.25]", 0.1, 0.3), ("MISSING", 0.0, 0.01)),
)
ALARM = Alarm(
    id="a-17",
    kind="drift",
    key=KEY,
    state="open",
    crossed_at=T - 300,
    onset=T - 330,
    onset_from=T - 340,
    onset_to=T - 310,
    evidence_log10=6.6,
    false_alarm_s=2_592_000.0,
    kappa=1.2,
    reference_digest=BASELINE.digest,
    n_reference=20_000,
    n_current=600,
    streams=(ALARM_STREAM, AlarmStream("x", "shape", 1.0, 0.25, False, False, None, None, 0.0, ())),
    cause="missing values explain 92 % of the PSI",
    closed_at=T,
    closed_by="recovered",
    acknowledged_by="bob@box",
    acknowledged_at=T - 10,
    note="known",
)
DETECTOR = DetectorView(
    serial=("amount", "age"),
    kind="drift",
    state="drifting",
    since=T - 300,
    ticks=900,
    warmup_ticks=300,
    evidence_log10=7.1,
    threshold_log10=6.4,
    delta=0.1,
    kappa={"amount": 1.2, "count": 1.0},
    tolerance={"amount": 0.1, "count": 0.11},
    stream_evidence_log10={"amount": 7.5, "count": -1.0},
)
SNAPSHOT = Snapshot(
    key=KEY,
    profile=PROFILE,
    current=window(T - 60, 1),
    previous=window(T - 120, 2),
    week_ago=window(T - 604_860, 3),
    history=(window(T - 120, 4), window(T - 60, 5)),
    baseline=BASELINE,
    detectors=(DETECTOR,),
    alarms=(ALARM,),
    strangers=(
        Stranger(T - 5, 2**64 - 1, 44.5, 81.0, {"amount": 1e9}),
        Stranger(T - 6, 1, 40.0, None, None),
        Stranger(T - 7, 1, 40.0, None, {}),
    ),
    markers=(Marker(T - 3_600, "version 3 promoted"),),
    compared=window(T - 60, 6),
    offered=1_000,
    dropped=3,
    lag_s=0.8,
    gateways=("a:8003",),
    problems=("the hour of last week was not watched",),
    slot="",
)
