"""A profile as the flat arrays that the kernels read, built once."""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.counting.errors import CountingError
from tiltyard.monitor.counting.layout import HEAD, Z_MAX, Z_SHIFT, Z_UNITS, CountLayout
from tiltyard.monitor.profile.cells import Cells, Ints, Kind
from tiltyard.monitor.profile.joint import MAHALANOBIS, SURPRISE
from tiltyard.monitor.profile.profile import JointScores, Profile
from tiltyard.monitor.profile.stream import Group, Stream

Floats = npt.NDArray[np.float64]

# Edges and codes are compared by as many; what never matches fills up.
BLOCK: Final = 8
# The whitening is worked on by as many rows and columns at a time; zeros fill up.
Z_ROWS: Final = 2
Z_COLUMNS: Final = 4
# Up to so many codes are compared one after another, which is vector code; more are searched.
FEW_CODES: Final = 64
NONE: Final = -1

# One a stream. Edges or codes are [first : first + known] of all streams'; `cells` are the finite
# ones, or the categories. Where `counts_at`, `moments_at` and `bits_at` begin, and which row of z
# it is; NONE where it has no such thing.
STREAM: Final = np.dtype(
    [
        ("slot", np.int64),
        ("is_discrete", np.int64),
        ("is_categorical", np.int64),
        ("is_searched", np.int64),
        ("first", np.int64),
        ("known", np.int64),
        ("cells", np.int64),
        ("counts_at", np.int64),
        ("moments_at", np.int64),
        ("bits_at", np.int64),
        ("z_row", np.int64),
        ("minimum", np.float64),
        ("mean", np.float64),
        ("sigma", np.float64),
        ("z_mean", np.float64),
        ("z_sigma", np.float64),
    ]
)


class PlanArrays(NamedTuple):
    """What the kernels read of a profile.

    streams STREAM[s]; edges float32, codes uint32 and code_cells int32 of all streams one after
    another, each filled up to BLOCK; bits float64 as JointScores has them; whitening
    float64[d up to Z_ROWS, d up to Z_COLUMNS]; fixed int64[3]: Z_UNITS, Z_MAX, Z_SHIFT. The first
    `slots` streams are recorded, the others are the joint ones.
    """

    streams: npt.NDArray[np.void]
    edges: npt.NDArray[np.float32]
    codes: npt.NDArray[np.uint32]
    code_cells: npt.NDArray[np.int32]
    bits: Floats
    whitening: Floats
    fixed: Ints
    slots: int


@dataclass(frozen=True)
class CountingPlan:
    """How records of a profile's slots are counted into vectors of its layout. Immutable."""

    layout: CountLayout
    arrays: PlanArrays

    @property
    def slots(self) -> int:
        """How many words of a record follow its head; one more may fill it up."""
        return self.arrays.slots

    @property
    def has_distances(self) -> bool:
        return len(self.arrays.whitening) > 0

    @classmethod
    def of(cls, profile: Profile) -> "CountingPlan":
        """Raises CountingError that names what of the profile does not fit together."""
        _check(profile)
        pools = _Pools()
        table = np.zeros(len(profile.streams), STREAM)
        table["bits_at"] = table["moments_at"] = table["z_row"] = NONE
        bits_at = 0
        for index, stream in enumerate(profile.streams):
            entry: Any = table[index]
            entry["slot"] = _slot(profile, index)
            entry["counts_at"] = profile.layout.offsets[index]
            entry["mean"], entry["sigma"] = stream.mean, stream.sigma
            entry["minimum"] = stream.cells.minimum
            entry["z_sigma"] = 1.0
            pools.add(stream.cells, entry)
            if stream.cells.kind.is_ordered:
                entry["moments_at"] = HEAD + 2 * index
            if stream.group is Group.feature:
                entry["bits_at"] = bits_at
                bits_at += stream.cells.size
        joint = profile.joint
        for row, index in enumerate(joint.features):
            table[index]["z_row"] = row
            table[index]["z_mean"], table[index]["z_sigma"] = joint.mean[row], joint.sigma[row]
        arrays = PlanArrays(
            table,
            pools.edges,
            pools.codes,
            pools.code_cells,
            np.array(joint.bits, np.float64),
            _filled_up(np.asarray(joint.whitening, np.float64)),
            np.array([Z_UNITS, Z_MAX, Z_SHIFT], np.int64),
            len(profile.slots),
        )
        for array in arrays[:-1]:
            array.flags.writeable = False
        return cls(profile.layout, arrays)


class _Pools:
    """Edges and codes of all streams, one after another."""

    def __init__(self) -> None:
        self.edges = np.zeros(0, np.float32)
        self.codes = np.zeros(0, np.uint32)
        self.code_cells = np.zeros(0, np.int32)

    def add(self, cells: Cells, entry: Any) -> None:
        entry["is_discrete"] = cells.kind is Kind.discrete
        entry["is_categorical"] = cells.kind is Kind.categorical
        if cells.kind.is_ordered:
            entry["first"], entry["known"] = len(self.edges), len(cells.edges)
            entry["cells"] = len(cells.edges)
            # Nothing is above +inf, and NaN is above nothing.
            self.edges = np.append(self.edges, _in_blocks(cells.edges, np.float32(np.inf)))
            return
        entry["first"], entry["known"] = len(self.codes), len(cells.codes)
        entry["cells"] = len(cells.labels)
        entry["is_searched"] = len(cells.codes) > FEW_CODES
        if len(cells.codes):
            # The last code again, with the same cell, changes nothing.
            self.codes = np.append(self.codes, _in_blocks(cells.codes, cells.codes[-1]))
            code_cells = cells.code_cells.astype(np.int32)
            self.code_cells = np.append(self.code_cells, _in_blocks(code_cells, code_cells[-1]))


def _in_blocks(values: npt.NDArray[Any], filler: Any) -> npt.NDArray[Any]:
    return np.append(values, np.full(-len(values) % BLOCK, filler, values.dtype))


def _filled_up(whitening: Floats) -> Floats:
    rows, columns = (-len(whitening) % by for by in (Z_ROWS, Z_COLUMNS))
    return np.pad(whitening, ((0, rows), (0, columns)))


def _slot(profile: Profile, index: int) -> int:
    """The joint streams are read from two rows after the slots: surprise, then mahalanobis."""
    slots = len(profile.slots)
    if index < slots:
        return index
    return slots + (SURPRISE, MAHALANOBIS).index(profile.streams[index].name)


def _check(profile: Profile) -> None:
    """The kernels check no index, so everything that becomes one is checked here."""
    recorded = len(profile.slots)
    joint = profile.streams[recorded:]
    names = [stream.name for stream in joint]
    _expect(
        all(stream.slot is not None for stream in profile.streams[:recorded]),
        "the streams that are recorded come first, the joint ones last",
        f"a stream without a slot among the first {recorded}",
    )
    _expect(
        names in ([], [SURPRISE], [SURPRISE, MAHALANOBIS])
        and all(stream.cells.kind.is_ordered for stream in joint),
        f"the joint streams are {SURPRISE} and {MAHALANOBIS}, and ordered",
        ", ".join(f"{stream.name} ({stream.cells.kind})" for stream in joint),
    )
    for stream in profile.streams:
        _check_stream(stream)
    _check_joint(profile, profile.joint, has_distances=MAHALANOBIS in names)


def _check_stream(stream: Stream) -> None:
    cells, name = stream.cells, stream.name
    _expect(
        np.isfinite(stream.mean) and np.isfinite(stream.sigma) and stream.sigma > 0,
        f"stream {name}: a finite mean and a sigma above 0",
        f"{stream.mean} and {stream.sigma}",
    )
    _expect(
        cells.edges.dtype == np.float32 and bool((np.diff(cells.edges) > 0).all()),
        f"stream {name}: float32 edges, ascending",
        f"{cells.edges.dtype} {cells.edges}",
    )
    _expect(
        cells.codes.dtype == np.uint32 and bool((cells.codes[1:] > cells.codes[:-1]).all()),
        f"stream {name}: uint32 codes, ascending",
        f"{cells.codes.dtype} {cells.codes}",
    )
    known, categories = len(cells.codes), len(cells.labels)
    _expect(
        cells.code_cells.shape == (known,)
        and bool(((cells.code_cells >= 0) & (cells.code_cells <= categories)).all()),
        f"stream {name}: for each of {known} codes a cell from 0 to {categories}",
        f"{cells.code_cells}",
    )


def _check_joint(profile: Profile, joint: JointScores, *, has_distances: bool) -> None:
    features = profile.of_group(Group.feature)
    bits = sum(profile.streams[index].cells.size for index in features)
    _expect(joint.bits.shape == (bits,), f"bits of shape ({bits},)", f"{joint.bits.shape}")
    ordered = {index for index in features if profile.streams[index].cells.kind.is_ordered}
    chosen = [int(index) for index in joint.features]
    d = len(chosen)
    _expect(
        len(set(chosen)) == d and ordered.issuperset(chosen),
        "different ordered features for the Mahalanobis distance",
        f"streams {chosen}",
    )
    _expect(
        (d > 0) == has_distances,
        f"a stream {MAHALANOBIS} exactly when features have a covariance",
        f"{d} features and {'one' if has_distances else 'none'}",
    )
    shapes = (joint.mean.shape, joint.sigma.shape, joint.whitening.shape)
    _expect(
        shapes == ((d,), (d,), (d, d)) or (d == 0 and joint.whitening.size == 0),
        f"mean and sigma of shape ({d},), whitening of shape ({d}, {d})",
        f"{shapes}",
    )
    _expect(bool((joint.sigma > 0).all()), "joint sigmas above 0", f"{joint.sigma}")


def _expect(holds: bool | np.bool, expected: str, came: str) -> None:
    if not holds:
        raise CountingError(f"the profile cannot be counted: expected {expected}; got {came}")
