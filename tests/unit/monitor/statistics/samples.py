"""Profiles and windows for the tests of statistics, counted one value at a time by definition."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from tiltyard.monitor.counting.layout import (
    HEAD,
    REQUESTS,
    ROWS,
    ROWS_SQUARED,
    Z_MAX,
    Z_SHIFT,
    Z_UNITS,
)
from tiltyard.monitor.profile.cells import (
    CellRole,
    Cells,
    Floats,
    Ints,
    Kind,
    category_cells,
    ordered_cells,
)
from tiltyard.monitor.profile.profile import JointScores, Profile
from tiltyard.monitor.profile.stream import Group, Stream
from tiltyard.monitor.snapshot import PlaneKey, Snapshot, Window

KEY = PlaneKey("fraud", 3, "champion")
MISSING_CODE, INVALID_CODE = 0xFFFFFFFF, 0xFFFFFFFE
Values = Mapping[str, Sequence[float] | npt.NDArray[Any]]


def ints(values: npt.ArrayLike) -> Ints:
    return np.asarray(values, np.int64)


def codes(values: npt.ArrayLike) -> npt.NDArray[np.uint32]:
    return np.asarray(values, np.uint32)


def singles(values: npt.ArrayLike) -> npt.NDArray[np.float32]:
    return np.asarray(values, np.float32)


@st.composite
def two_samples(draw: st.DrawFn, rows_min: int = 1, count_max: int = 400) -> tuple[Ints, Ints]:
    """Counts of two samples over the same 1 to 12 cells, many of them empty."""
    cells = draw(st.integers(1, 12))
    count = st.one_of(st.just(0), st.integers(0, 4), st.integers(0, count_max))
    vector = st.lists(count, min_size=cells, max_size=cells).filter(lambda v: sum(v) >= rows_min)
    return ints(draw(vector)), ints(draw(vector))


def cell_of(cells: Cells, x: float) -> int:
    """The cell of a value as the contract words it."""
    roles = cells.roles
    if cells.kind is Kind.categorical:
        special = {MISSING_CODE: CellRole.missing, INVALID_CODE: CellRole.invalid}
        if x in special:
            return roles.index(special[int(x)])
        at = np.flatnonzero(cells.codes == x)
        return int(cells.code_cells[at[0]]) if len(at) else roles.index(CellRole.unseen)
    value = float(np.float32(x))
    if math.isnan(value):
        return roles.index(CellRole.missing)
    if math.isinf(value):
        return roles.index(CellRole.plus_infinity if value > 0 else CellRole.minus_infinity)
    if value < cells.minimum:
        return roles.index(CellRole.below)
    if value > cells.edges[-1]:
        return roles.index(CellRole.above)
    if cells.kind is Kind.discrete and value not in cells.edges:
        return roles.index(CellRole.unseen)
    return 2 + int((cells.edges < value).sum())


def stream_of(name: str, cells: Cells, values: Values, group: Group = Group.feature) -> Stream:
    """A stream whose reference is `values[name]`."""
    found = np.zeros(cells.size, np.int64)
    for x in values[name]:
        found[cell_of(cells, x)] += 1
    mean, sigma = 0.0, 1.0
    if cells.kind.is_ordered:
        finite = singles(values[name])
        finite = finite[np.isfinite(finite)].astype(np.float64)
        mean, sigma = float(finite.mean()), float(finite.std()) or 1.0
    return Stream(name, group, None, cells, found, mean, sigma)


def quantile_cells(values: npt.ArrayLike, cells: int = 32) -> Cells:
    """Numeric cells at quantiles of the finite values."""
    finite = singles(values)
    finite = finite[np.isfinite(finite)]
    parts = np.arange(1, cells + 1) / cells
    edges = np.unique(np.quantile(finite, parts, method="inverted_cdf"))
    return ordered_cells(Kind.numeric, edges.astype(np.float32), float(finite.min()))


def profile_of(streams: Sequence[Stream], rows: int, digest: str = "f" * 64) -> Profile:
    none = np.zeros(0)
    joint = JointScores(none, none.astype(np.int64), none, none, none.reshape(0, 0))
    made = "2024-05-01T00:00:00Z"
    return Profile("fraud", 3, 1, made, rows, tuple(streams), joint, {}, (), digest)


def counts_of(profile: Profile, values: Values) -> Ints:
    """A count vector of rows, each a request of its own."""
    counts = profile.layout.zeros()
    rows = len(next(iter(values.values())))
    counts[[ROWS, REQUESTS, ROWS_SQUARED]] = rows
    for at, stream in enumerate(profile.streams):
        for x in values[stream.name]:
            profile.layout.cells(counts, at)[cell_of(stream.cells, x)] += 1
        if stream.cells.kind.is_ordered:
            counts[HEAD + 2 * at : HEAD + 2 * at + 2] = _moments(stream, values[stream.name])
    return counts


def _moments(stream: Stream, values: npt.ArrayLike) -> Ints:
    x = singles(values).astype(np.float64)
    z = np.clip((x[np.isfinite(x)] - stream.mean) / stream.sigma, -Z_MAX, Z_MAX)
    q = np.round(z * Z_UNITS).astype(np.int64)
    return ints([q.sum(), ((q * q) >> Z_SHIFT).sum()])


AMOUNT, COUNT, COLOUR, NOTE, SCORE = "amount", "count", "colour", "note", "score"


def draw_rows(rng: np.random.Generator, rows: int, shift: float = 0.0) -> dict[str, Floats]:
    """Rows of mixed_profile()'s streams; `shift` moves the amount and the score, in sigmas."""
    amount = rng.normal(shift, 1, rows)
    amount[rng.random(rows) < 0.02] = np.nan
    return {
        AMOUNT: amount,
        COUNT: rng.poisson(2, rows).astype(np.float64),
        COLOUR: rng.choice([11.0, 22.0, 33.0, 44.0], rows, p=[0.6, 0.3, 0.07, 0.03]),
        NOTE: np.floor(rng.gamma(4, 10, rows)),
        SCORE: 1 / (1 + np.exp(-rng.normal(shift, 1, rows))),
    }


def mixed_profile(rows: int = 2000, seed: int = 7) -> Profile:
    """One stream of each kind, and an output."""
    values = draw_rows(np.random.default_rng(seed), rows)
    seen = np.unique(values[COUNT]).astype(np.float32)
    colours = codes([11, 22, 33]), ints([0, 1, 2])
    note = quantile_cells(values[NOTE])
    return profile_of(
        [
            stream_of(AMOUNT, quantile_cells(values[AMOUNT]), values),
            stream_of(COUNT, ordered_cells(Kind.discrete, seen, float(seen[0])), values),
            stream_of(COLOUR, category_cells(*colours, ("red", "green", "blue")), values),
            stream_of(NOTE, ordered_cells(Kind.text, note.edges, note.minimum), values),
            stream_of(SCORE, quantile_cells(values[SCORE]), values, Group.output),
        ],
        rows,
    )


def window(counts: Ints, begin: float = 1000.0, end: float = 1600.0, gap_s: float = 0.0) -> Window:
    return Window(begin, end, counts, gap_s)


def snapshot_of(profile: Profile, current: Window, **more: Any) -> Snapshot:
    """A plane's snapshot that holds nothing else than `more` says."""
    empty: dict[str, Any] = {
        "previous": None,
        "week_ago": None,
        "history": (),
        "baseline": None,
        "detectors": (),
        "alarms": (),
    }
    return Snapshot(key=KEY, profile=profile, current=current, **{**empty, **more})
