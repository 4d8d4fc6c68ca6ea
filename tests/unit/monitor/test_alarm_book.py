from dataclasses import replace

import pytest

from tiltyard.monitor.alarm_book import CLOSED_KEPT, AlarmBook, AlarmBookError
from tiltyard.monitor.incidents.feed import AlarmFeed
from tiltyard.monitor.snapshot import Alarm, AlarmStream, PlaneKey

STREAM = AlarmStream(
    "amount", "location up", 7.0, 0.9, True, False, 0.5, 0.1, 0.02, (("> 9", 0.01, 0.2),)
)
ALARM = Alarm(
    id="a1",
    kind="drift",
    key=PlaneKey("fraud", 2, "champion"),
    state="open",
    crossed_at=100.0,
    onset=90.0,
    onset_from=88.0,
    onset_to=95.0,
    evidence_log10=6.5,
    false_alarm_s=2_592_000.0,
    kappa=1.2,
    reference_digest="b1",
    n_reference=20_000,
    n_current=1_000,
    streams=(STREAM,),
)


def fail(where: str, error: BaseException) -> None:
    raise AssertionError(where) from error


def book() -> tuple[AlarmBook, AlarmFeed]:
    feed = AlarmFeed(on_bug=fail)
    return AlarmBook(feed), feed


def test_what_happens_is_kept_and_told() -> None:
    kept, feed = book()
    kept.take("opened", ALARM, 100.0)
    seen = kept.acknowledge(ALARM, "ann", 110.0, "known")
    assert (seen.acknowledged_by, seen.note, seen.state) == ("ann", "known", "open")
    named = kept.take("named", replace(ALARM, acknowledged_by="ann", n_current=2_000), 120.0)
    assert named.note == "known", "a detector knows of no note"
    closed = kept.close(named, "superseded by v3", 130.0)
    assert kept.find("a1") == closed
    assert (closed.state, closed.closed_by, closed.closed_at) == (
        "superseded",
        "superseded by v3",
        130.0,
    )
    events = [event.event for event in feed.events(0, 9)]
    assert events == ["opened", "acknowledged", "named", "superseded"]


def test_open_ones_come_first_and_stay() -> None:
    kept, _ = book()
    kept.take("opened", ALARM, 100.0)
    for number in range(CLOSED_KEPT + 3):
        over = replace(ALARM, id=f"c{number}", state="recovered", crossed_at=200.0 + number)
        kept.take("recovered", over, 200.0 + number)
    other = replace(ALARM, id="a2", key=PlaneKey("credit", 1, "champion"), crossed_at=300.0)
    kept.take("opened", other, 300.0)
    assert [alarm.id for alarm in kept.all()[:3]] == ["a2", "a1", f"c{CLOSED_KEPT + 2}"]
    assert len(kept.all()) == CLOSED_KEPT + 2
    assert kept.find("c0") is None
    assert [alarm.id for alarm in kept.all("fraud", open_only=True)] == ["a1"]


def test_it_is_saved_as_json() -> None:
    kept, _ = book()
    kept.take("opened", ALARM, 100.0)
    restored, feed = book()
    restored.restore(kept.save())
    assert restored.all() == [ALARM]
    assert feed.seq == 0, "nothing has happened"


@pytest.mark.parametrize("text", ["", "{}", '{"format": 9, "alarms": []}', '{"format": 1}'])
def test_what_it_has_not_saved_is_refused(text: str) -> None:
    kept, _ = book()
    with pytest.raises(AlarmBookError, match="saved alarms"):
        kept.restore(text)
