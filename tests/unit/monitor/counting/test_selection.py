import numpy as np
import pytest

from tests.unit.monitor.counting.planes import kernel, mixed_profile, words_of
from tiltyard.monitor.counting.block_counter import BlockCounter
from tiltyard.monitor.counting.errors import CountingError
from tiltyard.monitor.counting.record import HEAD_WORDS
from tiltyard.monitor.counting.selection import Selection
from tiltyard.monitor.policy import Segment
from tiltyard.monitor.profile.build import profile_of_columns
from tiltyard.monitor.profile.cells import Kind

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


def test_a_value_of_whole_numbers_is_compared_as_float32() -> None:
    values = {"a": np.arange(2**24 - 200, 2**24 + 1, dtype=np.float32)}
    profile = profile_of_columns(values, model="m", version=1)
    assert profile.streams[0].cells.kind is Kind.numeric
    words = np.zeros((201, HEAD_WORDS + 2), np.uint32)
    words[:, HEAD_WORDS] = values["a"].view(np.uint32)
    assert Selection.of(profile, Segment("a", "16777217")).rows(words).tolist() == [200]
    assert Selection.of(profile, Segment("a", "16777100")).rows(words).tolist() == [84]


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
        (Segment("n1", "1"), "segment n1=1: n1 has values that hardly repeat"),
        (Segment("d9", "0.123"), "segment d9=0.123: expected one of the values of d9, "),
        (Segment("c3", "OTHER"), "one of c0, c1, c2"),
    ],
)
def test_what_is_no_segment(segment: Segment, sentence: str) -> None:
    with pytest.raises(CountingError) as caught:
        Selection.of(PROFILE, segment)
    assert sentence in str(caught.value)
