"""A profile of two features, one of them categorical, for tests of what is around it."""

import numpy as np

from tiltyard.monitor.profile.cells import Cells, Kind, category_cells, ordered_cells
from tiltyard.monitor.profile.profile import JointScores, Profile
from tiltyard.monitor.profile.stream import Group, Slot, Stream

AGE = ordered_cells(Kind.numeric, np.array([20, 30], np.float32), 18.0)
COUNTRY = category_cells(
    np.array([7, 9, 11], np.uint32), np.array([1, 2, 0], np.int64), ("NO", "SE")
)
NOTHING = np.zeros(0)
NO_JOINT = JointScores(NOTHING, np.zeros(0, np.int64), NOTHING, NOTHING, np.zeros((0, 0)))


def watched(name: str, column: int, reads: str, cells: Cells) -> Stream:
    slot = Slot("input", "x", column, 1, reads)
    return Stream(name, Group.feature, slot, cells, np.ones(cells.size, np.int64))


def profile() -> Profile:
    streams = (watched("age", 0, "number", AGE), watched("country", 1, "category", COUNTRY))
    return Profile("fraud", 2, 1, "", 9, streams, NO_JOINT)
