import numpy as np

from tests.unit.monitor.counting.planes import kernel, mixed_profile, words_of
from tiltyard.monitor.counting.counter import TILE, Counter, new_scratch
from tiltyard.monitor.counting.plan import CountingPlan

PROFILE = mixed_profile()
PLAN = CountingPlan.of(PROFILE)


def test_scratch_has_a_column_a_row_of_a_tile() -> None:
    scratch = new_scratch(PLAN)
    assert [array.shape[-1] for array in scratch] == [TILE] * 4
    assert scratch.tile.shape[0] == PLAN.slots + 2
    assert scratch.z.shape[0] == PLAN.arrays.whitening.shape[1]


def test_nothing_is_left_of_the_block_before() -> None:
    counter = Counter(PLAN, kernel())
    large, small = words_of(PROFILE, 700, seed=1), words_of(PROFILE, 3, seed=2)
    fresh, again = PROFILE.layout.zeros(), PROFILE.layout.zeros()
    first = [scores.copy() for scores in counter.count(small, None, fresh)]
    counter.count(large, None, PROFILE.layout.zeros())
    second = counter.count(small, None, again)
    assert np.array_equal(fresh, again)
    for before, after in zip(first, second, strict=True):
        assert np.array_equal(before, after, equal_nan=True)


def test_a_tile_is_in_whole_steps() -> None:
    """What fills the last step up is written behind the rows, and has to fit."""
    from tiltyard.monitor.counting import kernels

    assert TILE % kernels.STEP == 0
