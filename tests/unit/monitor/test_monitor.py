import threading
from typing import cast

import numpy as np
import pytest

from tests.unit.monitor.conftest import BOOTED, START, Bench
from tests.unit.monitor.traffic import block_of, columns, recount, reference_profile, words_of
from tiltyard._core import RecordReader
from tiltyard.monitor.bugs import Bugs
from tiltyard.monitor.incidents.feed import AlarmFeed
from tiltyard.monitor.monitor import since
from tiltyard.monitor.policy import DriftPolicy, Segment
from tiltyard.monitor.recording import CANARY, CHAMPION, CHAMPION_AS, SHADOW, SHADOWED

PROFILE = reference_profile()


def test_every_record_is_counted_on_its_plane(bench: Bench) -> None:
    watched = bench.watch(PROFILE)
    parts = [words_of(columns(seed, 60), request_rows=3) for seed in range(1, 5)]
    champion, shadow = (bench.number(watched, role) for role in (CHAMPION, SHADOW))
    assert bench.drain(block_of(champion, parts[0]), block_of(shadow, parts[3])) == 120
    assert bench.drain(block_of(champion, parts[1]), block_of(champion, parts[2])) == 120
    assert bench.reader.released == 2
    for role, own in ((CHAMPION, parts[:3]), (SHADOW, parts[3:])):
        counted = watched.planes[role, ""].panes.totals()
        assert np.array_equal(counted, recount(PROFILE, own))
    assert set(watched.planes) == {(CHAMPION, ""), (SHADOW, "")}
    assert (bench.monitor.rows, bench.monitor.rows_unclaimed) == (240, 0)


def test_a_version_is_bet_whatever_its_role(bench: Bench) -> None:
    watched = bench.watch(PROFILE)
    parts = [words_of(columns(seed, 60)) for seed in range(1, 5)]
    roles = (CHAMPION, CANARY, SHADOW, SHADOWED)
    blocks = [
        block_of(bench.number(watched, role), part) for role, part in zip(roles, parts, strict=True)
    ]
    bench.drain(*blocks)
    counted = since(watched, "", START, bench.clock.unix + 1)
    assert np.array_equal(counted, recount(PROFILE, parts[:3])), "not what the champion answered"
    (detection,) = (one for _, one in watched.detections())
    assert detection.detector.ticks == 1


def test_late_blocks_of_who_is_gone_count(bench: Bench) -> None:
    watched = bench.watch(PROFILE)
    number = bench.number(watched, CHAMPION)
    bench.monitor.unwatch(watched.key)
    bench.drain(block_of(number, words_of(columns(1, 60))))
    assert watched.planes[CHAMPION, ""].panes.totals()[0] == 60
    bench.drain(block_of(999, words_of(columns(1, 30))))
    assert bench.monitor.rows_unclaimed == 30, "of a plane that nobody knows"


def test_a_block_that_cannot_be_counted_takes_no_other_with_it(bench: Bench) -> None:
    bugs: list[str] = []
    bench.monitor.bugs = Bugs(lambda where, _: bugs.append(where))
    watched = bench.watch(PROFILE)
    number = bench.number(watched, CHAMPION)
    narrow = block_of(number, words_of(columns(1, 7))[:, :9].copy())
    for _ in range(2):
        bench.drain(narrow, block_of(number, words_of(columns(1, 60))))
    assert watched.planes[CHAMPION, ""].panes.totals()[0] == 120
    assert bench.monitor.rows_unclaimed == 14
    assert bugs == ["monitor: a block of records"], "and told once"
    assert bench.reader.released == 2


def test_ticks_that_cannot_be_bet_take_no_other_with_them(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bugs: list[str] = []
    bench.monitor.bugs = Bugs(lambda where, _: bugs.append(where))
    broken, other = bench.watch(PROFILE), bench.watch(reference_profile(version=3))

    def fail(*_: float) -> None:
        raise ZeroDivisionError("none")

    monkeypatch.setattr(broken, "close_ticks", fail)
    for watched in (broken, other):
        bench.drain(block_of(bench.number(watched, CHAMPION), words_of(columns(1, 60))))
    assert [one.detector.ticks for _, one in other.detections()] == [1]
    assert bugs == ["monitor: the ticks of fraud version 2"]


def test_the_reader_is_released_whatever_happens(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> float:
        raise ZeroDivisionError("none")

    monkeypatch.setattr(bench.monitor, "now", fail)
    with pytest.raises(ZeroDivisionError):
        bench.drain()
    assert bench.reader.released == 1


def test_a_tick_that_closed_late_does_not_cost_the_next_one(bench: Bench) -> None:
    watched = bench.watch(PROFILE)
    number = bench.number(watched, CHAMPION)
    for late_s in (0.08, 0.0, 0.05, 0.01):
        for drain in range(10):
            after_s = 0.1 + (late_s if drain == 9 else 0.0)
            bench.drain(block_of(number, words_of(columns(drain, 20))), after_s=after_s)
    bench.drain(block_of(number, words_of(columns(1, 20))), after_s=0.1)
    (detection,) = (one for _, one in watched.detections())
    assert detection.detector.ticks == 4


def test_a_tick_waits_for_nobody_once_it_is_complete(bench: Bench) -> None:
    watched = bench.watch(PROFILE)
    (detection,) = (one for _, one in watched.detections())
    bench.drain(block_of(bench.number(watched, CHAMPION), words_of(columns(1, 60))), after_s=0.5)
    assert detection.detector.ticks == 0
    bench.drain(after_s=0.4)
    assert (detection.detector.ticks, watched.has_open_ticks) == (0, True)
    bench.drain(after_s=0.1)
    assert (detection.detector.ticks, watched.has_open_ticks) == (1, False)


def test_it_drains_until_it_is_to_stop_and_once_more(bench: Bench) -> None:
    watched = bench.watch(PROFILE)
    bench.reader.blocks.append(block_of(bench.number(watched, CHAMPION), words_of(columns(1, 9))))
    stopping = threading.Event()
    stopping.set()
    bench.monitor.run(cast(RecordReader, bench.reader), stopping)
    assert (bench.monitor.rows, bench.monitor.drains) == (9, 1)


def test_the_cause_of_an_alarm_stays_known(bench: Bench) -> None:
    watched = bench.watch(PROFILE)
    number = bench.number(watched, CHAMPION)
    for tick in range(1, 40):
        rows = columns(tick, 100)
        if tick > 20:
            rows["age"][::4] = np.nan
        bench.drain(block_of(number, words_of(rows)))
    (opened,) = bench.monitor.book.all(open_only=True)
    assert opened.cause
    for _, _, alarm in bench.monitor.open_alarms():
        bench.monitor.book.update(alarm)
    assert bench.monitor.book.all()[0].cause == opened.cause
    bench.monitor.supersede(watched.key, "superseded by v3")
    assert bench.monitor.book.all()[0].cause == opened.cause


def test_a_shift_opens_an_alarm_with_its_name(bench: Bench, feed: AlarmFeed) -> None:
    watched = bench.watch(PROFILE)
    number = bench.number(watched, CHAMPION)
    for tick in range(1, 31):
        bench.drain(block_of(number, words_of(columns(tick, 100))))
    assert feed.seq == 0
    for tick in range(31, 40):
        bench.drain(block_of(number, words_of(columns(tick, 100, shift=1.0))))
    opened = feed.events(0, 9)[0]
    assert opened.event == "opened"
    assert (opened.alarm.key, opened.alarm.kind) == (watched.planes[CHAMPION, ""].key, "skew")
    assert abs(opened.alarm.onset - (START + 30)) <= 2
    assert {one.stream for one in opened.alarm.streams if one.is_leading} <= {"amount", "score"}
    bench.monitor.supersede(watched.key, "superseded by v3")
    (closed,) = bench.monitor.book.all()
    assert (closed.state, closed.closed_by) == ("superseded", "superseded by v3")
    assert list(bench.monitor.open_alarms()) == []


def test_broken_data_are_named_as_the_cause(bench: Bench, feed: AlarmFeed) -> None:
    watched = bench.watch(PROFILE)
    number = bench.number(watched, CHAMPION)
    for tick in range(1, 40):
        rows = columns(tick, 100)
        if tick > 20:
            rows["age"][::4] = np.nan
        bench.drain(block_of(number, words_of(rows)))
    opened = feed.events(0, 9)[0].alarm
    assert [one.stream for one in opened.streams if one.is_leading] == ["age"]
    assert opened.streams[0].stream == "age", "and not surprise, however much it has"
    assert opened.streams[0].change == "missing"
    assert "missing values explain" in opened.cause


def test_segments_have_planes_of_their_own(bench: Bench) -> None:
    policy = DriftPolicy(segments=(Segment("age", "18"), Segment("city", "Oslo")))
    watched = bench.watch(PROFILE, policy)
    assert watched.segments == ("", "age=18")
    assert "city" in watched.problems[0]
    rows = columns(1, 90)
    rows["age"][::3] = 18
    words = words_of(rows)
    bench.drain(block_of(bench.number(watched, CHAMPION), words))
    whole, part = (watched.planes[CHAMPION, one].panes.totals() for one in watched.segments)
    assert np.array_equal(whole, recount(PROFILE, [words]))
    assert np.array_equal(part, recount(PROFILE, [words[::3]]))
    watched.set_policy(DriftPolicy(1), bench.clock.monotonic)
    assert set(watched.planes) == {(CHAMPION, "")}


def test_a_canarys_profile_counts_the_champions_traffic(bench: Bench) -> None:
    champion = bench.watch(PROFILE)
    canary = bench.watch(reference_profile(version=3, rows=900))
    bench.monitor.follow({champion.key: [canary.key]})
    words = words_of(columns(1, 80))
    bench.drain(block_of(bench.number(champion, CHAMPION), words))
    found = canary.planes[CHAMPION_AS, ""].panes.totals()
    assert np.array_equal(found, recount(canary.profile, [words]))
    (detection,) = (one for _, one in canary.detections())
    assert detection.detector.ticks == 0, "the champion's rows are not its own"


def test_how_long_a_record_waits_to_be_counted(bench: Bench) -> None:
    watched = bench.watch(PROFILE)
    made_ns = int((BOOTED + 0.75) * 1e9)
    bench.drain(block_of(bench.number(watched, CHAMPION), words_of(columns(1, 5), made_ns)))
    assert watched.planes[CHAMPION, ""].lag_s == 0.25
    bench.drain(after_s=60.0)
    assert watched.planes[CHAMPION, ""].lag_s == 0.25, "that nobody asks is no lag"
