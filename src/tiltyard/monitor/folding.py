"""From a plane's counts to the folded cells that alarms bet on, all streams one after another."""

from functools import cached_property

import numpy as np

from tiltyard.monitor.alarm.reference_stream import ReferenceStream
from tiltyard.monitor.profile.cells import CellRole, Ints
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.stream import Group


class Folding:
    """Of one profile: Cells.fold() of every stream at once."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        parts, begin = [], 0
        for stream in profile.streams:
            size = stream.cells.size
            # Where each cell's own row ends up says where any row in it does.
            parts.append(begin + stream.cells.fold(np.eye(size, dtype=np.int64)).argmax(axis=-1))
            begin += len(stream.cells.folded_roles)
        self._to = np.concatenate(parts)
        self.size = begin

    @cached_property
    def bounds(self) -> Ints:
        """int64[streams + 1]: where each stream's folded cells begin, and where the last end."""
        sizes = [len(stream.cells.folded_roles) for stream in self._profile.streams]
        return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)

    def fold(self, counts: Ints) -> Ints:
        """Counts int64[..., layout.size] as folded cells int64[..., size]."""
        cells = counts[..., self._profile.layout.cells_at :]
        flat = cells.reshape(-1, cells.shape[-1])
        out = np.zeros((len(flat), self.size), np.int64)
        for row, counted in zip(out, flat, strict=True):
            np.add.at(row, self._to, counted)
        return out.reshape(*cells.shape[:-1], self.size)

    def references(
        self, counts: Ints, estimated: frozenset[CellRole] = frozenset()
    ) -> list[ReferenceStream]:
        """What each stream that these counts have rows of is held against.

        Streams without a row cannot be bet on, and are left out: see `watched`. `estimated` as in
        ReferenceStream.
        """
        folded = self.fold(counts)
        return [
            ReferenceStream(
                stream.name,
                stream.cells.folded_roles,
                stream.cells.names,
                one,
                is_joint=stream.group is Group.joint,
                estimated=estimated,
            )
            for stream, one in zip(self._profile.streams, self.split(folded), strict=True)
            if one.any()
        ]

    def watched(self, counts: Ints) -> tuple[int, ...]:
        """The streams that these counts have rows of."""
        parts = self.split(self.fold(counts))
        return tuple(index for index, one in enumerate(parts) if one.any())

    def split(self, folded: Ints) -> list[Ints]:
        """The folded cells of each stream, int64[..., cells of it]."""
        return np.split(folded, self.bounds[1:-1], axis=-1)
