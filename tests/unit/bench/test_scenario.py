import pytest

from bench.results import Measurement
from bench.scenarios import ALL
from bench.scenarios.fairness import counted, largest_share
from bench.scenarios.scenario import at_least, at_most, ratio
from bench.scenarios.serving import THROUGHPUT_SCENARIO


def test_a_bar_is_met_missed_or_not_measured() -> None:
    assert [at_least("t", 2.0, v).met for v in (2.0, 1.9, None)] == [True, False, None]
    assert [at_most("t", 2.0, v).met for v in (2.0, 2.1, None)] == [True, False, None]


@pytest.mark.parametrize(("a", "b"), [(None, 1.0), (1.0, None), (1.0, 0.0)])
def test_no_ratio_without_both_sides(a: float | None, b: float | None) -> None:
    assert ratio(a, b) is None


def test_largest_share_counts_only_what_came_between() -> None:
    assert largest_share([1_000, 10], [1_100, 310]) == 0.75


def test_requests_are_read_from_each_report() -> None:
    log = "x [info] counters calls=[9, 9] infer_requests=[1, 20] y\n… infer_requests=[3, 40]"
    assert counted(log) == [[1, 20], [3, 40]]


def figures(client_busy: float) -> list[Measurement]:
    rows = [("tiltyard", 240_000.0, 4.0, client_busy), ("grpcio_aio", 3_000.0, 320.0, 0.1)]
    return [
        Measurement(
            "throughput",
            "W1 16x8",
            server,
            0,
            {"throughput": rate, "server_cpu_us": cpu, "client_busy": busy},
        )
        for server, rate, cpu, busy in rows
    ]


def test_throughput_counts_only_while_the_client_is_not_the_limit() -> None:
    idle = THROUGHPUT_SCENARIO.bars(figures(0.89))
    assert [bar.value for bar in idle[:2]] == [80.0, 80.0]
    busy = THROUGHPUT_SCENARIO.bars(figures(0.9))
    assert [bar.value for bar in busy[:2]] == [None, 80.0]
    assert busy[0].note == "not counted: client 90% busy"


def test_every_scenario_has_bars_without_a_measurement() -> None:
    for scenario in ALL:
        assert [bar for bar in scenario.bars([]) if bar.met is not None] == []
