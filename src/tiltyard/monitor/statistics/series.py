"""How the PSI of each stream went over time, for sparklines and the heat map. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tiltyard.monitor.profile.cells import Floats, Ints
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.snapshot import Window
from tiltyard.monitor.statistics.distances import require_counts
from tiltyard.monitor.statistics.psi import noise_band, psi
from tiltyard.monitor.statistics.stream_table import table_of


@dataclass(frozen=True)
class Series:
    """One row a stream of the profile, one column a piece of the history, oldest first.

    `begin` and `end` float64[pieces] in unix seconds; `n` int64[streams, pieces]; `psi`, `band` and
    `excess` float64[streams, pieces], NaN where a piece has no rows of the stream: that is a gap in
    a line, not a PSI of 0.
    """

    begin: Floats
    end: Floats
    n: Ints
    psi: Floats
    band: Floats
    excess: Floats


def series(profile: Profile, history: Sequence[Window], reference_counts: Ints) -> Series:
    """Each piece of the history against `reference_counts`, int64[profile.layout.size].

    Raises ValueError where counts are not of the profile's layout.
    """
    table = table_of(profile)
    require_counts(profile, reference_counts, "reference_counts")
    reference = table.group(reference_counts)
    pieces = np.zeros((len(history), *reference.shape), np.int64)
    for at, window in enumerate(history):
        require_counts(profile, window.counts, f"history[{at}].counts")
        pieces[at] = table.group(window.counts)
    index, band = psi(pieces, reference), noise_band(pieces, reference)
    return Series(
        begin=np.array([window.begin for window in history], np.float64),
        end=np.array([window.end for window in history], np.float64),
        n=pieces.sum(-1).T,
        psi=index.T,
        band=band.T,
        excess=np.maximum(index - band, 0.0).T,
    )
