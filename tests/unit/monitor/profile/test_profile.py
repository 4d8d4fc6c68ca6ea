import numpy as np

from tests.unit.monitor.traffic import reference_profile
from tiltyard.monitor.profile.stream import Group

PROFILE = reference_profile(rows=300)


def test_the_streams_lie_one_after_the_other() -> None:
    assert [stream.name for stream in PROFILE.streams] == [
        "amount",
        "age",
        "score",
        "surprise",
        "mahalanobis",
    ]
    assert PROFILE.of_group(Group.feature) == (0, 1)
    assert PROFILE.of_group(Group.output) == (2,)
    assert PROFILE.of_group(Group.joint) == (3, 4)
    assert [slot.tensor for slot in PROFILE.slots] == ["x", "x", "score"], "joint ones have none"


def test_the_reference_is_counts_in_the_layout() -> None:
    counts = PROFILE.reference
    assert counts.shape == (PROFILE.layout.size,)
    assert counts[0] == PROFILE.rows == 300
    for index, stream in enumerate(PROFILE.streams):
        assert np.array_equal(PROFILE.layout.cells(counts, index), stream.counts)
    rows = [stream.rows for stream in PROFILE.streams]
    assert rows == [300, 300, 300, 300, 150], "distances are of the half they are not fitted on"
