"""Reference streams that the alarm's tests are made with."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from tiltyard.monitor.alarm.reference_stream import ReferenceStream
from tiltyard.monitor.profile.cells import CellRole, Ints

ORDERED_TAIL = (CellRole.above, CellRole.missing)
CATEGORY_TAIL = (CellRole.other, CellRole.unseen, CellRole.missing, CellRole.invalid)


def ordered(name: str, counts: npt.ArrayLike) -> ReferenceStream:
    """BELOW, finite cells, ABOVE, MISSING."""
    counts = np.asarray(counts, np.int64)
    finite = (CellRole.finite,) * (len(counts) - 3)
    roles = (CellRole.below, *finite, *ORDERED_TAIL)
    return ReferenceStream(name, roles, tuple(f"c{i}" for i in range(len(counts))), counts)


def categorical(name: str, counts: npt.ArrayLike) -> ReferenceStream:
    """Categories, OTHER, UNSEEN, MISSING, INVALID."""
    counts = np.asarray(counts, np.int64)
    categories = (CellRole.category,) * (len(counts) - 4)
    roles = (*categories, *CATEGORY_TAIL)
    return ReferenceStream(name, roles, tuple(f"c{i}" for i in range(len(counts))), counts)


def uniform(name: str, rows: int = 5000, cells: int = 10) -> ReferenceStream:
    """Ordered, with equal shares and nothing in the reserved cells."""
    return ordered(name, [0, *[rows // cells] * cells, 0, 0])


def joint(name: str) -> ReferenceStream:
    """Uniform, and computed from all features."""
    return replace(uniform(name), is_joint=True)


@st.composite
def any_stream(draw: st.DrawFn, rows_max: int = 20_000) -> ReferenceStream:
    """Ordered or of categories, with any counts."""
    kind = draw(st.sampled_from([ordered, categorical]))
    count = st.one_of(st.just(0), st.integers(0, 30), st.integers(0, rows_max))
    counts = draw(st.lists(count, min_size=5, max_size=40).filter(any))
    return kind("x", counts)


def shares(stream: ReferenceStream) -> npt.NDArray[np.float64]:
    own: npt.NDArray[np.float64] = stream.counts / stream.counts.sum()
    return own


def flat(streams: Sequence[ReferenceStream], counts: Sequence[npt.ArrayLike]) -> Ints:
    """The counts of streams as one vector."""
    assert [len(stream.counts) for stream in streams] == [len(np.asarray(c)) for c in counts]
    return np.concatenate([np.asarray(c, np.int64) for c in counts])
