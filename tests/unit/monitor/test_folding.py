from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.unit.monitor.small_profile import AGE, profile
from tiltyard.monitor.folding import Folding
from tiltyard.monitor.profile.stream import Group, Stream

PROFILE = profile()
FOLDING = Folding(PROFILE)
SIZE = PROFILE.layout.size


@given(
    hnp.arrays(np.int64, st.tuples(st.integers(1, 3), st.just(SIZE)), elements=st.integers(0, 9))
)
def test_all_streams_are_folded_at_once(counts: np.ndarray) -> None:
    folded = FOLDING.fold(counts)
    assert folded.shape == (len(counts), FOLDING.size)
    for index, (stream, part) in enumerate(
        zip(PROFILE.streams, FOLDING.split(folded), strict=True)
    ):
        expected = stream.cells.fold(PROFILE.layout.cells(counts, index))
        assert np.array_equal(part, expected)
    assert np.array_equal(FOLDING.fold(counts[0]), folded[0])


def test_streams_without_a_row_are_no_reference() -> None:
    counts = PROFILE.layout.zeros()
    PROFILE.layout.cells(counts, 1)[:] = 3
    assert FOLDING.watched(counts) == (1,)
    (reference,) = FOLDING.references(counts)
    assert (reference.name, reference.rows) == ("country", 3 * PROFILE.streams[1].cells.size)
    assert reference.labels == PROFILE.streams[1].cells.names


def test_references_say_which_streams_are_joint() -> None:
    joint = Stream("surprise", Group.joint, None, AGE, np.ones(AGE.size, np.int64))
    own = replace(PROFILE, streams=(*PROFILE.streams, joint))
    found = Folding(own).references(own.reference)
    assert {one.name: one.is_joint for one in found} == {
        "age": False,
        "country": False,
        "surprise": True,
    }
