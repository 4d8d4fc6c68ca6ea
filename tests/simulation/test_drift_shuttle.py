"""River's Shuttle, tick by tick: how soon real anomalies are an alarm, and that nothing else is.

The detector is a gateway's, warm-up and all; rows are counted by the recount in numpy. T = 10^4
ticks, as in alarm.md section 8.
"""

from functools import cache

import numpy as np
import numpy.typing as npt
import pytest

from tests.e2e.test_drift_shuttle import REFERENCE_ROWS, TICK_ROWS, read_shuttle
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.detection import DRIFT, Detection, Reference
from tiltyard.monitor.folding import Folding
from tiltyard.monitor.profile.build import profile_of_columns
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.recount import count_rows
from tiltyard.monitor.skew import skew_reference

Rows = npt.NDArray[np.float32]

POLICY = AlarmPolicy(false_alarm_s=1e4)
WARM_UP = POLICY.warmup_ticks + 10
DRAWS = 24
TICKS_MAX = 100


@cache
def shuttle() -> tuple[Rows, Rows]:
    return read_shuttle()


@cache
def watched() -> tuple[Profile, Folding]:
    reference = shuttle()[0][:REFERENCE_ROWS]
    columns = {f"x{i}": np.ascontiguousarray(reference[:, i]) for i in range(reference.shape[1])}
    profile = profile_of_columns(columns, {"score": score(reference)})
    return profile, Folding(profile)


@cache
def weights() -> Rows:
    found: Rows = (1.0 / shuttle()[0][:REFERENCE_ROWS].std(axis=0)).astype(np.float32)
    return found


def score(rows: Rows) -> Rows:
    found: Rows = rows @ weights()
    return found


def counts(rows: Rows) -> Ints:
    words = np.column_stack([rows, score(rows)]).view(np.uint32)
    return count_rows(watched()[0], words)


class Told:
    """Bets ticks one after another."""

    def __init__(self, reference: Reference) -> None:
        self.detection = Detection(watched()[1], reference, POLICY)
        self.ticks = 0

    def bet(self, rows: Rows) -> str:
        self.ticks += 1
        return self.detection.tick(counts(rows), 1.0, float(self.ticks))[0]

    def bet_all(self, rows: Rows) -> list[str]:
        return [self.bet(rows[at : at + TICK_ROWS]) for at in range(0, len(rows), TICK_ROWS)]


def drawn(chance: np.random.Generator, rows: Rows, count: int) -> Rows:
    found: Rows = rows[chance.integers(len(rows), size=count)]
    return found


def skew() -> Told:
    return Told(skew_reference(watched()[0]))


def ticks_until_found(share: float, seed: int) -> int:
    normal, odd = shuttle()[0][REFERENCE_ROWS:], shuttle()[1]
    chance, told = np.random.default_rng(100 + seed), skew()
    assert not any(told.bet_all(drawn(chance, normal, WARM_UP * TICK_ROWS)))
    for passed in range(1, TICKS_MAX + 1):
        rows = drawn(chance, normal, TICK_ROWS)
        is_odd = chance.random(TICK_ROWS) < share
        rows[is_odd] = drawn(chance, odd, int(is_odd.sum()))
        if told.bet(rows) == "opened":
            return passed
    raise AssertionError(f"{share:.0%} anomalies were no alarm in {TICKS_MAX} ticks")


@pytest.mark.parametrize(("share", "ticks_max"), [(0.07, 2), (0.03, 8), (0.01, 20)])
def test_anomalies_are_an_alarm_soon(share: float, ticks_max: int) -> None:
    found = [ticks_until_found(share, seed) for seed in range(DRAWS)]
    assert np.median(found) <= ticks_max, found


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_the_rest_of_the_normal_rows_is_none(seed: int | None) -> None:
    """In the order of the file, and shuffled: against the reference, and against a baseline."""
    rest = shuttle()[0][REFERENCE_ROWS:]
    chance = np.random.default_rng(seed or 0)
    warm_up = drawn(chance, rest, WARM_UP * TICK_ROWS)
    if seed is not None:
        rest = rest[chance.permutation(len(rest))]
    told = skew()
    assert not any([*told.bet_all(warm_up), *told.bet_all(rest)])
    baseline = counts(drawn(chance, rest, 20_000))
    told = Told(Reference(DRIFT, "b", baseline))
    assert not any([*told.bet_all(warm_up), *told.bet_all(rest)])
