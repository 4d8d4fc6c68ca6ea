"""A plane's window against one reference: what the admin API, the CLI and the page all call. Pure.

report(profile, reference_counts, window, against=..., reference_digest=...)
report_of(snapshot, "baseline")
"""

from tiltyard.monitor.counting.layout import REQUESTS, ROWS
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.snapshot import Snapshot, Window
from tiltyard.monitor.statistics.against import Against, reference_of
from tiltyard.monitor.statistics.distances import distances
from tiltyard.monitor.statistics.measure import Report
from tiltyard.monitor.statistics.measure_stream import measure_streams
from tiltyard.monitor.statistics.stream_table import table_of


def report(
    profile: Profile, reference_counts: Ints, window: Window, *, against: str, reference_digest: str
) -> Report:
    """All statistics of the window's counts against the reference's.

    Both int64[profile.layout.size]. `against` is one of Against. A stream without rows on either
    side has None for figures. Figures in sigmas are in the profile's, whatever the reference is, so
    that sizes can be compared. Raises ValueError where counts are not of the profile's layout, or
    `against` is unknown.
    """
    if against not in list(Against):
        raise ValueError(f"against must be one of {', '.join(Against)}; it is {against!r}")
    found = distances(profile, reference_counts, window.counts, against=against)
    return Report(
        against=against,
        reference_digest=reference_digest,
        begin=window.begin,
        end=window.end,
        rows=int(window.counts[ROWS]),
        requests=int(window.counts[REQUESTS]),
        streams=measure_streams(table_of(profile), found),
    )


def report_of(snapshot: Snapshot, against: str) -> Report:
    """The snapshot's current window against one of what it holds.

    Raises StatisticsError where it does not hold that; references() says what there is.
    """
    reference = reference_of(snapshot, against)
    return report(
        snapshot.profile,
        reference.counts,
        snapshot.current,
        against=against,
        reference_digest=reference.digest,
    )
