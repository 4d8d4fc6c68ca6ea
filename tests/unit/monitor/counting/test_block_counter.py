from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.unit.monitor.counting.planes import kernel, mixed_profile, wide_profile, words_of
from tiltyard.monitor.counting.block_counter import BlockCounter
from tiltyard.monitor.counting.errors import CountingError

PROFILE = mixed_profile()
WORDS = words_of(PROFILE, 50)
WIDTH = WORDS.shape[1]


@pytest.fixture
def counter() -> BlockCounter:
    return BlockCounter(PROFILE, kernel())


@pytest.mark.parametrize(
    ("words", "came"),
    [
        (WORDS.astype(np.int32), "got int32[50, 22]"),
        (WORDS[0], "got uint32[22]"),
        (WORDS[:, :-1], "got uint32[50, 21], not contiguous"),
        (WORDS[::2], "got uint32[25, 22], not contiguous"),
        (np.zeros((3, WIDTH + 2), np.uint32), "got uint32[3, 24]"),
    ],
)
def test_records_that_do_not_fit(
    counter: BlockCounter, words: npt.NDArray[np.uint32], came: str
) -> None:
    counts = PROFILE.layout.zeros()
    with pytest.raises(CountingError, match=r"expected contiguous uint32\[n, 22\]") as caught:
        counter.count(words, counts)
    assert came in str(caught.value)
    assert not counts.any()


def test_vectors_that_do_not_fit(counter: BlockCounter) -> None:
    size = PROFILE.layout.size
    wrong: list[npt.NDArray[Any]] = [np.zeros(size - 1, np.int64), np.zeros(size, np.int32)]
    for counts in wrong:
        with pytest.raises(CountingError, match=rf"expected int64\[{size}\]"):
            counter.count(WORDS, counts)
    frozen = PROFILE.layout.zeros()
    frozen.flags.writeable = False
    for counts in (frozen, np.zeros(2 * size, np.int64)[::2]):
        with pytest.raises(CountingError, match="can be written and is contiguous"):
            counter.count(WORDS, counts)


@pytest.mark.parametrize("rows", [[50], [-1], [0] * 51])
def test_rows_that_are_not_there(counter: BlockCounter, rows: list[int]) -> None:
    with pytest.raises(CountingError, match="expected at most 50 indices from 0 to 49"):
        counter.count(WORDS, PROFILE.layout.zeros(), np.array(rows, np.int32))


def test_rows_of_another_type(counter: BlockCounter) -> None:
    wrong: npt.NDArray[Any] = np.array([1, 2])
    with pytest.raises(CountingError, match=r"expected contiguous int32\[r\], got int64\[2\]"):
        counter.count(WORDS, PROFILE.layout.zeros(), wrong)


def test_some_rows_are_those_rows(counter: BlockCounter) -> None:
    rows = np.array([3, 4, 40], np.int32)
    some, alone = PROFILE.layout.zeros(), PROFILE.layout.zeros()
    scores = counter.count(WORDS, some, rows)
    found = scores.surprise.copy()
    assert len(found) == 3
    whole = counter.count(WORDS, PROFILE.layout.zeros())
    assert np.array_equal(whole.surprise[rows], found)
    counter.count(np.ascontiguousarray(WORDS[rows]), alone)
    assert np.array_equal(some, alone)


def test_read_only_records_of_a_foreign_buffer(counter: BlockCounter) -> None:
    """As the reader's blocks are."""
    words = np.frombuffer(WORDS.tobytes(), np.uint32).reshape(-1, WIDTH)
    counts, wanted = PROFILE.layout.zeros(), PROFILE.layout.zeros()
    counter.count(words, counts)
    counter.count(WORDS, wanted)
    assert np.array_equal(counts, wanted)


def test_times_are_those_of_the_first_and_the_last(counter: BlockCounter) -> None:
    words = WORDS.copy()
    words[-1, :2] = (3, 1)
    assert counter.times(words) == (0, 2**32 + 3)
    with pytest.raises(CountingError, match="at least one record"):
        counter.times(words[:0])


def test_champion_as() -> None:
    """The same block in the cells of another profile that has the same slots."""
    one, other = wide_profile(3), wide_profile(3, has_distances=False)
    words = words_of(one, 100)
    for profile in (one, other):
        counts = profile.layout.zeros()
        BlockCounter(profile, kernel()).count(words, counts)
        assert counts[0] == 100
