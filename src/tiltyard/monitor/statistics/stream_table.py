"""How a profile's count vectors become matrices, one row a stream; made once a profile."""

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.counting.layout import CountLayout
from tiltyard.monitor.profile.cells import ORDERED, CellRole, Floats, Ints
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.stream import Stream
from tiltyard.monitor.statistics.coarse import coarse_groups, coarse_names, coarse_roles
from tiltyard.monitor.statistics.definition import edges_digest, groups_digest
from tiltyard.monitor.statistics.wasserstein import representatives

Bools = npt.NDArray[np.bool_]

MISSING: Final = frozenset({CellRole.missing})
UNSEEN: Final = frozenset({CellRole.unseen})
# A category that is infinite or several at once is what a value beyond the range is elsewhere.
OUT_OF_RANGE: Final = frozenset({CellRole.below, CellRole.above, CellRole.invalid})


class CellWords(NamedTuple):
    """What the cells of one stream are called, and the values of their roles."""

    names: tuple[str, ...]
    roles: tuple[str, ...]

    @classmethod
    def of(cls, names: Sequence[str], roles: Sequence[CellRole]) -> "CellWords":
        return cls(tuple(names), tuple(role.value for role in roles))


@dataclass(frozen=True)
class StreamTable:
    """Everything that does not depend on counts. Immutable.

    Matrices have one row a stream and are padded on the right with cells that never have rows,
    which no statistic sees. `fold_to` and `coarse_to`, int64[cells of the layout], say where in the
    flat matrix each cell is counted; `groups` int64[streams, folded] is the coarse cell of each
    folded one, -1 where there is none. `gaps` float64[streams, folded] are those of wasserstein(),
    in sigmas.
    """

    layout: CountLayout
    streams: tuple[Stream, ...]
    fold_to: Ints
    folded: int
    coarse_to: Ints
    coarse: int
    groups: Ints
    is_ordered: Bools
    is_finite: Bools  # [cells of the layout]: holds finite values, whose moments are summed
    stream_of: Ints  # [cells of the layout]
    is_constant: Bools  # [streams]
    gaps: Floats
    rates: dict[frozenset[CellRole], Bools]  # [streams, folded] each
    words: tuple[CellWords, ...]
    coarse_words: tuple[CellWords, ...]
    edges: tuple[str, ...]
    groupings: tuple[str, ...]

    def fold(self, counts: Ints) -> Ints:
        """int64[streams, folded] of a count vector int64[layout.size]."""
        return self._gather(counts, self.fold_to, self.folded)

    def group(self, counts: Ints) -> Ints:
        """int64[streams, coarse] of a count vector int64[layout.size]."""
        return self._gather(counts, self.coarse_to, self.coarse)

    def finite(self, counts: Ints) -> Ints:
        """int64[streams]: how many values were finite; 0 of categories."""
        found = np.zeros(len(self.streams), np.int64)
        cells = counts[self.layout.cells_at :]
        np.add.at(found, self.stream_of[self.is_finite], cells[self.is_finite])
        return found

    def _gather(self, counts: Ints, to: Ints, width: int) -> Ints:
        found = np.zeros(len(self.streams) * width, np.int64)
        np.add.at(found, to, counts[self.layout.cells_at :])
        return found.reshape(len(self.streams), width)


def table_of(profile: Profile) -> StreamTable:
    """The profile's table, made when it is first asked for and kept while the profile lives."""
    key = id(profile)
    held = _tables.get(key)
    if held is not None and held[0]() is profile:
        return held[1]

    def forget(dead: weakref.ref[Profile]) -> None:
        # The id may be another profile's by now.
        if (entry := _tables.get(key)) is not None and entry[0] is dead:
            del _tables[key]

    table = _made(profile)
    _tables[key] = (weakref.ref(profile, forget), table)
    return table


# By id, for profiles hold arrays and so have no hash.
_tables: Final[dict[int, tuple[weakref.ref[Profile], StreamTable]]] = {}


def _made(profile: Profile) -> StreamTable:
    layout, streams = profile.layout, profile.streams
    groupings = [coarse_groups(stream.cells, stream.counts) for stream in streams]
    # fold() of each cell by itself says where it goes.
    folds = [s.cells.fold(np.eye(s.cells.size, dtype=np.int64)).argmax(-1) for s in streams]
    folded = max(len(stream.cells.folded_roles) for stream in streams)
    coarse = max(int(groups[-1]) + 1 for groups in groupings)
    pairs = list(zip(folds, groupings, strict=True))
    return StreamTable(
        layout=layout,
        streams=streams,
        fold_to=_joined([fold + at * folded for at, fold in enumerate(folds)]),
        folded=folded,
        coarse_to=_joined([groups[fold] + at * coarse for at, (fold, groups) in enumerate(pairs)]),
        coarse=coarse,
        groups=_padded(groupings, folded, -1),
        is_ordered=_having(streams, folded, ORDERED),
        is_finite=_joined([_is_finite(stream) for stream in streams]).astype(np.bool_),
        stream_of=np.repeat(np.arange(len(streams)), layout.sizes),
        is_constant=np.array([_is_constant(stream) for stream in streams], np.bool_),
        gaps=np.stack([_gaps(stream, folded) for stream in streams]),
        rates={roles: _having(streams, folded, roles) for roles in (MISSING, UNSEEN, OUT_OF_RANGE)},
        words=tuple(CellWords.of(s.cells.names, s.cells.folded_roles) for s in streams),
        coarse_words=tuple(
            CellWords.of(coarse_names(s.cells, groups), coarse_roles(s.cells, groups))
            for s, groups in zip(streams, groupings, strict=True)
        ),
        edges=tuple(edges_digest(stream.cells) for stream in streams),
        groupings=tuple(groups_digest(groups) for groups in groupings),
    )


def _joined(parts: Sequence[npt.NDArray[np.int64]]) -> Ints:
    return np.concatenate(parts).astype(np.int64)


def _padded(rows: Sequence[Ints], width: int, fill: int) -> Ints:
    matrix = np.full((len(rows), width), fill, np.int64)
    for at, row in enumerate(rows):
        matrix[at, : len(row)] = row
    return matrix


def _having(streams: Sequence[Stream], width: int, roles: frozenset[CellRole]) -> Bools:
    rows = [np.array([role in roles for role in stream.cells.folded_roles]) for stream in streams]
    return _padded(rows, width, 0).astype(np.bool_)


def _is_finite(stream: Stream) -> Ints:
    roles = ORDERED | (UNSEEN if stream.cells.kind.is_ordered else frozenset())
    return np.array([role in roles for role in stream.cells.roles], np.int64)


def _is_constant(stream: Stream) -> bool:
    cells = stream.cells
    return len(cells.edges) > 0 and cells.minimum == cells.edges[-1]


def _gaps(stream: Stream, width: int) -> Floats:
    at = representatives(stream.cells)
    gaps = np.zeros(width)
    gaps[: max(len(at) - 1, 0)] = np.diff(at) / stream.sigma
    return gaps
