"""The reference of skew against rows that are drawn as its own were."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.counting.layout import ROWS
from tiltyard.monitor.detection import Detection
from tiltyard.monitor.folding import Folding
from tiltyard.monitor.profile.build import profile_of_columns
from tiltyard.monitor.profile.cells import CellRole, Kind
from tiltyard.monitor.profile.declaration import Declaration
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.recount import count_rows
from tiltyard.monitor.profile.words import slot_words
from tiltyard.monitor.skew import skew_reference

Column = npt.NDArray[np.float32]


def profile_of(values: Column, declaration: Declaration) -> Profile:
    return profile_of_columns({"a": values}, declaration=declaration, model="m", version=1)


def unseen_of(profile: Profile) -> int:
    cells = profile.layout.cells(skew_reference(profile).counts, 0)
    return int(cells[profile.streams[0].cells.roles.index(CellRole.unseen)])


DISCRETE = Declaration(kinds={"a": Kind.discrete})
CATEGORICAL = Declaration(categorical=frozenset({"a"}))
FEW_CELLS = Declaration(categorical=frozenset({"a"}), cells=2)


@pytest.mark.parametrize(
    ("declaration", "values", "alone"),
    [
        (DISCRETE, [1, 2, 3, 3, 4], 1),  # 1 and 4 would be below and above
        (CATEGORICAL, [1, 1, 2, 3, 3, 4], 2),
        (CATEGORICAL, [1, 1, 2, 2], 0),
        (FEW_CELLS, [1, 1, 1, 2, 2, 2, 3, 4, 5], 3),  # each of OTHER's occurs once
        (FEW_CELLS, [1, 1, 1, 2, 2, 2, 3, 4, 4], 1),  # one of the two may
        (FEW_CELLS, [1, 1, 1, 2, 2, 2, 4, 4], 0),
    ],
)
def test_what_occurs_once_would_be_unseen(
    declaration: Declaration, values: list[float], alone: int
) -> None:
    profile = profile_of(np.array(values, np.float32), declaration)
    assert unseen_of(profile) == alone
    whole = skew_reference(profile)
    assert whole.counts[ROWS] == len(values)
    assert whole.digest == profile.digest


def test_rows_that_would_be_unseen_are_in_no_other_cell() -> None:
    profile = profile_of(np.array([1, 2, 3, 3, 4], np.float32), DISCRETE)
    cells = profile.layout.cells(skew_reference(profile).counts, 0)
    assert cells.tolist() == [0, 0, 1, 0, 2, 1, 0, 0, 0, 1]
    assert cells.sum() == 5


def test_what_is_estimated_is_never_bet_downward() -> None:
    profile = profile_of(np.array([1] * 90 + [2] * 5 + [3, 4, 5, 6, 7], np.float32), FEW_CELLS)
    reference = skew_reference(profile)
    (stream, *_) = Folding(profile).references(reference.counts, reference.estimated)
    unseen = stream.roles.index(CellRole.unseen)
    assert stream.counts[unseen] == 5
    assert stream.two_sided[unseen]
    assert not stream.downward[unseen]
    assert reference.estimated == {CellRole.unseen}
    assert skew_reference(older(profile)).estimated == {CellRole.unseen, CellRole.other}


def older(profile: Profile) -> Profile:
    """As a file has it that does not say how many categories are rare."""
    return replace(profile, streams=tuple(replace(s, other_rare=None) for s in profile.streams))


@pytest.mark.parametrize("as_file_has_it", [lambda profile: profile, older])
def test_many_rare_categories_are_no_alarm(as_file_has_it: Callable[[Profile], Profile]) -> None:
    """Half of the rows have one of 20 categories, half one of 500."""
    chance = np.random.default_rng(3)

    def draw(count: int) -> Column:
        own, other = chance.integers(0, 20, count), chance.integers(100, 600, count)
        return np.where(chance.random(count) < 0.5, own, other).astype(np.float32)

    profile = profile_of(draw(2_000), CATEGORICAL)
    assert profile.streams[0].other_rare is not None
    assert 20 < unseen_of(profile) < 200
    run(as_file_has_it(profile), draw)


@pytest.mark.parametrize("declaration", [DISCRETE, CATEGORICAL])
def test_values_that_a_short_reference_missed_are_no_alarm(declaration: Declaration) -> None:
    """Of some 70 values, 60 rows have about 40, most of them once."""
    chance = np.random.default_rng(7)

    def draw(count: int) -> Column:
        return np.round(chance.normal(size=count) * 12).astype(np.float32)

    run(profile_of(draw(60), declaration), draw)


def run(profile: Profile, draw: Callable[[int], Column]) -> None:
    """Rows that are drawn as the reference's were are no alarm."""
    policy = AlarmPolicy(false_alarm_s=1e4, warmup_ticks=10)
    detection = Detection(Folding(profile), skew_reference(profile), policy)
    slot = profile.slots[0]
    for tick in range(300):
        words = slot_words(slot, draw(100)[:, None])[:, None]
        event, alarm = detection.tick(count_rows(profile, words), 1.0, float(tick))
        assert event == "", alarm
