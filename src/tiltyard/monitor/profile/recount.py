"""Counting the rows of a plane offline, in numpy, as the kernels count them from records."""

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.counting.layout import (
    HEAD,
    REQUESTS,
    ROWS,
    ROWS_SQUARED,
    Z_MAX,
    Z_SHIFT,
    Z_UNITS,
)
from tiltyard.monitor.profile.binning import Words, cells_of
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.profile.joint import Floats32, row_scores
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.stream import Group, Stream


def count_rows(
    profile: Profile,
    words: Words,
    request_rows: npt.ArrayLike = 1,
    row: npt.ArrayLike = 0,
) -> Ints:
    """The counts of rows in the profile's layout: int64[layout.size].

    `words` uint32[n, slots] in the order of Profile.slots; words behind those are not looked at.
    `request_rows` and `row` are those of the records' heads, for each row or for all: how many rows
    its request has, and which one of them it is. Raises ValueError when there are too few words.
    """
    words = np.asarray(words, np.uint32)
    slots = len(profile.slots)
    if words.ndim != 2 or words.shape[1] < slots:
        raise ValueError(f"words: expected [rows, {slots} or more], got {list(words.shape)}")
    layout = profile.layout
    counts = layout.zeros()
    rows = len(words)
    counts[ROWS] = rows
    counts[REQUESTS] = np.count_nonzero(np.broadcast_to(row, rows) == 0)
    counts[ROWS_SQUARED] = np.broadcast_to(request_rows, rows).astype(np.int64).sum()
    values = _joint_values(profile, words)
    slot = 0
    for index, stream in enumerate(profile.streams):
        if stream.slot is not None:
            one = words[:, slot]
            slot += 1
        else:
            one = values[stream.name].view(np.uint32)
        found = np.bincount(cells_of(stream.cells, one), minlength=stream.cells.size)
        layout.cells(counts, index)[:] = found
        counts[HEAD + 2 * index : HEAD + 2 * index + 2] = _moments(stream, one)
    return counts


def profile_scores(profile: Profile, words: Words) -> tuple[Floats32, Floats32]:
    """Surprise and Mahalanobis distance of rows: float32[n] each; `words` as in count_rows()."""
    features = profile.of_group(Group.feature)
    chosen = [profile.streams[index] for index in features]
    slots = np.ascontiguousarray(words[:, : len(features)], np.uint32)
    cells = np.empty(slots.shape, np.int64)
    for index, stream in enumerate(chosen):
        cells[:, index] = cells_of(stream.cells, slots[:, index])
    sizes = [stream.cells.size for stream in chosen]
    return row_scores(profile.joint, sizes, cells, slots.view(np.float32))


def _joint_values(profile: Profile, words: Words) -> dict[str, Floats32]:
    names = [profile.streams[index].name for index in profile.of_group(Group.joint)]
    if not names:
        return {}
    return dict(zip(names, profile_scores(profile, words), strict=False))


def _moments(stream: Stream, words: Words) -> tuple[int, int]:
    """Sums of q and of q^2 in fixed point; see CountLayout."""
    if not stream.cells.kind.is_ordered:
        return 0, 0
    values = np.ascontiguousarray(words).view(np.float32)
    finite = values[np.isfinite(values)].astype(np.float64)
    z = np.clip((finite - stream.mean) / stream.sigma, -Z_MAX, Z_MAX)
    q = np.rint(z * Z_UNITS).astype(np.int64)
    return int(q.sum()), int(((q * q) >> Z_SHIFT).sum())
