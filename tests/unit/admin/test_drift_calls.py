"""Requests about drift to calls of the monitor: what is passed on, what is refused before."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from tests.unit.admin.fake_monitoring import FakeMonitoring
from tests.unit.admin.fake_planes import SNAPSHOT
from tests.unit.admin.serving import request
from tiltyard.admin import drift_calls
from tiltyard.admin.calls import Caller
from tiltyard.client.drift_replies import read_drift
from tiltyard.control.errors import ArgumentError, EpochMovedError
from tiltyard.errors import ConfigError
from tiltyard.monitor.interface import DriftQuery
from tiltyard.monitor.statistics.report import report_of
from tiltyard.protocol.admin_words import admin_message, number_of

CALLER = Caller("ipv4:127.0.0.1:1")


@pytest.fixture
def monitoring() -> FakeMonitoring:
    return FakeMonitoring()


def read(method: str, data: bytes) -> Any:
    return admin_message(f"{method}Response").FromString(data)


def test_a_query_is_passed_on(monitoring: FakeMonitoring) -> None:
    asked = request(
        "GetDrift",
        model="fraud",
        version=3,
        role="champion",
        segment="country=NO",
        window_s=60.0,
        end=1e9,
        pieces=24,
        history_s=86_400.0,
    )
    assert len(read_drift(drift_calls.get_drift(monitoring, asked, CALLER))) == 1
    query = DriftQuery("fraud", 3, "champion", "country=NO", 60.0, 1e9, 24, 86_400.0)
    assert monitoring.calls == [("snapshots", {"query": query})]


def test_what_a_query_leaves_out_is_as_the_monitor_has_it(monitoring: FakeMonitoring) -> None:
    drift_calls.get_drift(monitoring, request("GetDrift"), CALLER)
    assert monitoring.calls == [("snapshots", {"query": DriftQuery()})]
    drift_calls.get_drift(monitoring, request("GetDrift", segment="", role=""), CALLER)
    assert monitoring.calls[-1][1]["query"] == DriftQuery(role="", segment="")


def test_statistics_are_told_where_they_are_asked_for(monitoring: FakeMonitoring) -> None:
    words = ["profile", "week_ago", "champion", "profile"]
    asked = request("GetDrift", against=[number_of("Against", word) for word in words])
    whole = replace(SNAPSHOT, key=replace(SNAPSHOT.key, segment=""))
    monitoring.planes = [whole, replace(whole, week_ago=None), SNAPSHOT]
    full, without, part = read("GetDrift", drift_calls.get_drift(monitoring, asked, CALLER)).planes
    assert [report.against for report in full.reports] == words[:3]
    assert [report.against for report in without.reports] == ["profile", "champion"]
    assert [report.against for report in part.reports] == words[1:3], "a segment has no skew"
    expected = report_of(whole, "profile").streams
    for measure, told in zip(expected, full.reports[0].streams, strict=True):
        assert (told.stream, told.kind, told.n) == (measure.stream, measure.kind, measure.n)
        assert told.psi == measure.psi
        assert told.HasField("ks") == (measure.ks is not None)
        assert told.missing.high == measure.missing.high
        assert told.HasField("unseen") == (measure.unseen is not None)
        assert [cell.psi for cell in told.coarse] == [cell.psi for cell in measure.coarse]
        assert [cell.name for cell in told.cells] == [cell.name for cell in measure.cells]
        assert told.definition == measure.definition


def test_a_reply_that_is_too_large_is_refused(
    monitoring: FakeMonitoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before more of it is written: a plane after the one that was too many is not looked at."""
    monkeypatch.setattr(drift_calls, "REPLY_BYTES_MAX", 200_000)
    many = np.zeros(SNAPSHOT.profile.layout.size * 1_000, np.int64)
    large = replace(SNAPSHOT, current=replace(SNAPSHOT.current, counts=many))
    drift_calls.get_drift(monitoring, request("GetDrift"), CALLER)
    written = drift_calls.get_drift(monitoring, request("GetDrift"), CALLER)
    assert len(written) < 200_000
    monitoring.planes = [large] * 10
    for fields, field in (({}, "model"), ({"model": "fraud"}, "pieces")):
        with pytest.raises(ArgumentError, match="the counts of the 10 planes") as caught:
            drift_calls.get_drift(monitoring, request("GetDrift", **fields), CALLER)
        assert caught.value.field == field


def test_alarms(monitoring: FakeMonitoring) -> None:
    asked = request("ListAlarms", model="fraud", open_only=True)
    found = read("ListAlarms", drift_calls.list_alarms(monitoring, asked, CALLER))
    assert [alarm.id for alarm in found.alarms] == ["a-17"]
    drift_calls.list_alarms(monitoring, request("ListAlarms"), CALLER)
    assert monitoring.calls == [
        ("alarms", {"model": "fraud", "open_only": True}),
        ("alarms", {"model": None, "open_only": False}),
    ]
    asked = request("AckAlarm", alarm_id="a-17", note="known", actor="ann")
    assert read("AckAlarm", drift_calls.ack_alarm(monitoring, asked, CALLER)).alarm.note == "known"
    drift_calls.ack_alarm(monitoring, request("AckAlarm", alarm_id="a-17"), CALLER)
    assert [said["actor"] for _, said in monitoring.calls[2:]] == ["ann", CALLER.peer]


def test_what_is_set_of_a_policy_and_nothing_else(monitoring: FakeMonitoring) -> None:
    set_policy = partial(request, "SetDriftPolicy", model="fraud")
    segments = {"segments": [{"feature": "country", "value": "NO"}]}
    cases: list[tuple[Any, dict[str, Any]]] = [
        (set_policy(delta=0.05), {"delta": 0.05}),
        (set_policy(rows_independent=False), {"rows_independent": False}),
        (set_policy(segments=segments), {"segments": [["country", "NO"]]}),
        (set_policy(segments={}), {"segments": []}),
        (
            set_policy(baseline_rows=500, accepts_by_itself=True, captures_values=True),
            {"baseline_rows": 500, "accepts_by_itself": True, "captures_values": True},
        ),
    ]
    for asked, changes in cases:
        drift_calls.set_drift_policy(monitoring, asked, CALLER)
        said = {"model": "fraud", "changes": changes, "actor": CALLER.peer}
        assert monitoring.calls[-1] == ("set_policy", said)
    found = drift_calls.get_drift_policy(
        monitoring, request("GetDriftPolicy", model="fraud"), CALLER
    )
    policy = read("GetDriftPolicy", found).policy
    assert (policy.epoch, policy.delta, policy.baseline_rows) == (5, 0.05, 500)


def test_a_policy_that_somebody_else_changed(monitoring: FakeMonitoring) -> None:
    asked = request("SetDriftPolicy", model="fraud", expected_epoch=0, delta=0.05)
    drift_calls.set_drift_policy(monitoring, asked, CALLER)
    with pytest.raises(EpochMovedError) as caught:
        drift_calls.set_drift_policy(monitoring, asked, CALLER)
    assert str(caught.value) == (
        "the drift policy of model 'fraud' is at epoch 1, the call expected 0"
    )
    assert monitoring.policies["fraud"].epoch == 1
    asked = request("SetDriftPolicy", model="fraud", delta=9.0)
    with pytest.raises(ConfigError, match="delta: expected"):
        drift_calls.set_drift_policy(monitoring, asked, CALLER)


def test_a_baseline_is_accepted(monitoring: FakeMonitoring) -> None:
    asked = request("AcceptBaseline", model="fraud", window_s=86_400.0, actor="ann")
    found = read("AcceptBaseline", drift_calls.accept_baseline(monitoring, asked, CALLER))
    assert (found.baseline.accepted_by, len(found.baseline.hours)) == ("ann", 0)
    asked = request("AcceptBaseline", model="fraud", window_s=60.0, version=3)
    drift_calls.accept_baseline(monitoring, asked, CALLER)
    assert [said["version"] for _, said in monitoring.calls] == [None, 3]


REFUSED = [
    (drift_calls.get_drift, request("GetDrift", model="a b"), "model"),
    (drift_calls.get_drift, request("GetDrift", version=0), "version"),
    (drift_calls.get_drift, request("GetDrift", window_s=0.0), "window_s"),
    (drift_calls.get_drift, request("GetDrift", window_s=float("nan")), "window_s"),
    (drift_calls.get_drift, request("GetDrift", window_s=float("inf")), "window_s"),
    (drift_calls.get_drift, request("GetDrift", history_s=60.0), "history_s"),
    (drift_calls.get_drift, request("GetDrift", pieces=0), "pieces"),
    (drift_calls.get_drift, request("GetDrift", pieces=1_441), "pieces"),
    (drift_calls.get_drift, request("GetDrift", end=float("nan")), "end"),
    (drift_calls.get_drift, request("GetDrift", role="a\nb"), "role"),
    (drift_calls.get_drift, request("GetDrift", segment="x" * 257), "segment"),
    (drift_calls.get_drift, request("GetDrift", against=[0]), "against"),
    (drift_calls.get_drift, request("GetDrift", against=[99]), "against"),
    (drift_calls.list_alarms, request("ListAlarms", model="../etc"), "model"),
    (drift_calls.ack_alarm, request("AckAlarm"), "alarm_id"),
    (drift_calls.ack_alarm, request("AckAlarm", alarm_id="a", note="x" * 1_001), "note"),
    (drift_calls.ack_alarm, request("AckAlarm", alarm_id="a", actor="\x1b"), "actor"),
    (drift_calls.get_drift_policy, request("GetDriftPolicy"), "model"),
    (drift_calls.set_drift_policy, request("SetDriftPolicy", model="fraud"), "delta"),
    (drift_calls.accept_baseline, request("AcceptBaseline", model="fraud"), "window_s"),
    (
        drift_calls.accept_baseline,
        request("AcceptBaseline", model="fraud", window_s=60.0, version=0),
        "version",
    ),
]


@pytest.mark.parametrize(("call", "asked", "field"), REFUSED)
def test_what_is_refused_before_the_monitor_is_asked(
    monitoring: FakeMonitoring, call: drift_calls.DriftCall, asked: Any, field: str
) -> None:
    with pytest.raises(ArgumentError) as caught:
        call(monitoring, asked, CALLER)
    assert caught.value.field == field
    assert monitoring.calls == []


def seqs(monitoring: FakeMonitoring, **fields: Any) -> list[int]:
    asked = request("WatchAlarms", until_now=True, **fields)
    return [event.seq for event in drift_calls.open_alarm_events(monitoring, asked, lambda: False)]


def test_what_alarms_have_done(monitoring: FakeMonitoring) -> None:
    for number in range(200):
        monitoring.happen("opened", "fraud" if number % 2 else "churn")
    assert seqs(monitoring, after_seq=0) == list(range(1, 201))
    assert seqs(monitoring, after_seq=150) == list(range(151, 201))
    assert seqs(monitoring, after_seq=190, model="fraud") == [192, 194, 196, 198, 200]
    assert seqs(monitoring) == []


def test_a_watch_from_now_on_begins_when_it_is_opened(monitoring: FakeMonitoring) -> None:
    for _ in range(100):
        monitoring.happen("opened")
    stopped: list[bool] = []
    watch = drift_calls.open_alarm_events(monitoring, request("WatchAlarms"), lambda: bool(stopped))
    monitoring.happen("recovered")
    event = next(watch)
    assert (event.seq, event.event) == (101, "recovered")
    stopped.append(True)
    assert list(watch) == []
