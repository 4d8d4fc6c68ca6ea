"""The bars of the scenario drift, from figures that are given."""

from bench.results import Measurement
from bench.scenarios import drift
from bench.scenarios.scenario import Bar
from bench.servers import GATEWAY
from bench.watched import Accounts


def measured(load: str, kind: str, *faults: str, **values: float) -> Measurement:
    return Measurement("drift", f"{load}, {kind}", GATEWAY, 0, values, list(faults))


def bar(found: list[Measurement], text: str) -> Bar:
    (one,) = (bar for bar in drift.SCENARIO.bars(found) if text in bar.text)
    return one


def runs(load: str, *, io: float, total: float, dropped: float = 0) -> list[Measurement]:
    return [
        measured(load, drift.OFF, io_cpu_us=3.0, total_cpu_us=3.1),
        measured(load, drift.ON, io_cpu_us=io, total_cpu_us=total, dropped=dropped),
    ]


def test_costs_are_held_against_those_of_counting_nothing() -> None:
    found = runs(drift.FULL, io=3.12, total=3.6)
    io, total = (bar(found, f"{drift.FULL}: {what} CPU time") for what in ("io", "all"))
    assert (round(io.value or 0, 6), io.met) == (1.04, True)
    assert (total.limit, total.met) == (1.12, False)
    assert bar(found, f"{drift.HALF}: io").met is None


def test_one_row_dropped_at_half_load_misses_the_bar() -> None:
    assert bar(runs(drift.HALF, io=3.0, total=3.2), "rows dropped").met is True
    found = runs(drift.HALF, io=3.0, total=3.2, dropped=1)
    dropped = bar(found, "rows dropped")
    assert (dropped.value, dropped.met) == (1, False)
    assert "1 rows dropped" in bar(found, f"{drift.HALF}: all").note


def test_a_run_with_a_fault_says_nothing_of_drops() -> None:
    found = [measured(drift.HALF, drift.ON, "3 rows were lost", dropped=0)]
    assert bar(found, "rows dropped").met is None


def test_accounts_that_do_not_come_out_are_a_fault() -> None:
    assert drift.faults_of(Accounts(10, 8, 2)) == []
    assert "1 rows" in drift.faults_of(Accounts(10, 8, 1))[0]
    assert "nothing" in drift.faults_of(Accounts(0, 0, 0))[0]
