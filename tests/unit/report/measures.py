"""Measures of one stream from a few counts, as the report makes them."""

import numpy as np

from tests.unit.report.sample_snapshots import NOW
from tiltyard.monitor.counting.layout import HEAD
from tiltyard.monitor.profile.cells import Cells, Ints, Kind, category_cells, ordered_cells
from tiltyard.monitor.profile.profile import JointScores, Profile
from tiltyard.monitor.profile.stream import Group, Stream
from tiltyard.monitor.snapshot import Window
from tiltyard.monitor.statistics.measure import StreamMeasure
from tiltyard.monitor.statistics.report import report


def categories(*labels: str) -> Cells:
    codes = np.arange(len(labels), dtype=np.uint32)
    return category_cells(codes, codes.astype(np.int64), labels)


def numeric(*edges: float, minimum: float = 0.0, kind: Kind = Kind.numeric) -> Cells:
    return ordered_cells(kind, np.array(edges, np.float32), minimum)


def stream_with(cells: Cells, before: list[int], name: str = "x", scale: float = 1.0) -> Stream:
    return Stream(name, Group.feature, None, cells, np.array(before, np.int64), scale=scale)


def measured(stream: Stream, after: list[int], moments: Ints | None = None) -> StreamMeasure:
    """The stream's window of `after` int[cells.size] against its reference."""
    none = np.zeros(0)
    joint = JointScores(none, np.zeros(0, np.int64), none, none, np.zeros((0, 0)))
    profile = Profile("m", 1, 1, "", stream.rows, (stream,), joint)
    counts = profile.layout.zeros()
    profile.layout.cells(counts, 0)[:] = after
    counts[:2] = sum(after)
    if moments is not None:
        counts[HEAD : HEAD + 2] = moments
    window = Window(NOW - 1, NOW, counts)
    found = report(profile, profile.reference, window, against="profile", reference_digest="")
    return found.streams[0]
