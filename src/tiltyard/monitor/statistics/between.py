"""A challenger against the champion, on the same traffic. Pure."""

from tiltyard.monitor.snapshot import Snapshot
from tiltyard.monitor.statistics.against import Against
from tiltyard.monitor.statistics.measure import Report
from tiltyard.monitor.statistics.report import report_of


def between(snapshot: Snapshot) -> Report | None:
    """The plane's current window against the champion's; None where there is none to compare with.

    Both were counted in the cells of the challenger's profile. Outputs differ where the models do.
    Features of a shadow are those of the same requests, so theirs are 0; those of a canary show
    whether the split is fair. Bands and p are those of independent samples: for the answers of a
    shadow, which go with the champion's row by row, they are wider than need be.
    """
    if snapshot.compared is None:
        return None
    return report_of(snapshot, Against.champion)
