"""Section 7 of alarm.md: how long changes last until they are alarms. 40 runs a row."""

from functools import cache

import pytest

from bench.drift_changes import CHANGES, TICKS_MAX, Change, Delay
from bench.drift_swap import SWAP
from bench.scenarios.delay import LEADING_MIN, LIMITS, all_delays, values_of

RUNS = 40
REFERENCES = list(LIMITS)
# Medians in ticks of what has no limit of its own, T = 30 days; alarm.md's with room for kappa.
FOUND_WITHIN = {
    "variance x 2": 12,
    "variance x 1/2": 10,
    "missing 5 %": 6,
    "two humps": 8,
    "five features 0.2 sigma": 40,
    "new category 1 %": 60,
    "unit x 100": 1,
    SWAP.name: 6,
}


@cache
def simulated(reference: tuple[int, float]) -> dict[Change, list[Delay]]:
    return dict(all_delays(*reference, RUNS))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("reference", REFERENCES)
def test_mean_shifts_alarm_in_time(reference: tuple[int, float]) -> None:
    late = []
    for change, found in simulated(reference).items():
        values = values_of(change, found)
        assert len(found) == RUNS
        if change.name in LIMITS[reference]:
            short, long = LIMITS[reference][change.name]
            if values["t1e3_median_ticks"] > short or values["t30d_median_ticks"] > long:
                late.append((change.name, values))
    assert late == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize("reference", REFERENCES)
def test_all_other_changes_are_found_in_every_run(reference: tuple[int, float]) -> None:
    """But not 0.15 sigma: some references of 5,000 rows have it at 0.11, hardly beyond delta."""
    found_at = {
        change.name: sorted(delay.ticks[-1] for delay in found)
        for change, found in simulated(reference).items()
        if change.name != "mean 0.15 sigma"
    }
    assert max(ticks[-1] for ticks in found_at.values()) <= TICKS_MAX
    late = {n: found_at[n] for n, limit in FOUND_WITHIN.items() if found_at[n][RUNS // 2] > limit}
    assert late == {}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("reference", REFERENCES)
def test_what_is_named_is_what_changed(reference: tuple[int, float]) -> None:
    for change, found in simulated(reference).items():
        values = values_of(change, found)
        assert values["leading_inside"] >= LEADING_MIN, (change.name, values)
        assert values["told_right"] >= LEADING_MIN, (change.name, values)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("reference", REFERENCES)
def test_the_onset_is_told_with_its_range(reference: tuple[int, float]) -> None:
    """Weights are over all starts, while a run has one, so a few ranges miss."""
    found = [delay for delays in simulated(reference).values() for delay in delays]
    assert sum(delay.is_in_range for delay in found) >= 0.85 * len(found)
    assert sorted(abs(delay.onset_error) for delay in found)[len(found) // 2] <= 1


def test_every_change_is_simulated() -> None:
    told = {change.name for change in CHANGES} | {SWAP.name}
    assert set(FOUND_WITHIN) | set(LIMITS[REFERENCES[0]]) <= told
