"""Counters go on when what counts them begins anew."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiltyard.ops import metrics_ledger
from tiltyard.ops.metrics_ledger import SETTLE_S, SETTLE_S_MAX, SHOWN_S, Counts, Ledger

OWNER = ("m", "1")
SERIES = ("requests_total", ("m", "1"))


class Rollout:
    """What is seen of one, with a single arm."""

    def __init__(self, count: int = 0, in_flight: int = 0) -> None:
        self.count = count
        self.in_flight = in_flight
        self.reads = 0

    def counters(self) -> dict[str, Any]:
        self.reads += 1
        arm = {"count": self.count, "in_flight": self.in_flight}
        return {"arms": [arm], "shadows": [], "unsplit": None}


def read(counters: Mapping[str, Any]) -> Counts:
    return {OWNER: {SERIES: counters["arms"][0]["count"]}}


class Book:
    """A ledger with a clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.ledger = Ledger(read, clock=lambda: self.now)

    def total(self, versions: Counts | None = None) -> float:
        return self.ledger.collect(versions or {}).sums.get(OWNER, {}).get(SERIES, 0)


def test_a_rollout_that_replaces_another_goes_on_from_it() -> None:
    book = Book()
    first, second = Rollout(10), Rollout()
    book.ledger.take([first])
    assert book.total() == 10
    book.ledger.take([second])
    assert book.total() == 10
    first.count, second.count = 12, 5  # what was in flight ends where it began
    assert book.total() == 17
    book.now += SETTLE_S
    assert book.total() == 17
    first.count = 99  # its account is closed
    assert book.total() == 17


def test_what_is_in_force_is_given_as_it_is() -> None:
    book = Book()
    book.ledger.take([Rollout(1)])
    book.ledger.take([Rollout(2, in_flight=3)])
    (found,) = book.ledger.collect({}).in_force
    assert found["arms"] == [{"count": 2, "in_flight": 3}]


def test_one_that_was_replaced_before_anybody_looked_is_not_missed() -> None:
    book = Book()
    for count in (3, 4, 5):
        book.ledger.take([Rollout(count)])
    assert book.total() == 12
    book.now += SETTLE_S
    assert book.total() == 12


def test_a_rollout_with_requests_in_flight_is_waited_for() -> None:
    book = Book()
    slow = Rollout(1, in_flight=2)
    book.ledger.take([slow])
    book.ledger.take([])
    book.now += 2 * SETTLE_S
    book.ledger.settle()
    slow.count, slow.in_flight = 3, 0
    book.ledger.settle()
    reads = slow.reads
    book.ledger.settle()
    assert slow.reads == reads  # nobody holds it any more
    assert (book.total(), book.ledger.unsettled) == (3, 0)


def test_one_that_comes_back_at_once_is_counted_once() -> None:
    book = Book()
    rollout = Rollout(3)
    for rollouts in ([rollout], [], [rollout]):
        book.ledger.take(rollouts)
    assert book.total() == 3
    book.now += SETTLE_S
    assert book.total() == 3


def test_settling_waits_for_nobody() -> None:
    book = Book()
    with book.ledger._lock:
        book.ledger.settle()
        book.ledger.take([Rollout(1)])
    assert book.total() == 1


def test_what_never_ends_is_let_go_and_counted() -> None:
    book = Book()
    book.ledger.take([Rollout(1, in_flight=2)])
    book.ledger.take([])
    book.ledger.settle()
    book.now += SETTLE_S_MAX
    book.ledger.settle()
    assert (book.total(), book.ledger.unsettled) == (1, 2)


def test_a_version_that_is_loaded_again_goes_on() -> None:
    book = Book()
    assert book.total({OWNER: {SERIES: 7}}) == 7
    assert book.total() == 7
    assert book.total({OWNER: {SERIES: 2}}) == 9
    assert book.total({OWNER: {SERIES: 1}}) == 10  # gone and back between two looks


def test_counts_of_who_is_gone_are_told_for_a_while_and_kept() -> None:
    book = Book()
    book.ledger.take([Rollout(4)])
    book.ledger.take([])
    book.now += SETTLE_S
    book.ledger.settle()
    book.now += SHOWN_S
    assert book.total() == 4
    book.now += 1
    assert book.total() == 0
    book.ledger.take([Rollout(1)])
    assert book.total() == 5


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_ledger, "OWNERS_KEPT_MAX", 2)
    book = Book()
    for number in range(5):
        book.ledger.collect({("m", str(number)): {SERIES: 1}})
    book.ledger.collect({})
    assert book.ledger.forgotten == 3
    assert book.ledger.collect({}).sums.keys() == {("m", "3"), ("m", "4")}


STEPS = st.lists(
    st.sampled_from(["count", "replace", "tick", "settle", "collect", "version", "unload"]),
    max_size=60,
)


@given(STEPS)
def test_no_walk_makes_a_total_smaller_or_loses_a_count(steps: list[str]) -> None:
    book = Book()
    rollout, version = Rollout(), 0
    book.ledger.take([rollout])
    counted = of_version = 0
    for step in [*steps, "collect"]:
        if step == "count":
            rollout.count += 1
            counted += 1
        elif step == "replace":
            rollout = Rollout()
            book.ledger.take([rollout])
        elif step == "tick":
            book.now += SETTLE_S / 2
        elif step == "settle":
            book.ledger.settle()
        elif step == "version":
            version += 1
            of_version += 1
            book.total({OWNER: {SERIES: version}})
        elif step == "unload":
            version = 0
            book.total()
        versions: Counts = {OWNER: {SERIES: version}} if version else {}
        assert book.total(versions) == counted + of_version
