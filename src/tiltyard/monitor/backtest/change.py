"""Changes that are made in one feature, to see how long they last until they are an alarm."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tiltyard.monitor.profile.binning import Words
from tiltyard.monitor.profile.cells import CODE_MISSING, Kind
from tiltyard.monitor.profile.stream import Group, Stream

_NAN_BITS: Final = int(np.array(np.nan, np.float32).view(np.uint32))


@dataclass(frozen=True, slots=True)
class Change:
    """Every value moved by `shift_sigma` standard deviations of the reference, up or down; or a
    share of the rows `missing`."""

    shift_sigma: float = 0.0
    missing: float = 0.0

    @property
    def name(self) -> str:
        """`0.2 sigma`, `5 % missing`."""
        if self.missing:
            return f"{100 * self.missing:g} % missing"
        return f"{self.shift_sigma:g} sigma"

    def can_be_made(self, stream: Stream) -> bool:
        """Discrete values are not shifted: they would fall between those of the reference."""
        if stream.group is not Group.feature:
            return False
        if self.missing:
            return True
        cells = stream.cells
        is_shifted = cells.kind in (Kind.numeric, Kind.text)
        return is_shifted and cells.minimum < float(cells.edges[-1])

    def made(self, words: Words, stream: Stream, sign: int, rng: np.random.Generator) -> Words:
        """Words uint32[n] of a stream after it; `sign` is the direction, `rng` says which rows."""
        if self.missing:
            gone = CODE_MISSING if stream.cells.kind is Kind.categorical else _NAN_BITS
            is_gone = rng.random(len(words)) < self.missing
            return np.where(is_gone, np.uint32(gone), words)
        by = sign * self.shift_sigma * stream.sigma
        values = np.ascontiguousarray(words).view(np.float32).astype(np.float64) + by
        with np.errstate(over="ignore"):  # beyond float32 is infinite, and is counted as such
            return values.astype(np.float32).view(np.uint32)


CHANGES: Final = (
    Change(shift_sigma=0.2),
    Change(shift_sigma=0.5),
    Change(shift_sigma=1.0),
    Change(missing=0.05),
)
