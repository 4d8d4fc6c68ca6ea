"""The bars of the rollout scenarios, from figures that are given."""

import pytest

from bench.results import Measurement
from bench.scenarios import bigload, canary, rollback, shadow, swap
from bench.scenarios.scenario import Bar
from bench.servers import GATEWAY


def measured(scenario: str, case: str, **values: float) -> Measurement:
    return Measurement(scenario, case, GATEWAY, 0, values)


def verdicts(bars: list[Bar]) -> list[bool | None]:
    return [bar.met for bar in bars]


def test_a_storm_is_calm_enough_or_not() -> None:
    found = [
        measured("swap", swap.CALM, p999_us=400.0),
        measured("swap", swap.STORM, p999_us=900.0, swaps=1_000, storm_s=60.0, late_max_us=3.0),
        measured("swap", swap.CHANGES, changes=10_000, ratio=0.985),
        measured("swap", swap.CYCLES, cycles=1_000, rss_growth=0.019),
    ]
    bars = swap.SCENARIO.bars(found)
    assert verdicts(bars) == [True, True, False, True, False, True]
    assert [bar.note for bar in bars if bar.note.startswith("only")] == []


def test_a_quick_run_says_of_how_much_it_speaks() -> None:
    found = [
        measured("swap", swap.CHANGES, changes=200, ratio=1.0),
        measured("swap", swap.CYCLES, cycles=50, rss_growth=0.0),
    ]
    notes = [bar.note for bar in swap.SCENARIO.bars(found)]
    assert notes[3:] == ["only 200 of 10,000", "only 200 of 10,000", "only 50 of 1,000"]


def test_one_fault_in_a_storm_misses_the_bar() -> None:
    wrong = Measurement("swap", swap.STORM, GATEWAY, 0, {"swaps": 1_000}, ["1 wrong replies"])
    (bar,) = (bar for bar in swap.SCENARIO.bars([wrong]) if "failed or wrong" in bar.text)
    assert (bar.value, bar.met) == (1.0, False)


def test_the_run_in_flight_is_not_held_against_a_rollback() -> None:
    done = rollback.Rollback(last_reply_ms=12.0, call_ms=3.0, run_ms=8.0, faults=[])
    assert done.beyond_run_ms == 4.0
    found = [
        measured("rollback", rollback.INLINE, beyond_run_max_ms=5.1),
        measured("rollback", rollback.QUEUED, beyond_run_max_ms=4.0),
    ]
    assert verdicts(rollback.SCENARIO.bars(found)) == [False, True]


def test_a_large_load_is_compared_with_the_time_before_it() -> None:
    found = [
        measured("bigload", bigload.IDLE, load_s=2.0),
        measured("bigload", bigload.CALM, p99_us=100.0),
        measured("bigload", bigload.LOADING, p99_us=140.0, max_us=50_001.0, load_s=6.0),
    ]
    assert verdicts(bigload.SCENARIO.bars(found)) == [True, False, True]


def test_a_canary_is_compared_with_the_plain_plane_of_the_same_shape() -> None:
    found = [
        measured("canary", "W1 16x8 plain", server_cpu_us=2.0),
        measured("canary", "W1 16x8 canary", server_cpu_us=2.3),
        measured("canary", "W1 1x32 keyed plain", instructions=20_000),
        measured("canary", "W1 1x32 keyed canary", instructions=21_000),
    ]
    assert verdicts(canary.SCENARIO.bars(found)) == [None, False, True, None]


@pytest.mark.parametrize(("p99_us", "met"), [(131.0, True), (133.0, False)])
def test_a_bad_shadow_may_not_show_in_the_noise(p99_us: float, met: bool) -> None:
    found = [
        measured("shadow", f"{shadow.HALF} before", p99_us=100.0),
        measured("shadow", f"{shadow.HALF} after", p99_us=120.0),
        measured("shadow", f"{shadow.HALF}, shadow: NaN", p99_us=p99_us),
    ]
    (bar,) = (bar for bar in shadow.SCENARIO.bars(found) if "NaN" in bar.text)
    assert bar.limit == pytest.approx(1.2)
    assert bar.met is met
