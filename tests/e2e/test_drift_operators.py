"""What operators see and do when models drift: in order, on one gateway; at the end it restarts."""

import json
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

import pytest

from tests.conftest import Serve
from tests.e2e.alarm_scene import MODELS, OPENED, SECRET, SEGMENT, TICK_ROWS, Scene, traffic
from tests.e2e.asking import kill, wait_for
from tests.e2e.watching import (
    Caller,
    alarms_of,
    detector_of,
    plane_of,
    run,
    wait_counted,
    wait_watched,
)
from tiltyard.client import AdminClient
from tiltyard.monitor.counting.layout import ROWS
from tiltyard.monitor.detection import DRIFT, SKEW
from tiltyard.monitor.incidents.endpoint import signature
from tiltyard.monitor.snapshot import Alarm, Snapshot

SAVE_S = 10.0


@pytest.fixture(scope="module")
def scene(
    tmp_path_factory: pytest.TempPathFactory,
    gateway_env: dict[str, str],
    gateway_prefix: tuple[str, ...],
) -> Iterator[Scene]:
    made = Scene(tmp_path_factory.mktemp("alarms"), gateway_env, gateway_prefix)
    try:
        made.drift()
        yield made
    finally:
        made.end()


def alarm_of(admin: AdminClient, model: str, version: int = 1, kind: str = DRIFT) -> Alarm:
    (found,) = (one for one in alarms_of(admin, model, kind) if one.key.version == version)
    return found


def test_an_alarm_names_what_has_changed_and_since_when(scene: Scene) -> None:
    with scene.admin() as admin:
        for model, version in sorted(OPENED):
            alarm = alarm_of(admin, model, version)
            leading = [one for one in alarm.streams if one.is_leading]
            assert [(one.stream, one.change) for one in leading] == [("amount", "location up")]
            assert alarm.state == "open"
            assert leading[0].size_sigma == pytest.approx(1.0, abs=0.35)
            assert alarm.onset_from <= alarm.onset <= alarm.onset_to <= alarm.crossed_at
            assert alarm.crossed_at - alarm.onset < 10.0
        state = detector_of(plane_of(admin, "fraud"), DRIFT)
        assert state.state == "drifting"
        assert state.evidence_log10 >= state.threshold_log10
    assert "accepted for fraud: baseline 1" in scene.said_on_accept
    assert "3,000 rows" in scene.said_on_accept


def test_what_happens_to_alarms_can_be_watched_and_is_logged(scene: Scene) -> None:
    with scene.admin() as admin:
        events = list(admin.watch_alarms(0, follow=False))
        assert [one.seq for one in events] == list(range(1, len(events) + 1))
        opened = [one for one in events if one.event == "opened"]
        told = {(one.alarm.key.model, one.alarm.key.version, one.alarm.kind) for one in opened}
        assert told == {(*key, kind) for key in OPENED for kind in (DRIFT, SKEW)}
        of_m = {one.incident for one in events if one.alarm.key.model == "m"}
        assert len(of_m) == 2  # one that pages, of both versions, and one of skew
    lines = [json.loads(line) for line in scene.gateway.log().splitlines()]
    levels = {one["kind"]: one["level"] for one in lines if one["event"] == "alarm_opened"}
    assert levels == {DRIFT: "warning", SKEW: "info"}


def test_webhooks_are_signed_and_of_drift_alone(scene: Scene) -> None:
    wait_for(lambda: all(scene.receiver.of(model) for model in MODELS))
    for headers, body in scene.receiver.deliveries:
        found = {name.lower(): value for name, value in headers.items()}
        time_s = int(re.match(r"t=(\d+),", found["tiltyard-signature"])[1])  # type: ignore[index]  # it matches
        assert found["tiltyard-signature"] == signature(SECRET, time_s, body)
        assert found["tiltyard-event-id"]
    sent = scene.receiver.of("fraud")[0]
    assert {one["alarm"]["kind"] for one in scene.receiver.of("fraud")} == {DRIFT}
    assert (sent["event"], sent["streams"][0]["name"]) == ("opened", "amount")
    assert sent["prediction_drift"] is True
    assert sent["runbook"] == "https://runbooks.example.com/fraud/1"
    assert sent["changes"][0]["text"].startswith("version 1 of fraud got baseline")


def test_the_terminal_shows_the_model_and_a_feature(scene: Scene) -> None:
    overview = scene.run("drift")
    assert re.search(r"fraud +1 champion +DRIFTING \(1 open\)", overview)
    page = scene.run("drift", "fraud")
    assert "! amount" in page
    assert re.search(r"amount +location up, \+[01]\.\d+ \+- 0\.\d+ sd", page)
    assert "drift from baseline 1 of 3,000 rows" in page
    feature = scene.run("drift", "fraud", "--feature", "amount")
    assert "amount  discrete feature of fraud" in feature
    assert "no feature" in scene.run("drift", "fraud", "--feature", "amuont", code=4)
    assert SEGMENT in scene.run("drift", "fraud", "--segment", SEGMENT)
    assert "fraud version 1 champion, since" in scene.run("status")
    assert "segment        country=1" in scene.run("drift", "policy", "fraud")


def test_json_has_what_the_page_has(scene: Scene) -> None:
    told = json.loads(scene.run("drift", "fraud", "--json"))
    planes = {(one["key"]["role"], one["key"]["segment"]): one for one in told["planes"]}
    assert set(planes) == {("champion", ""), ("champion", SEGMENT)}
    whole = planes["champion", ""]
    assert whole["rows"] == scene.rows_sent["fraud"]
    streams = {one["stream"] for one in whole["report"]["streams"]}
    assert streams >= {"amount", "age", "country", "score"}
    listed = json.loads(scene.run("drift", "alarms", "fraud", "--json"))["alarms"]
    assert {one["kind"] for one in listed} == {DRIFT, SKEW}


def test_a_watch_goes_on_until_it_is_interrupted(scene: Scene) -> None:
    line = [sys.executable, "-m", "tiltyard", "drift", "fraud", "--watch", "--json"]
    watching = subprocess.Popen(
        [*line, "--admin", scene.gateway.admin_address],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert watching.stdout is not None
    documents = [json.loads(watching.stdout.readline()) for _ in range(2)]
    watching.send_signal(signal.SIGINT)
    _, said = watching.communicate(timeout=60)
    assert (watching.returncode, said) == (0, "")
    assert documents[1]["at_unix_s"] > documents[0]["at_unix_s"]


def test_metrics_tell_of_the_alarm(scene: Scene) -> None:
    with urllib.request.urlopen(f"http://{scene.gateway.http_address}/metrics") as reply:
        text = reply.read().decode()
    whole = 'model="fraud",version="1",role="champion",segment=""'
    assert f"tiltyard_drift_alarm{{{whole}}} 1\n" in text


def test_a_report_is_one_page_that_asks_nobody(scene: Scene) -> None:
    path = scene.folder / "report.html"
    scene.run("drift", "report", "fraud", "-o", str(path))
    page = path.read_text(encoding="utf-8")
    assert "amount" in page
    assert "location up" in page
    assert not re.search(r'(?:src|href)="(?!#|data:)', page)


def test_gateways_are_merged(scene: Scene, serve: Serve) -> None:
    shutil.copytree(scene.store, scene.folder / "other", ignore=shutil.ignore_patterns("*sqlite3*"))
    other = serve("--store", str(scene.folder / "other"))
    with AdminClient(other.admin_address) as admin, Caller(other.address) as caller:
        wait_watched(admin, "fraud")
        caller.ask("fraud", traffic(9, 250))
        wait_counted(admin, "fraud", 250)
    places = f"{scene.gateway.admin_address},{other.admin_address}"
    told = json.loads(run("drift", "fraud", "--segment", "", "--json", "--admin", places))
    (plane,) = told["planes"]
    assert plane["rows"] == scene.rows_sent["fraud"] + 250
    assert len(plane["gateways"]) == 2


def test_an_alarm_is_acknowledged_and_stays_open(scene: Scene) -> None:
    with scene.admin() as admin:
        alarm = alarm_of(admin, "fraud")
        said = scene.run("drift", "ack", alarm.id, "--note", "prices went up")
        assert "acknowledged by" in said
        seen = alarm_of(admin, "fraud")
        assert (seen.state, seen.note) == ("open", "prices went up")
        assert seen.acknowledged_by
        newest = list(admin.watch_alarms(0, "fraud", follow=False))[-1]
        assert (newest.event, newest.alarm.id) == ("acknowledged", alarm.id)
    wait_for(lambda: scene.receiver.of("fraud")[-1]["event"] == "acknowledged")


def test_a_swap_and_a_rollback_close_what_was_open(scene: Scene) -> None:
    with scene.admin() as admin:
        admin.promote("m", 2)
        wait_for(lambda: not alarms_of_version(admin, 1))
        first = alarm_of(admin, "m", 1)
        assert (first.state, first.closed_by) == ("superseded", "superseded by v2")
        # The shadow's goes on: it is the same version, against the same baseline.
        assert alarm_of(admin, "m", 2).state == "open"
        admin.rollback("m", to="previous")
        wait_for(lambda: not alarms_of_version(admin, 2))
        assert alarm_of(admin, "m", 2).closed_by == "superseded by v1"


def alarms_of_version(admin: AdminClient, version: int) -> list[Alarm]:
    return [one for one in admin.list_alarms("m", open_only=True) if one.key.version == version]


def state_of(admin: AdminClient) -> tuple[Snapshot, list[Alarm]]:
    return plane_of(admin, "fraud"), admin.list_alarms()


def test_a_clean_restart_loses_nothing(scene: Scene) -> None:
    with scene.admin() as admin:
        before, alarms = state_of(admin)
    assert scene.gateway.stop() == 0, scene.gateway.log()
    scene.start()
    with scene.admin() as admin, Caller(scene.gateway.address) as caller:
        wait_watched(admin, *MODELS)
        after, alarms_after = state_of(admin)
        assert (after.current.counts == before.current.counts).all()
        assert after.detectors == before.detectors
        assert alarms_after == alarms
        assert after.current.gap_s > 0.0
        caller.ask("fraud", traffic(10, TICK_ROWS))
        wait_counted(admin, "fraud", scene.rows_sent["fraud"] + TICK_ROWS)
        scene.rows_sent["fraud"] += TICK_ROWS


def test_a_crash_loses_what_came_since_the_last_save(scene: Scene) -> None:
    with scene.admin() as admin, Caller(scene.gateway.address) as caller:
        saved = scene.rows_sent["fraud"]
        at = plane_of(admin, "fraud").current.end
        wait_for(lambda: plane_of(admin, "fraud").current.end > at + SAVE_S + 2.0)
        caller.ask("fraud", traffic(11, TICK_ROWS))
        wait_counted(admin, "fraud", saved + TICK_ROWS)
        alarm = alarm_of(admin, "fraud")
    kill(scene.gateway)
    scene.start()
    with scene.admin() as admin:
        wait_watched(admin, "fraud")
        after = plane_of(admin, "fraud")
        assert after.current.counts[ROWS] in (saved, saved + TICK_ROWS)
        assert after.current.gap_s > 0.0
        assert alarm_of(admin, "fraud").id == alarm.id
        assert alarm_of(admin, "fraud").note == "prices went up"


def test_accepting_what_is_now_ends_the_alarm(scene: Scene) -> None:
    with scene.admin() as admin:
        assert "baseline 2" in scene.run("drift", "accept", "fraud", "--window", "1h")
        closed = alarm_of(admin, "fraud")
        assert closed.state == "superseded"
        assert closed.closed_by.startswith("accepted by ")
        assert detector_of(plane_of(admin, "fraud"), DRIFT).state == "warming"
