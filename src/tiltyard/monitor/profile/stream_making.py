"""Making a stream of what was chosen to be watched: its cells, and the counts of the reference."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.binning import cells_of
from tiltyard.monitor.profile.categories import make_category_cells
from tiltyard.monitor.profile.cells import Cells, Ints, Kind, ordered_cells
from tiltyard.monitor.profile.declaration import Scale
from tiltyard.monitor.profile.stream import Group, Slot, Stream
from tiltyard.monitor.profile.watch import Watch

Floats32 = npt.NDArray[np.float32]


class Made(NamedTuple):
    """A stream, and which of its cells each row of the reference is in, int64[rows]."""

    stream: Stream
    indices: Ints


def make_stream(watch: Watch, cells_max: int, scale: Scale) -> Made:
    """The stream of a feature or an output, with at most `cells_max` finite cells.

    Discrete streams have a cell a value, however many; categorical ones `cells_max` of their own.
    """
    if watch.kind is Kind.categorical:
        cells = make_category_cells(watch.words, watch.categories.labels, cells_max)
        return _counted(watch.name, watch.group, watch.slot, cells, watch.words, Scale(1.0))
    values = watch.words.view(np.float32)
    cells = make_ordered_cells(watch.kind, values, cells_max)
    return _counted(watch.name, watch.group, watch.slot, cells, watch.words, scale)


def make_joint_stream(name: str, scores: Floats32, cells_max: int) -> Stream:
    """The stream of a score of whole rows: `scores` float32[n], as those of fresh rows would be."""
    cells = make_ordered_cells(Kind.numeric, scores, cells_max)
    return _counted(name, Group.joint, None, cells, scores.view(np.uint32), Scale(1.0)).stream


def make_ordered_cells(kind: Kind, values: Floats32, cells_max: int) -> Cells:
    """Cells at the quantiles k / cells_max of the finite values, or at each value of discrete ones.

    Quantiles are np.quantile(method="inverted_cdf"), so that edges are values; equal ones are one.
    Without a finite value there is the one empty cell [0, 0].
    """
    finite = values[np.isfinite(values)] + np.float32(0)  # which makes -0.0 0.0
    if not len(finite):
        return ordered_cells(Kind.numeric, np.zeros(1, np.float32), 0.0)
    if kind is Kind.discrete:
        edges = np.unique(finite)
    else:
        shares = np.arange(1, cells_max + 1) / cells_max
        edges = np.unique(np.quantile(finite, shares, method="inverted_cdf"))
    return ordered_cells(kind, edges.astype(np.float32), float(finite.min()))


def _counted(
    name: str,
    group: Group,
    slot: Slot | None,
    cells: Cells,
    words: npt.NDArray[np.uint32],
    scale: Scale,
) -> Made:
    indices = cells_of(cells, words)
    counts = np.bincount(indices, minlength=cells.size).astype(np.int64)
    mean, sigma = _moments(words.view(np.float32)) if cells.kind.is_ordered else (0.0, 1.0)
    rare = None if cells.kind.is_ordered else _other_rare(cells, words)
    stream = Stream(name, group, slot, cells, counts, mean, sigma, scale.scale, scale.unit, rare)
    return Made(stream, indices)


def _other_rare(cells: Cells, words: npt.NDArray[np.uint32]) -> tuple[int, int]:
    codes, counts = np.unique(words, return_counts=True)
    others = cells.codes[cells.code_cells == len(cells.labels)]
    once, twice = (int(np.isin(others, codes[counts == times]).sum()) for times in (1, 2))
    return once, twice


def _moments(values: Floats32) -> tuple[float, float]:
    """Mean and population standard deviation of the finite values, in float64; see Stream."""
    finite = values[np.isfinite(values)].astype(np.float64)
    if not len(finite):
        return 0.0, 1.0
    if finite.min() == finite.max():  # their computed deviation need not be 0
        return float(finite[0]), 1.0
    return float(finite.mean()), float(finite.std())
