from dataclasses import replace

import pytest

from bench.load import Report, VersionReplies
from bench.rollouts import half_load, silent, wait_for
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


def test_half_load_is_an_open_loop_at_half_the_rate() -> None:
    shape = half_load(REPORT)
    assert (shape.connections, shape.streams, shape.rate) == (16, 8, 100_000.0)


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
