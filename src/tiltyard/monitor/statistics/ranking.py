"""Which streams changed most. Pure."""

from collections.abc import Iterable

from tiltyard.monitor.statistics.measure import StreamMeasure


def ranked(streams: Iterable[StreamMeasure]) -> tuple[StreamMeasure, ...]:
    """By PSI excess, then by PSI, the largest first; those without rows last, else in their order.

    The excess comes first because a PSI that few rows explain is no change, however large.
    """
    return tuple(sorted(streams, key=_rank))


def _rank(stream: StreamMeasure) -> tuple[bool, float, float]:
    if stream.psi is None or stream.psi_excess is None:
        return True, 0.0, 0.0
    return False, -stream.psi_excess, -stream.psi
