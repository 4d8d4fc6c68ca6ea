"""Snapshots of a payment model whose traffic changed a third of the window ago."""

from dataclasses import replace
from typing import Final

import numpy as np

from tests.unit.report.sample_streams import (
    JOINT,
    OUTPUTS,
    Drawn,
    cells_counted,
    features,
    moments_counted,
    stream_of,
)
from tiltyard.monitor.counting.layout import HEAD
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.profile.profile import JointScores, Profile
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

NOW: Final = 1_795_600_800.0  # 2026-11-25 10:00:00 UTC
WINDOW_S: Final = 600.0
PIECES: Final = 60
ONSET_PIECE: Final = 38
REFERENCE_ROWS: Final = 20_000
KEY: Final = PlaneKey("fraud", 3, "champion")
MONTH_S: Final = 30 * 86_400.0

Phase = str  # usual, in_service or since_onset


def profile_of(drawn: tuple[Drawn, ...], rng: np.random.Generator) -> Profile:
    streams = []
    for one in drawn:
        rows = REFERENCE_ROWS // 2 if one.group == "joint" else REFERENCE_ROWS
        streams.append(stream_of(one, one.usual(rng, rows)))
    nothing = np.zeros(0)
    joint = JointScores(nothing, np.zeros(0, np.int64), nothing, nothing, np.zeros((0, 0)))
    source = {"file": "training-2026-10.parquet", "sha256": "9f" * 32}
    return Profile(
        "fraud",
        3,
        1,
        "2026-11-02T08:15:00Z",
        REFERENCE_ROWS,
        tuple(streams),
        joint,
        source,
        ("card_1h_declines is constant in the reference",),
        "5e1a" * 16,
    )


def counted(
    profile: Profile, drawn: tuple[Drawn, ...], rng: np.random.Generator, rows: int, phase: Phase
) -> Ints:
    """int64[layout.size] of `rows` rows drawn as the phase has them."""
    counts = profile.layout.zeros()
    counts[:HEAD] = rows
    for index, (one, stream) in enumerate(zip(drawn, profile.streams, strict=True)):
        values = getattr(one, phase)(rng, rows)
        profile.layout.cells(counts, index)[:] = cells_counted(stream.cells, values)
        at = HEAD + 2 * index
        counts[at : at + 2] = moments_counted(stream, values)
    return counts


def history_of(
    profile: Profile, drawn: tuple[Drawn, ...], rng: np.random.Generator, rows: int
) -> tuple[Window, ...]:
    begin, length = NOW - WINDOW_S, WINDOW_S / PIECES
    made = []
    for piece in range(PIECES):
        phase = "since_onset" if piece >= ONSET_PIECE else "in_service"
        counts = counted(profile, drawn, rng, rows // PIECES, phase)
        made.append(Window(begin + piece * length, begin + (piece + 1) * length, counts))
    return tuple(made)


def alarm() -> Alarm:
    """What the detector says of the first features."""
    cells = (("(38.2, 41.6]", 0.0312, 0.0405), ("> 512", 0.0001, 0.0041), ("[1.2, 6]", 0.031, 0.01))
    named = (
        AlarmStream("amount", "location up", 12.4, 0.71, True, True, 0.31, 0.04, 0.094, cells),
        AlarmStream(
            "merchant_country",
            "unseen up",
            9.1,
            0.2,
            True,
            True,
            None,
            None,
            0.11,
            (("UNSEEN", 0.0, 0.033), ("PT", 0.021, 0.057)),
        ),
        AlarmStream(
            "session_ms",
            "missing",
            7.7,
            0.05,
            False,
            True,
            None,
            None,
            0.05,
            (("MISSING", 0.002, 0.06),),
        ),
    )
    onset = NOW - WINDOW_S * (1 - ONSET_PIECE / PIECES)
    return Alarm(
        "a-7f3c",
        "drift",
        KEY,
        "open",
        onset + 5,
        onset,
        onset - 2,
        onset + 3,
        6.6,
        MONTH_S,
        1.3,
        "b1" * 32,
        50_000,
        8_800,
        named,
        "unseen categories explain 71 % of the PSI of merchant_country",
    )


def baseline_of(profile: Profile, counts: Ints) -> Baseline:
    begin = NOW - 9 * 86_400
    accepted = begin + 86_400 + 600
    return Baseline(2, "b1" * 32, profile.digest, begin, begin + 86_400, "ann", accepted, counts)


def detectors(profile: Profile, *, is_drifting: bool) -> tuple[DetectorView, ...]:
    kappa = {stream.name: 1.0 + 0.3 * (i % 3) for i, stream in enumerate(profile.streams)}
    tolerance = {stream.name: 0.1 for stream in profile.streams}
    state, evidence = ("drifting", 11.9) if is_drifting else ("ok", 4.1)
    onset = NOW - WINDOW_S * (1 - ONSET_PIECE / PIECES)
    since = onset + 5 if is_drifting else NOW - 5 * 86_400
    drift = DetectorView(
        "drift",
        state,
        since,
        91_200,
        300,
        evidence,
        6.4136,
        0.1,
        kappa,
        tolerance,
        {"amount": 12.4},
    )
    skew = DetectorView("skew", "drifting", NOW - 8 * 86_400, 91_200, 300, 9.9, 6.4136, 0.1)
    return drift, skew


def strangers(count: int = 5) -> tuple[Stranger, ...]:
    first = Stranger(NOW - 20, 0xDEADBEEF01020304, 231.4, 301.2, {"amount": 98_100.0, "age": 1.0})
    rest = [Stranger(NOW - 60 * i, 0x1234 << i, 220.0 - i, None) for i in range(1, count)]
    return (first, *rest)


def sample(
    count: int = 30,
    *,
    seed: int = 4,
    rows: int = 24_000,
    baseline_rows: int = 50_000,
    is_drifting: bool = True,
) -> Snapshot:
    """A champion's plane with `count` features, two outputs and the joint streams."""
    rng = np.random.default_rng(seed)
    drawn = (*features(count), *OUTPUTS, *JOINT)
    if not is_drifting:
        drawn = tuple(replace(one, shifted=None) for one in drawn)
    profile = profile_of(drawn, rng)
    history = history_of(profile, drawn, rng, rows)
    current = Window(NOW - WINDOW_S, NOW, np.sum([piece.counts for piece in history], axis=0), 3.0)
    before = [counted(profile, drawn, rng, rows, "in_service") for _ in range(2)]
    week_s = 7 * 86_400
    return Snapshot(
        KEY,
        profile,
        current,
        Window(NOW - 2 * WINDOW_S, NOW - WINDOW_S, before[0]),
        Window(NOW - week_s - WINDOW_S, NOW - week_s, before[1]),
        history,
        baseline_of(profile, counted(profile, drawn, rng, baseline_rows, "in_service")),
        detectors(profile, is_drifting=is_drifting),
        (alarm(),) if is_drifting else (),
        strangers(),
        (Marker(NOW - 245, "v4 became a canary with 5 %"), Marker(NOW - 500, "policy: delta 0.1")),
        None,
        rows + 12,
        12,
        0.8,
        ("127.0.0.1:9100",),
    )


def shadow(champion: Snapshot) -> Snapshot:
    """A shadow's plane on the champion's traffic, with the champion's answers beside it."""
    rng = np.random.default_rng(11)
    drawn = (*features(len(champion.profile.streams) - 4), *OUTPUTS, *JOINT)
    compared = Window(
        champion.current.begin,
        champion.current.end,
        counted(champion.profile, drawn, rng, 6_000, "in_service"),
    )
    profile = replace(champion.profile, version=4, digest="77" * 32)
    return replace(
        champion,
        key=PlaneKey("fraud", 4, "shadow"),
        profile=profile,
        compared=compared,
        baseline=None,
        week_ago=None,
        alarms=(),
        detectors=(
            DetectorView("drift", "no baseline", 0.0, 0, 300, 0.0, 6.4, 0.1),
            replace(champion.detectors[1], state="warming", ticks=120),
        ),
        strangers=(),
    )
