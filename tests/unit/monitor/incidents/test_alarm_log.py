"""Alarm events in the log: what pages is a warning."""

import json
from dataclasses import replace

import pytest

from tests.unit.monitor.incidents.sample_alarms import (
    CROSSED,
    Lines,
    alarm,
    notice,
    recovered,
    stream,
)
from tiltyard.monitor.incidents.alarm_log import AlarmLog
from tiltyard.ops.log import logger
from tiltyard.ops.reporter import Reporter


@pytest.mark.parametrize(
    ("event", "kind", "level"),
    [
        ("opened", "drift", "warning"),
        ("named", "drift", "warning"),
        ("recovered", "drift", "info"),
        ("acknowledged", "drift", "info"),
        ("opened", "skew", "info"),
    ],
)
def test_drift_that_begins_or_grows_is_a_warning(event: str, kind: str, level: str) -> None:
    lines = Lines()
    AlarmLog(lines)(notice(event, alarm(kind=kind)))
    ((said, name, _),) = lines.lines
    assert (said, name) == (level, f"alarm_{event}")


def test_what_is_acknowledged_grows_without_a_warning() -> None:
    lines = Lines()
    AlarmLog(lines)(notice("named", alarm(acknowledged_by="ann", acknowledged_at=CROSSED)))
    ((said, name, values),) = lines.lines
    assert (said, name, values["acknowledged_by"]) == ("info", "alarm_named", "ann")


def test_a_line_says_what_where_and_since_when() -> None:
    lines = Lines()
    AlarmLog(lines)(notice("opened", alarm(cause="missing values explain 90 % of it")))
    assert lines.lines[0][2] == {
        "kind": "drift",
        "model": "fraud",
        "version": 3,
        "role": "champion",
        "alarm": "a1",
        "incident": "i-a1",
        "alarms_open": 1,
        "streams": "amount (location up)",
        "onset": "2023-11-14T22:12:20Z",
        "cause": "missing values explain 90 % of it",
    }


def test_many_streams_are_cut_and_counted() -> None:
    lines = Lines()
    streams = tuple(stream(f"f{number}") for number in range(30))
    AlarmLog(lines)(notice("named", alarm(streams=streams)))
    said = lines.lines[0][2]["streams"]
    assert said.count("location up") == 5
    assert said.endswith("f4 (location up), and 25 more")


def test_who_closed_or_acknowledged_it_is_said() -> None:
    lines = Lines()
    log = AlarmLog(lines)
    log(notice("recovered", recovered(alarm())))
    log(notice("acknowledged", replace(alarm(), acknowledged_by="ann", note="known")))
    assert lines.lines[0][2]["closed_by"] == "recovered"
    assert lines.lines[0][2]["alarms_open"] == 0
    assert lines.lines[1][2]["acknowledged_by"] == "ann"
    assert lines.lines[1][2]["note"] == "known"


def test_a_reporter_writes_it(capsys: pytest.CaptureFixture[str]) -> None:
    logger.cache_clear()  # it keeps the stderr that it has found first
    AlarmLog(Reporter("json"))(notice())
    logger.cache_clear()
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["level"], line["model"]) == ("alarm_opened", "warning", "fraud")
