"""The outbox: at least once, in order, bounded; waits grow to an hour and end in a day."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiltyard.monitor.incidents.outbox import (
    BACKOFF_S_MAX,
    TRYING_S_MAX,
    Delivery,
    Outbox,
)


def delivery(name: str, group: str = "i", *, due: float = 0.0, merges: str = "") -> Delivery:
    return Delivery(name, group, merges, f"body of {name}", created=0.0, due=due)


def outbox(*names: str, jitter: float = 1.0, **options: Any) -> Outbox:
    made = Outbox(lambda: jitter, **options)
    for name in names:
        assert made.put(delivery(name, name)) is None
    return made


def take(box: Outbox, now: float = 0.0) -> Delivery:
    found = box.take(now)
    assert found is not None
    return found


def test_what_is_delivered_is_gone() -> None:
    box = outbox("a", "b")
    box.ended(take(box), "delivered")
    assert (take(box).id, len(box)) == ("b", 1)
    assert (box.counts["delivered"], box.counts["attempts"]) == (1, 2)


def test_waits_double_up_to_an_hour() -> None:
    box = outbox("a")
    now, waits = 0.0, []
    for _ in range(15):
        waits.append(box.failed(take(box, now), now))
        now += waits[-1]
        assert box.next_due() == now
    assert waits[:12] == [2.0**k for k in range(12)]
    assert waits[12:] == [BACKOFF_S_MAX] * 3
    assert box.counts["failed"] == 15


def test_jitter_takes_off_up_to_half() -> None:
    box = outbox("a", jitter=0.0)
    assert box.failed(take(box), 0.0) == 0.5


def test_it_waits_as_long_as_the_receiver_asks_but_no_more_than_an_hour() -> None:
    box = outbox("a", "b")
    assert box.failed(take(box), 0.0, 120.0) == 120.0
    assert box.failed(take(box), 0.0, 1e9) == BACKOFF_S_MAX


def test_after_a_day_it_is_given_up() -> None:
    box = outbox("a")
    box.failed(take(box), 0.0)
    assert box.expire(TRYING_S_MAX - 1) == []
    assert [one.id for one in box.expire(TRYING_S_MAX)] == ["a"]
    assert (len(box), box.counts["expired"], box.next_due()) == (0, 1, None)


def test_events_of_one_incident_stay_in_order_and_others_pass() -> None:
    box = Outbox(lambda: 1.0)
    for one in (delivery("open"), delivery("recovered"), delivery("other", "j", due=0.5)):
        box.put(one)
    first = take(box)
    box.failed(first, 0.0)
    assert first.id == "open"
    assert box.take(0.0) is None
    assert take(box, 0.5).id == "other"
    box.ended(delivery("other"), "delivered")
    again = take(box, 1.0)
    assert (again.id, again.attempts) == ("open", 1)
    box.ended(again, "refused")
    assert take(box, 1.0).id == "recovered"


def test_more_names_of_one_alarm_are_one_event_until_it_is_tried() -> None:
    box = Outbox(lambda: 1.0)
    box.put(delivery("two names", due=30.0, merges="a"))
    box.put(delivery("three names", due=31.0, merges="a"))
    box.put(delivery("another alarm", due=30.0, merges="b"))
    assert [one["id"] for one in box.pending()] == ["three names", "another alarm"]
    assert box.next_due() == 30.0  # not put off
    tried = take(box, 30.0)
    box.put(delivery("four names", due=60.0, merges="a"))
    assert len(box) == 3  # what is under way is not changed
    box.failed(tried, 30.0)
    box.put(delivery("five names", due=61.0, merges="a"))
    assert [one["id"] for one in box.pending()] == ["three names", "another alarm", "five names"]
    assert box.counts["merged"] == 2


def test_what_is_said_later_is_withdrawn_but_for_what_is_under_way() -> None:
    box = Outbox(lambda: 1.0)
    box.put(delivery("a", merges="x"))
    tried = take(box)
    box.put(delivery("b", merges="x"))
    box.put(delivery("c", merges="y"))
    box.withdraw("x")
    assert [one["id"] for one in box.pending()] == ["a", "c"]
    assert (tried.id, box.counts["merged"]) == ("a", 1)
    box.failed(tried, 0.0)
    box.withdraw("x")
    assert [one["id"] for one in box.pending()] == ["c"]


def test_what_is_rejected_is_counted_among_what_fails() -> None:
    box = outbox("a")
    box.failed(take(box), 0.0)
    box.failed(take(box, 1.0), 1.0, is_rejected=True)
    assert (box.counts["failed"], box.counts["rejected"], len(box)) == (2, 1, 1)


def test_a_full_box_gives_up_the_oldest_that_is_not_being_tried() -> None:
    box = outbox("a", "b", "c", items_max=3)
    take(box)
    gone = box.put(delivery("d"))
    assert gone is not None
    assert gone.id == "b"
    assert [one["id"] for one in box.pending()] == ["a", "c", "d"]
    assert box.counts["dropped"] == 1


def test_one_that_was_given_up_while_it_was_tried_stays_so() -> None:
    box = outbox("a")
    tried = take(box)
    box.expire(TRYING_S_MAX)
    box.failed(tried, TRYING_S_MAX)
    assert len(box) == 0


def test_a_stopped_box_takes_nothing_more() -> None:
    box = outbox("a", "b")
    assert box.stop() == 2
    assert box.put(delivery("c")) is not None
    assert (len(box), box.counts["dropped"], box.take(0.0)) == (0, 3, None)


def test_what_is_pending_survives_and_comes_first() -> None:
    box = outbox("a", "b")
    box.failed(take(box), 0.0)
    saved = json.loads(json.dumps(box.pending()))
    again = outbox("c")
    again.restore([Delivery(**one) for one in saved])
    assert [one["id"] for one in again.pending()] == ["a", "b", "c"]
    assert again.pending()[0] == {**saved[0], "attempts": 1, "due": 1.0}
    small = outbox("c", items_max=2)
    small.restore([Delivery(**one) for one in saved])
    assert [one["id"] for one in small.pending()] == ["b", "c"]
    assert small.counts["dropped"] == 1


def test_the_same_event_is_not_taken_twice() -> None:
    box = outbox("a")
    assert box.put(delivery("a")) is None
    assert len(box) == 1


ACTS = st.lists(st.sampled_from(["put", "deliver", "refuse", "fail", "expire", "tick"]))


@given(ACTS, st.integers(1, 4))
def test_every_event_is_accounted_for(acts: list[str], items_max: int) -> None:
    box = Outbox(lambda: 0.5, items_max=items_max)
    now, offered, ended = 0.0, 0, 0
    for act in acts:
        if act == "put":
            offered += 1
            box.put(Delivery(str(offered), str(offered % 2), "", "", created=now, due=now))
        elif act == "tick":
            now += TRYING_S_MAX / 3
        elif act == "expire":
            ended += len(box.expire(now))
        elif (tried := box.take(now)) is not None:
            if act == "fail":
                box.failed(tried, now)
            else:
                box.ended(tried, "delivered" if act == "deliver" else "refused")
        counts = box.counts
        over = sum(counts[name] for name in ("delivered", "refused", "expired", "dropped"))
        assert offered == over + len(box)
        assert len(box) <= items_max
    assert box.counts["expired"] == ended


@pytest.mark.parametrize("how", ["delivered", "refused"])
def test_each_end_is_counted(how: str) -> None:
    box = outbox("a")
    box.ended(take(box), how)
    assert (box.counts[how], len(box)) == (1, 0)
