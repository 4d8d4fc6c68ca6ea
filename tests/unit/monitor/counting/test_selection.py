import numpy as np
import pytest

from tests.unit.monitor.counting.planes import kernel, mixed_profile, words_of
from tiltyard.monitor.counting.block_counter import BlockCounter
from tiltyard.monitor.counting.errors import CountingError
from tiltyard.monitor.counting.record import HEAD_WORDS
from tiltyard.monitor.counting.selection import Selection
from tiltyard.monitor.policy import Segment

PROFILE = mixed_profile()
NAMES = [stream.name for stream in PROFILE.streams]
WORDS = words_of(PROFILE, 2000)


def test_rows_with_a_value() -> None:
    slot = NAMES.index("d9")
    rows = Selection.of(PROFILE, Segment("d9", "0")).rows(WORDS)
    values = WORDS[:, HEAD_WORDS + slot].copy().view(np.float32)
    assert rows.dtype == np.int32
    assert rows.tolist() == np.flatnonzero(values == 0).tolist()  # -0.0 too
    assert len(rows) > 0


def test_a_value_is_compared_as_float32() -> None:
    words = WORDS.copy()
    words[5, HEAD_WORDS] = np.float32(0.1).view(np.uint32)
    assert Selection.of(PROFILE, Segment("n1", "0.1")).rows(words).tolist() == [5]


def test_rows_of_a_category() -> None:
    slot = NAMES.index("c64")
    cells = PROFILE.streams[slot].cells
    (code,) = cells.codes[cells.code_cells == 7]
    rows = Selection.of(PROFILE, Segment("c64", "c7")).rows(WORDS)
    assert rows.tolist() == np.flatnonzero(WORDS[:, HEAD_WORDS + slot] == code).tolist()
    assert len(rows) > 0


def test_a_segment_and_the_rest_are_the_whole() -> None:
    counter = BlockCounter(PROFILE, kernel())
    rows = Selection.of(PROFILE, Segment("c64", "c7")).rows(WORDS)
    rest = np.setdiff1d(np.arange(len(WORDS), dtype=np.int32), rows)
    parts, whole = PROFILE.layout.zeros(), PROFILE.layout.zeros()
    counter.count(WORDS, parts, rows)
    counter.count(WORDS, parts, rest)
    counter.count(WORDS, whole)
    assert np.array_equal(parts, whole)


@pytest.mark.parametrize(
    ("segment", "sentence"),
    [
        (Segment("x", "1"), "m v1 has no feature 'x'; there are n1, n7"),
        (Segment("score", "1"), "has no feature 'score'"),
        (Segment("d9", "blue"), "segment d9=blue: expected a finite number"),
        (Segment("d9", "inf"), "expected a finite number"),
        (Segment("n1", "nan"), "expected a finite number"),
        (Segment("n1", "1e60"), "expected a finite number"),
        (Segment("c3", "OTHER"), "one of c0, c1, c2"),
    ],
)
def test_what_is_no_segment(segment: Segment, sentence: str) -> None:
    with pytest.raises(CountingError) as caught:
        Selection.of(PROFILE, segment)
    assert sentence in str(caught.value)
