"""Planes of a gateway at NOW, for tests of what people read: counts as real traffic has them.

Nothing in here is drawn at random: counts are shares times rows, so that screens stay as they are.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from tests.unit.cli.sample_views import DAY, HOUR, MINUTE, NOW
from tiltyard.monitor.counting.layout import Z_UNITS
from tiltyard.monitor.profile.cells import Ints, Kind, category_cells, ordered_cells
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
    Window,
)

CELLS: Final = 32
REFERENCE_ROWS: Final = 15_000
BASELINE_ROWS: Final = 20_000
ROWS: Final = 6_000
PIECES: Final = 24
WINDOW: Final = 10 * MINUTE
NAMES: Final = (
    "amount", "country", "account_age_days", "items", "hour_of_day", "merchant_category_code",
    "card_present", "distance_from_home_km", "previous_declines_in_the_last_30_days", "currency",
)  # fmt: skip
COUNTRIES: Final = ("NO", "SE", "DK", "FI", "DE")
EDGES: Final = ndtri(np.arange(1, CELLS) / CELLS)
DIGEST: Final = "8f14e45fceea167a5a36dedd4bea2543c9f0f895fb98ab9159f51fd0297e236d"
_NO_FEATURES: Final = np.zeros(0)
JOINT: Final = JointScores(
    _NO_FEATURES, np.zeros(0, np.int64), _NO_FEATURES, _NO_FEATURES, np.zeros((0, 0))
)


def sample_profile(features: int = 5) -> Profile:
    """Features of every kind, an output, and the joint streams."""
    names = [NAMES[at] if at < len(NAMES) else f"feature_{at:03}" for at in range(features)]
    streams = [_feature(name, at) for at, name in enumerate(names)]
    streams.append(_numeric("score", Group.output, len(streams)))
    streams += [_numeric(name, Group.joint, 0) for name in ("surprise", "mahalanobis")]
    return Profile(
        model="fraud",
        version=3,
        number=2,
        created="2026-11-20T09:00:00Z",
        rows=REFERENCE_ROWS,
        streams=tuple(streams),
        joint=JOINT,
        digest="c4ca4238a0b92382" * 4,
    )


def _feature(name: str, at: int) -> Stream:
    if name in ("country", "currency"):
        codes = np.arange(1, len(COUNTRIES) + 1, dtype=np.uint32)
        cells = category_cells(codes, np.arange(len(COUNTRIES)), COUNTRIES)
        counts = _counts_of([0.4, 0.3, 0.15, 0.1, 0.04, 0.01, 0, 0, 0], REFERENCE_ROWS)
        return Stream(name, Group.feature, Slot("input", name, 0, 1, "category"), cells, counts)
    return _numeric(name, Group.feature, at)


def _numeric(name: str, group: Group, at: int) -> Stream:
    """Normal, in 32 cells of equal mass."""
    edges = np.append(EDGES, 4.0).astype(np.float32)
    cells = ordered_cells(Kind.numeric, edges, -4.0)
    counts = _counts_of(_normal_shares(0.0, 1.0, 0.0), REFERENCE_ROWS)
    slot = None if group is Group.joint else Slot("input", "X", at, 1, "number")
    return Stream(name, group, slot, cells, counts)


def _normal_shares(mean: float, sd: float, missing: float) -> npt.NDArray[np.float64]:
    """Of -inf, BELOW, the finite cells, ABOVE, +inf and MISSING."""
    bounds = ndtr((np.concatenate([[-4.0], EDGES, [4.0]]) - mean) / sd)
    finite = np.diff(bounds)
    shares = np.concatenate([[0, bounds[0]], finite, [1 - bounds[-1], 0]])
    return np.append(shares * (1 - missing), missing)


def _counts_of(shares: Sequence[float] | npt.NDArray[np.float64], rows: int) -> Ints:
    """Whole numbers with this sum: the fractions that are left go where they are largest."""
    exact = np.asarray(shares, np.float64) * rows
    counts = np.floor(exact).astype(np.int64)
    most = np.argsort(counts - exact, kind="stable")[: rows - int(counts.sum())]
    counts[most] += 1
    return counts


def sample_counts(profile: Profile, rows: int, shifts: dict[str, tuple[float, float]]) -> Ints:
    """`shifts` has the mean, and the share of missing values, of the streams that have changed."""
    layout = profile.layout
    counts = layout.zeros()
    counts[:3] = (rows, max(rows // 3, 1), 3 * rows)
    for at, stream in enumerate(profile.streams):
        mean, missing = shifts.get(stream.name, (0.0, 0.0))
        if stream.cells.kind is Kind.categorical:
            shares = [0.4 - mean, 0.3, 0.15, 0.1, 0.04, 0.01, mean, missing, 0]
            shares[0] -= missing
            layout.cells(counts, at)[:] = _counts_of(shares, rows)
            continue
        layout.cells(counts, at)[:] = _counts_of(_normal_shares(mean, 1.0, missing), rows)
        n = rows * (1 - missing)
        counts[3 + 2 * at : 5 + 2 * at] = (n * mean * Z_UNITS, n * (1 + mean * mean) * Z_UNITS)
    return counts


SHIFTS: Final = {
    "amount": (0.31, 0.0),
    "country": (0.02, 0.0),
    "items": (0.0, 0.06),
    "score": (0.12, 0.0),
    "surprise": (0.2, 0.0),
}


def window_of(profile: Profile, begin: float, end: float, part: float, rows: int = ROWS) -> Window:
    """`part` of the shifts, 0 to 1."""
    shifts = {name: (mean * part, missing * part) for name, (mean, missing) in SHIFTS.items()}
    return Window(begin, end, sample_counts(profile, rows, shifts))


def history_of(profile: Profile) -> tuple[Window, ...]:
    """Quiet, then a shift that grows over the last six windows; one piece has no rows."""
    pieces = []
    for at in range(PIECES):
        begin = NOW - (PIECES - at) * WINDOW
        part = max(0.0, (at - PIECES + 7) / 6)
        pieces.append(window_of(profile, begin, begin + WINDOW, part, 0 if at == 4 else ROWS))
    return tuple(pieces)


def detector(kind: str = "drift", state: str = "ok", **changes: object) -> DetectorView:
    made = DetectorView(
        kind=kind,
        state=state,
        since=NOW - 2 * DAY,
        ticks=9_000,
        warmup_ticks=300,
        evidence_log10=4.2,
        threshold_log10=6.4,
        delta=0.1,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # of the fields of a view


KEY: Final = PlaneKey("fraud", 3, "champion")
ALARM: Final = Alarm(
    id="a-17",
    kind="drift",
    key=KEY,
    state="open",
    crossed_at=NOW - 50 * MINUTE,
    onset=NOW - 60 * MINUTE,
    onset_from=NOW - 64 * MINUTE,
    onset_to=NOW - 58 * MINUTE,
    evidence_log10=6.6,
    false_alarm_s=30 * DAY,
    kappa=1.2,
    reference_digest=DIGEST,
    n_reference=BASELINE_ROWS,
    n_current=36_000,
    streams=(
        AlarmStream(
            stream="amount",
            change="location up",
            evidence_log10=7.5,
            share=0.75,
            is_leading=True,
            is_confirmed=True,
            size_sigma=0.31,
            size_error=0.04,
            psi_excess=0.082,
            cells=(("> 4", 0.0, 0.002), ("(1.86273, 4]", 0.031, 0.058)),
        ),
        AlarmStream(
            "items", "missing", 6.9, 0.2, True, True, None, None, 0.27, (("MISSING", 0.0, 0.06),)
        ),
        AlarmStream("score", "location up", 5.0, 0.05, False, False, 0.12, 0.04, 0.004, ()),
    ),
    cause="missing values explain 92 % of the PSI of items",
)
CLOSED: Final = replace(
    ALARM,
    id="a-9",
    state="recovered",
    crossed_at=NOW - 3 * DAY,
    closed_at=NOW - 3 * DAY + HOUR,
    closed_by="recovered",
    streams=ALARM.streams[1:2],
)


def sample_baseline(profile: Profile) -> Baseline:
    return Baseline(
        number=4,
        digest=DIGEST,
        profile_digest=profile.digest,
        begin=NOW - 2 * DAY,
        end=NOW - DAY,
        accepted_by="ann@box",
        accepted_at=NOW - 3 * HOUR,
        counts=sample_counts(profile, BASELINE_ROWS, {}),
    )


def sample_plane(features: int = 5, key: PlaneKey = KEY) -> Snapshot:
    """One that drifts: an alarm is open, and another has been closed."""
    profile = sample_profile(features)
    return Snapshot(
        key=key,
        profile=profile,
        current=window_of(profile, NOW - WINDOW, NOW, 1.0),
        previous=window_of(profile, NOW - 2 * WINDOW, NOW - WINDOW, 0.8),
        week_ago=window_of(profile, NOW - 7 * DAY - WINDOW, NOW - 7 * DAY, 0.0),
        history=history_of(profile),
        baseline=sample_baseline(profile),
        detectors=(
            detector(state="drifting", since=NOW - 50 * MINUTE, evidence_log10=7.9),
            detector("skew"),
        ),
        alarms=(CLOSED, ALARM),
        markers=(Marker(NOW - 5 * HOUR, "version 3 promoted by ann@box"),),
        gateways=("127.0.0.1:8003",),
    )


def quiet_plane(features: int = 5, key: PlaneKey = KEY) -> Snapshot:
    """One of which there is nothing to say."""
    made = sample_plane(features, key)
    current = window_of(made.profile, NOW - WINDOW, NOW, 0.0)
    history = tuple(replace(piece, counts=current.counts) for piece in made.history)
    return replace(
        made,
        current=current,
        history=history,
        detectors=(detector(), detector("skew")),
        alarms=(),
        markers=(),
    )
