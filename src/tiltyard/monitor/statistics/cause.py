"""Whether the data are broken, rather than the world changed. Pure."""

from collections.abc import Mapping
from typing import Final

from tiltyard.monitor.profile.cells import CellRole
from tiltyard.monitor.statistics.measure import StreamMeasure
from tiltyard.monitor.statistics.stream_table import MISSING, OUT_OF_RANGE, UNSEEN

# From which share of the PSI on cells explain it.
SHARE_MIN: Final = 0.5

_KINDS: Final[Mapping[str, frozenset[CellRole]]] = {
    "missing": MISSING,
    "unseen": UNSEEN,
    "out-of-range": OUT_OF_RANGE,
}


def cause_shares(stream: StreamMeasure) -> dict[str, float]:
    """What part of the PSI each kind of reserved cell has: missing, unseen, out-of-range.

    0 to 1; their sum is at most 1, and the rest is that of ordinary cells. Empty where there is no
    PSI, or it is 0. The PSI is a sum over cells, so that its parts are exact.
    """
    if not stream.psi:
        return {}
    return {
        kind: sum(cell.psi for cell in stream.coarse if cell.role in roles) / stream.psi
        for kind, roles in _KINDS.items()
    }


def cause(stream: StreamMeasure) -> str:
    """A clause such as "missing values explain 92 % of the PSI"; "" where they do not.

    The kind that explains half of it by itself, else those that do together. Nothing is said of a
    PSI within its noise band.
    """
    shares = cause_shares(stream)
    if not shares or not stream.psi_excess:
        return ""
    largest = max(shares, key=lambda kind: shares[kind])
    if shares[largest] >= SHARE_MIN:
        return _clause([largest], shares[largest])
    if (together := sum(shares.values())) >= SHARE_MIN:
        return _clause([kind for kind, share in shares.items() if share > 0], together)
    return ""


def _clause(kinds: list[str], share: float) -> str:
    named = " and ".join(filter(None, [", ".join(kinds[:-1]), kinds[-1]]))
    return f"{named} values explain {share * 100:.0f} % of the PSI"
