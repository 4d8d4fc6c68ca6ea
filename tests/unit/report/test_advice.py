from dataclasses import replace

from tests.unit.report.sample_snapshots import KEY, NOW
from tiltyard.monitor.snapshot import Snapshot, Window
from tiltyard.report.advice import Advice, advice
from tiltyard.report.state import State, state_of


def told(snapshot: Snapshot, exceeding: tuple[str, ...] = ()) -> tuple[Advice, ...]:
    drift = state_of("drift", snapshot.detectors, NOW)
    skew = state_of("skew", snapshot.detectors, NOW)
    return advice(snapshot, drift, skew, exceeding)


def in_state(snapshot: Snapshot, state: str, skew: str = "ok") -> Snapshot:
    drift, other = snapshot.detectors
    detectors = (replace(drift, state=state), replace(other, state=skew))
    return replace(snapshot, detectors=detectors)


def test_an_open_alarm_comes_first(five: Snapshot) -> None:
    commands = [step.command for step in told(five)]
    assert commands == [
        "tiltyard drift show fraud --version 3 --feature=amount",
        "tiltyard drift ack a-7f3c",
        "tiltyard drift accept fraud --version 3 --window 24h",
    ]


def test_what_is_acknowledged_is_not_asked_for_again(five: Snapshot) -> None:
    acked = replace(five.alarms[0], acknowledged_by="ann")
    steps = told(replace(five, alarms=(acked,)))
    assert not any("ack" in step.command.split() for step in steps)


def test_names_are_quoted_for_a_shell(five: Snapshot) -> None:
    named = replace(five.alarms[0].streams[0], stream="a; rm -rf ~")
    alarm = replace(five.alarms[0], streams=(named,))
    steps = told(replace(five, alarms=(alarm,), key=replace(KEY, model="my model")))
    assert steps[0].command == "tiltyard drift show 'my model' --version 3 --feature='a; rm -rf ~'"


def test_a_skew_alarm_does_not_page(five: Snapshot) -> None:
    silent = replace(five.alarms[0], kind="skew")
    assert "--feature" not in told(replace(five, alarms=(silent,)))[0].command


def test_without_rows_or_a_baseline_that_is_said(calm: Snapshot) -> None:
    nothing = Window(NOW - 1, NOW, calm.profile.layout.zeros())
    assert told(replace(calm, current=nothing))[0].why.startswith("No row")
    assert "accept" in told(replace(calm, baseline=None))[0].command


def test_the_state_decides_where_nothing_is_open(calm: Snapshot) -> None:
    assert told(in_state(calm, "warming"))[0].command.endswith("--watch")
    names = ("a", "b", "c", "d", "e")
    suspicious = told(in_state(calm, "suspicious"), names)[0]
    assert suspicious.why.startswith("Above the noise band: a, b, c and 2 more")
    assert told(in_state(calm, "suspicious"))[0].why.startswith("No feature")
    assert "skew below" in told(in_state(calm, "ok", "drifting"))[0].why
    assert told(in_state(calm, "ok"))[0].why.startswith("Nothing")


def test_without_detectors_there_is_advice_all_the_same(calm: Snapshot) -> None:
    none: State | None = None
    assert advice(calm, none, none, ()) == told(in_state(calm, "ok"))


def test_a_version_that_serves_no_more_is_not_to_be_accepted(calm: Snapshot) -> None:
    gone = replace(calm, slot="", baseline=None)
    (step,) = told(gone)
    assert step.command == "tiltyard status fraud"
    assert step.why == "Version 3 serves no more: nothing is to be done about it."
    (step,) = told(replace(gone, slot="champion"))
    assert step.command.startswith("tiltyard drift accept fraud --version 3")
