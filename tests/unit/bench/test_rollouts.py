from dataclasses import replace

import pytest

from bench.load import Report, VersionReplies
from bench.rollouts import nearer, silent, wait_for
from bench.server import ServerError

REPORT = Report(
    throughput=200_000.0,
    completed=10,
    replies=12,
    server_cpu_us=2.5,
    server_busy=0.5,
    client_busy=0.5,
    p50_us=1.0,
    p90_us=1.0,
    p99_us=1.0,
    p999_us=1.0,
    max_us=1.0,
    late_max_us=0.0,
)


@pytest.mark.parametrize(
    ("busy", "rate"),
    [(0.5, 1_000.0), (0.4, 1_250.0), (0.625, 800.0), (0.9999, 500.05), (0.01, 2_000.0), (0, 2_000)],
)
def test_the_search_for_half_load_goes_towards_it_in_steps(busy: float, rate: float) -> None:
    assert nearer(1_000.0, busy) == pytest.approx(rate, rel=1e-4)


def test_a_version_that_never_answered_is_told() -> None:
    answered = VersionReplies(3, 1, 2)
    report = replace(REPORT, versions={"1": answered, "2": VersionReplies(0, 0, 0)})
    assert silent(report, (1,)) == []
    assert silent(report, (1, 2, 3)) == ["version 2 never answered", "version 3 never answered"]


def test_waiting_ends_when_it_is_true_or_too_late() -> None:
    answers = iter([False, False, True])
    wait_for(lambda: next(answers), "the third answer")
    with pytest.raises(ServerError, match=r"waited 0.01 s for nothing, in vain"):
        wait_for(lambda: False, "nothing", 0.01)
