"""Calls of an operator, in this process and in one of its own."""

import time
from collections.abc import Iterator

import pytest

from bench.load import LoadError
from bench.operator_process import Operator, call_each
from tests.unit.admin.serving import Served, serving
from tiltyard.client import AdminClient


@pytest.fixture
def served() -> Iterator[Served]:
    with serving() as found:
        found.control.add("fraud", 1, 2)
        yield found


def champions_asked(served: Served) -> list[str]:
    calls = served.control.calls
    return [given["name"] for method, given in calls if method == "set_champion"]


def test_each_call_is_made_with_its_arguments_and_failures_are_counted(served: Served) -> None:
    with AdminClient(served.address) as admin:
        arguments = [("fraud", 2), ("nobody", 1), ("fraud", 1)]
        before = time.monotonic_ns()
        calls = call_each(admin, "set_champion", arguments, 0.0)
    assert (calls.done, calls.failed) == (2, 1)
    assert "nobody" in calls.first_failure
    assert before <= calls.first_sent_ns < calls.last_returned_ns <= time.monotonic_ns()
    assert 0 < calls.p50_ms <= calls.max_ms
    assert champions_asked(served) == ["fraud", "nobody", "fraud"]


def test_calls_are_spread_over_the_time(served: Served) -> None:
    with AdminClient(served.address) as admin:
        calls = call_each(admin, "get_route", [("fraud",)] * 4, 0.4)
    assert calls.done == 4
    assert (calls.last_returned_ns - calls.first_sent_ns) / 1e9 >= 0.3


def test_calls_end_when_the_time_is_over(served: Served) -> None:
    with AdminClient(served.address) as admin:
        calls = call_each(admin, "get_route", [("fraud",)] * 100_000, 0.05)
    assert 0 < calls.done < 100_000


def test_an_operator_calls_from_a_process_of_its_own(served: Served) -> None:
    with Operator(served.address, 0, 0) as operator:
        before = time.monotonic_ns()
        calls = operator.call("set_champion", "fraud", 2)
        assert before <= calls.first_sent_ns <= calls.last_returned_ns <= time.monotonic_ns()
        assert operator.call("set_champion", "nobody", 2).failed == 1
    assert champions_asked(served) == ["fraud", "nobody"]


def test_an_operator_that_reaches_nobody_says_so(closed_port: int) -> None:
    with pytest.raises(LoadError, match="the operator's process ended"):
        Operator(f"127.0.0.1:{closed_port}", 0, 0)
