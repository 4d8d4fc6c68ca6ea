import numpy as np
import pytest

from tiltyard.errors import ConfigError
from tiltyard.monitor.policy import Segment
from tiltyard.monitor.profile.cells import Cells, Kind, category_cells, ordered_cells
from tiltyard.monitor.profile.profile import JointScores, Profile
from tiltyard.monitor.profile.stream import Group, Slot, Stream
from tiltyard.monitor.segments import rows_of

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


def test_a_category_by_its_label() -> None:
    found = rows_of(profile(), Segment("country", "NO"))
    assert (found.slot, found.word) == (1, 11)
    assert rows_of(profile(), Segment("country", "SE")).word == 7


def test_a_number_by_its_value() -> None:
    found = rows_of(profile(), Segment("age", "18.1"))
    assert (found.slot, found.word) == (0, int(np.float32(18.1).view(np.uint32)))


@pytest.mark.parametrize(
    ("feature", "value", "sentence"),
    [
        ("city", "Oslo", "fraud version 2 watches no feature 'city'; expected one of age, country"),
        ("country", "DK", "expected one of the categories NO, SE, got 'DK'"),
        ("age", "old", "age is numeric: expected a number, got 'old'"),
    ],
)
def test_what_is_not_there(feature: str, value: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        rows_of(profile(), Segment(feature, value))
