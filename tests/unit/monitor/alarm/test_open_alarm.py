"""The alarm that is latched."""

import numpy as np
import pytest

from tests.unit.monitor.alarm.references import joint, uniform
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.history import Block
from tiltyard.monitor.alarm.onset import Onset
from tiltyard.monitor.alarm.open_alarm import Closed, NamedStream, OpenAlarm
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.alarm.recovery import RECOVERED_LOG

STREAMS = [uniform("a"), uniform("b"), uniform("c")]
TABLES = BetTables.build(STREAMS, AlarmPolicy())


def named(
    stream: int, log_evidence: float, *, is_leading: bool, tables: BetTables = TABLES
) -> NamedStream:
    return NamedStream(
        stream=stream,
        bet=int(tables.layout.scores[2, stream]),
        log_evidence=log_evidence,
        share=0.5,
        is_leading=is_leading,
        is_confirmed=not is_leading,
        shape=np.zeros(0),
    )


def block(rows_squared: int = 1000) -> Block:
    """A tick of 1,000 rows like the reference."""
    cells = np.concatenate([s.counts // 5 for s in STREAMS]).astype(np.uint32)
    return Block(
        5.0, 6.0, 1, 1.0, 1000, rows_squared, cells, np.ones((2, 3)), np.zeros((2, 3)), TABLES
    )


def opened() -> OpenAlarm:
    alarm = OpenAlarm(6.0, Onset(3.0, 2.0, 4.0), 15.0, 1e6, np.zeros(TABLES.size, np.int64))
    alarm.named += [
        named(2, 20.0, is_leading=False),
        named(1, 12.0, is_leading=True),
        named(0, 14.0, is_leading=True),
    ]
    return alarm


def test_leading_streams_come_first_and_then_those_with_most_evidence() -> None:
    alarm = opened()
    alarm.count(block())
    told = alarm.told(TABLES, np.array([1.0, 1.5, 2.0]), np.ones(3))
    assert [s.stream for s in told.streams] == ["a", "b", "c"]
    assert (told.leading, told.confirmed) == (("a", "b"), ("c",))
    assert told.kappa == {"a": 1.0, "b": 1.5, "c": 2.0}
    assert told.evidence_log10 == pytest.approx(15.0 / np.log(10))
    assert (told.state, told.rows, told.closed_s) == ("open", 1000, None)
    assert told.streams[0].size_sigma == pytest.approx(0)
    assert told.streams[0].size_error == pytest.approx(2 / np.sqrt(1000))


def test_joint_streams_come_last_among_the_leading_and_among_the_others() -> None:
    streams = [joint("surprise"), uniform("a"), joint("mahalanobis"), uniform("b")]
    tables = BetTables.build(streams, AlarmPolicy())
    alarm = OpenAlarm(6.0, Onset(3.0, 2.0, 4.0), 15.0, 1e6, np.zeros(tables.size, np.int64))
    alarm.named += [
        named(0, 30.0, is_leading=False, tables=tables),
        named(1, 10.0, is_leading=False, tables=tables),
        named(2, 40.0, is_leading=True, tables=tables),
        named(3, 20.0, is_leading=True, tables=tables),
    ]
    told = alarm.told(tables, np.ones(4), np.ones(4))
    assert [s.stream for s in told.streams] == ["b", "mahalanobis", "a", "surprise"]
    assert told.leading == ("b", "mahalanobis")


def test_it_has_recovered_when_every_stream_has() -> None:
    alarm = opened()
    recent = np.concatenate([s.counts for s in STREAMS])
    for _ in range(200):
        assert all(n.log_capital.min() >= 0 for n in alarm.named)
        done = [n.log_capital.max() > RECOVERED_LOG + 1 for n in alarm.named]
        if all(done):
            break
        alarm.add(block(), TABLES)
    assert alarm.has_recovered(TABLES, recent, np.ones(3))
    alarm.named[1].log_capital = np.zeros(2)
    assert not alarm.has_recovered(TABLES, recent, np.ones(3))


def test_an_excess_in_the_last_window_keeps_it_open() -> None:
    alarm = opened()
    for one in alarm.named:
        one.log_capital = np.full(2, 50.0)
    recent = np.concatenate([s.counts for s in STREAMS])
    assert alarm.has_recovered(TABLES, recent, np.ones(3))
    recent[TABLES.owner == 1] = np.array([0, *[900, 100] * 5, 0, 0])
    assert not alarm.has_recovered(TABLES, recent, np.ones(3))


def test_rows_that_come_together_widen_its_errors_unless_they_are_independent() -> None:
    alarm = opened()
    alarm.count(block(rows_squared=8000))
    kappa = np.array([1.0, 9.0, 1.0])
    assert alarm.design(kappa, rows_independent=False).tolist() == [8.0, 9.0, 8.0]
    assert alarm.design(kappa, rows_independent=True).tolist() == [1.0, 9.0, 1.0]


def test_how_it_ended_is_told() -> None:
    alarm = opened()
    alarm.acknowledge("ann", 7.0)
    alarm.count(block())
    closed = Closed("superseded", 9.0, "accepted by ann")
    told = alarm.told(TABLES, np.ones(3), np.ones(3), closed)
    assert (told.state, told.closed_s, told.closed_by) == closed
    assert (told.acknowledged_by, told.acknowledged_s) == ("ann", 7.0)
