"""The feed: numbered, bounded, waited for, and the same after a restart."""

import json
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.monitor.incidents.sample_alarms import (
    CROSSED,
    alarm,
    fail,
    notice,
    recovered,
    stream,
)
from tiltyard.monitor.incidents.feed import EVENTS, AlarmFeed, FeedError, Notice

TIMEOUT_S = 20.0


def feed_of(count: int, **options: Any) -> AlarmFeed:
    feed = AlarmFeed(on_bug=fail, **options)
    for number in range(count):
        feed.take("opened", alarm(f"a{number}", f"m{number}"), CROSSED + number)
    return feed


def test_events_are_numbered_from_one_and_read_in_parts() -> None:
    feed = feed_of(5)
    assert feed.seq == 5
    assert [event.seq for event in feed.events(0, 100)] == [1, 2, 3, 4, 5]
    assert [event.seq for event in feed.events(2, 2)] == [3, 4]
    assert feed.events(5, 10) == []
    assert feed.events(0, -1) == []


def test_only_so_many_are_kept_and_the_numbers_say_so() -> None:
    assert [event.seq for event in feed_of(7, events_max=3).events(0, 100)] == [5, 6, 7]


def test_who_waits_is_woken() -> None:
    feed = feed_of(1)
    assert feed.wait_events(0, 0.0)
    assert not feed.wait_events(1, 0.0)
    found: list[bool] = []
    waiting = threading.Thread(target=lambda: found.append(feed.wait_events(1, TIMEOUT_S)))
    waiting.start()
    feed.take("opened", alarm("late"), CROSSED)
    waiting.join(TIMEOUT_S)
    assert found == [True]


def test_listeners_hear_of_events_with_their_incident() -> None:
    heard: list[Notice] = []
    feed = AlarmFeed([heard.append], on_bug=fail)
    feed.take("opened", alarm("a1"), CROSSED)
    feed.take("opened", alarm("a2"), CROSSED)
    feed.take("recovered", recovered(alarm("a1")), CROSSED)
    feed.take("recovered", recovered(alarm("a2")), CROSSED)
    assert [one.is_first for one in heard] == [True, False, False, False]
    assert [one.incident.is_open for one in heard] == [True, True, True, False]
    assert {one.event.incident for one in heard} == {"i-a1"}
    assert feed.incidents() == []
    assert feed.counters() == {**dict.fromkeys(EVENTS, 0), "opened": 2, "recovered": 2}


def test_a_listener_that_fails_does_not_keep_the_others_from_it() -> None:
    bugs: list[str] = []
    heard: list[int] = []

    def broken(notice: Notice) -> None:
        raise KeyError(notice.event.event)

    feed = AlarmFeed(
        [broken, lambda notice: heard.append(notice.event.seq)],
        on_bug=lambda where, error: bugs.append(f"{where}: {error}"),
    )
    assert feed.take("opened", alarm(), CROSSED).seq == 1
    assert (bugs, heard) == (["alarm event 1: 'opened'"], [1])


def test_listeners_hear_of_events_in_their_order() -> None:
    heard: list[int] = []
    feed = AlarmFeed([lambda notice: heard.append(notice.event.seq)], on_bug=fail)
    go = threading.Barrier(4)

    def take() -> None:
        go.wait(TIMEOUT_S)
        for _ in range(50):
            feed.take("named", alarm(), CROSSED)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT_S)
    assert heard == list(range(1, 201))


@pytest.mark.parametrize("event", EVENTS)
def test_an_acknowledgement_silences_names_alone(event: str) -> None:
    assert not notice(event, alarm()).is_silenced
    seen = alarm(acknowledged_by="ann", acknowledged_at=CROSSED)
    assert notice(event, seen).is_silenced == (event == "named")


def test_another_word_is_refused() -> None:
    with pytest.raises(ValueError, match="event 'exploded' of alarm a1: expected one of"):
        AlarmFeed(on_bug=fail).take("exploded", alarm(), CROSSED)


SIZES = st.none() | st.floats(allow_nan=False)
NAMES = st.text(max_size=5)


@given(st.lists(st.tuples(NAMES, SIZES, st.sampled_from(["opened", "recovered"])), max_size=5))
def test_what_is_saved_is_what_is_restored(rows: list[tuple[str, float | None, str]]) -> None:
    feed = AlarmFeed(on_bug=fail)
    for number, (name, size, event) in enumerate(rows):
        one = alarm(f"a{number}", name, streams=(stream(name, size_sigma=size),))
        feed.take(event, one if event == "opened" else recovered(one), CROSSED)
    again = AlarmFeed(on_bug=fail)
    again.restore(feed.save())
    assert again.events(0, 99) == feed.events(0, 99)
    assert (again.seq, again.incidents()) == (feed.seq, feed.incidents())


def test_a_restored_feed_goes_on_and_tells_nobody_again() -> None:
    heard: list[Notice] = []
    again = AlarmFeed([heard.append], on_bug=fail)
    again.restore(feed_of(3).save())
    assert heard == []
    assert again.wait_events(2, 0.0)
    again.take("recovered", recovered(alarm("a1", "m1")), CROSSED)
    assert [(one.event.seq, one.event.incident) for one in heard] == [(4, "i-a1")]


def broken_state(**changes: Any) -> str:
    return json.dumps({**json.loads(feed_of(1).save()), **changes})


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        broken_state(format=2),
        broken_state(seq="many"),
        broken_state(events=[{"seq": 1}]),
        broken_state(incidents=[{"id": 3}]),
    ],
)
def test_what_is_no_feed_is_refused_and_changes_nothing(text: str) -> None:
    feed = AlarmFeed(on_bug=fail)
    with pytest.raises(FeedError, match="saved alarm events"):
        feed.restore(text)
    assert (feed.seq, feed.events(0, 9)) == (0, [])


def test_a_feed_that_has_begun_cannot_be_restored() -> None:
    feed = feed_of(1)
    with pytest.raises(FeedError, match="events were taken before the feed was restored: 1"):
        feed.restore(feed.save())
