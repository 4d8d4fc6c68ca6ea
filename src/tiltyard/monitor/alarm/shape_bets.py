"""Bets on the shape of a distribution: what the earlier ticks had more of, this one will too.

The catch-all beside the bets on a named change. What is learned lies in counts of earlier ticks
that fade, so each bet is settled before it is made.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.alarm.tolerance import shape_tolerance
from tiltyard.monitor.profile.cells import Floats, Ints


@dataclass(frozen=True, eq=False)
class ShapeTables:
    """Of all streams' coarse cells, one stream after another.

    `starts` int64[streams]: where each stream's coarse cells begin; `stream` int64[coarse]: whose
    each is; `share` float64[coarse]: smoothed, (m_k + 1/2) / (m + B / 2); `cells` float64[streams]:
    B; `tolerance` float64[streams]: its square bounds the chi^2 that does not matter.
    """

    starts: Ints
    stream: Ints
    share: Floats
    cells: Floats
    tolerance: Floats

    @classmethod
    def build(cls, counts: Floats, starts: Ints, delta: float) -> "ShapeTables":
        """From the reference's coarse counts float64[coarse]."""
        sizes = np.diff(np.append(starts, len(counts)))
        stream = np.repeat(np.arange(len(starts)), sizes)
        cells = sizes.astype(np.float64)
        rows = np.add.reduceat(counts, starts)
        share = (counts + 0.5) / (rows + 0.5 * cells)[stream]
        return cls(starts, stream, share, cells, shape_tolerance(delta, cells, rows))

    def ratio(self, learned: Floats) -> Floats:
        """w = q / share with q = (a + 2 B share) / (sum a + 2 B), float64[..., coarse].

        `learned` a: float64[..., coarse], the faded counts. Its mean over the reference is 1.
        """
        total = np.add.reduceat(learned, self.starts, axis=-1) + 2.0 * self.cells
        prior = 2.0 * self.cells[self.stream]
        ratio: Floats = (learned / self.share + prior) / total[..., self.stream]
        return ratio

    def logs(self, learned: Floats) -> Floats:
        """ln(w / (1 + tolerance * sd of w)), float64[..., coarse].

        For every p with chi^2(p || share) <= tolerance^2 the mean of e^this is at most 1, because
        E_p w <= 1 + sqrt(chi^2) sd(w) (Cauchy and Schwarz).
        """
        ratio = self.ratio(learned)
        spread = self.deviation(ratio)
        logs: Floats = np.log(ratio) - np.log1p(self.tolerance * spread)[..., self.stream]
        return logs

    def deviation(self, ratio: Floats) -> Floats:
        """The standard deviation of w over the reference, float64[..., streams]."""
        square = np.add.reduceat(self.share * ratio**2, self.starts, axis=-1)
        return np.sqrt(np.maximum(square - 1.0, 0.0))

    def carried(self, learned: Floats, other: "ShapeTables") -> Floats:
        """What was learned against `other`, against these: the same ratios to the reference."""
        return learned * (self.share / other.share)


def faded(learned: Floats, counts: Floats, half_lives: npt.ArrayLike) -> Floats:
    """`learned` float64[half_lives, coarse] one tick later, with that tick's counts in it."""
    keep = 0.5 ** (1.0 / np.asarray(half_lives, np.float64))
    return learned * keep[:, None] + counts
