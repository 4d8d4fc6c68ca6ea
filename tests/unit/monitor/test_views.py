from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.unit.monitor.conftest import BOOTED, START
from tests.unit.monitor.house import MODEL, House
from tests.unit.monitor.traffic import HEAD_WORDS, block_of, columns, reference_profile
from tiltyard.monitor import views as module
from tiltyard.monitor.counting.layout import ROWS
from tiltyard.monitor.interface import DriftQuery, PlaneFigures
from tiltyard.monitor.profile.build import profile_of_columns
from tiltyard.monitor.recording import CANARY, CHAMPION, CHAMPION_AS, SHADOW, SHADOWED
from tiltyard.monitor.statistics.report import report_of
from tiltyard.monitor.views import IDLE_S, WEEK_S, planes_of
from tiltyard.registry import Challenger

PROFILE = reference_profile()
THIRD = reference_profile(version=3)


def keys(house: House, **asked: Any) -> list[tuple[int, str, str]]:
    found = planes_of(house.monitor, DriftQuery(**asked))
    return [(one.key.version, one.key.role, one.key.segment) for _, one in found]


def test_planes_by_what_is_asked(house: House) -> None:
    house.watch(PROFILE, THIRD, champion=2)
    house.desk.set_policy(MODEL, {"segments": [["age", "18"]]}, "ann")
    house.ask(1, role=SHADOW)
    house.ask(1)
    house.ask(1, version=3, role=CANARY)
    new = [(3, CANARY, ""), (3, CANARY, "age=18")]
    old = [(2, CHAMPION, ""), (2, CHAMPION, "age=18"), (2, SHADOW, ""), (2, SHADOW, "age=18")]
    assert keys(house) == keys(house, model=MODEL) == [*new, *old]
    assert keys(house, version=2) == old
    assert keys(house, role=SHADOW) == old[2:]
    assert keys(house, segment="") == [new[0], old[0], old[2]]
    assert keys(house, version=3, role=CANARY, segment="age=18") == [new[1]]
    assert keys(house, model="other") == keys(house, role="none") == []


def test_who_was_never_asked_has_an_empty_plane(house: House) -> None:
    house.watch(PROFILE, champion=2)
    snapshot = house.snapshot()
    assert snapshot.key.role == CHAMPION
    assert not snapshot.current.counts.any()
    assert snapshot.lag_s == 0.0
    assert [(one.kind, one.state) for one in snapshot.detectors] == [("skew", "warming")]


def test_windows_are_of_when_it_was_watched(house: House) -> None:
    house.watch(PROFILE, champion=2)
    house.ask(30)
    snapshot = house.snapshot(window_s=20.0)
    assert (snapshot.current.begin, snapshot.current.end) == (START + 11, START + 31)
    assert snapshot.current.counts[ROWS] == 2_000
    assert snapshot.previous is not None
    assert snapshot.previous.counts[ROWS] == 1_000, "the part that was watched"
    assert snapshot.week_ago is None
    assert house.snapshot(window_s=40.0).previous is None
    house.clock.pass_s(WEEK_S)
    house.drain()
    later = house.snapshot(window_s=60.0)
    assert later.week_ago is not None
    assert later.week_ago.counts[ROWS] > 0
    assert later.previous is not None
    assert not later.previous.counts.any(), "watched, and nobody asked"


def test_the_history_ends_with_the_window(house: House) -> None:
    house.watch(PROFILE, champion=2)
    house.ask(30)
    snapshot = house.snapshot(window_s=10.0, history_s=40.0, pieces=4)
    assert [int(one.counts[ROWS]) for one in snapshot.history] == [0, 1_000, 1_000, 1_000]
    assert snapshot.history[-1].end == snapshot.current.end
    assert np.array_equal(snapshot.history[-1].counts, snapshot.current.counts)
    assert house.snapshot(pieces=0).history == ()
    past = house.snapshot(window_s=10.0, end=START + 21).current
    assert (past.begin, past.end) == (START + 11, START + 21)


def test_a_time_that_is_yet_to_come_is_now(house: House) -> None:
    house.watch(PROFILE, champion=2)
    house.ask(3)
    snapshot = house.snapshot(end=1e300)
    assert snapshot.current.end == house.clock.unix + 1
    assert snapshot.current.counts[ROWS] == 300


def test_challengers_are_held_against_the_champion(house: House) -> None:
    house.watch(PROFILE, THIRD, champion=2)
    house.serve(2, challengers=(Challenger(3, "canary", buckets=100, sample_ppm=0),))
    house.keeper.look()
    assert house.snapshot().compared is None
    house.ask(4)
    house.ask(2, version=3, role=CANARY)
    house.ask(3, version=3, role=SHADOW)
    house.ask(3, version=3, role=SHADOWED)
    canary = house.snapshot(version=3, role=CANARY)
    assert canary.compared is not None
    assert (canary.current.counts[ROWS], canary.compared.counts[ROWS]) == (200, 400)
    shadow = house.snapshot(version=3, role=SHADOW)
    assert shadow.compared is not None
    assert shadow.compared.counts[ROWS] == 300
    assert house.snapshot(version=3, role=CHAMPION_AS).compared is None


def test_what_was_offered_is_of_its_role(house: House) -> None:
    house.watch(PROFILE, champion=2)
    house.ask(1)
    house.ask(1, role=CANARY)
    champion, canary = (house.snapshot(role=one) for one in (CHAMPION, CANARY))
    assert (champion.offered, champion.dropped) == (9, 2)
    assert (canary.offered, canary.dropped) == (0, 0)


def test_what_belongs_to_a_plane_is_with_it(house: House) -> None:
    house.watch(PROFILE, champion=2)
    opened = house.drift()
    house.registry.note("profile_added", MODEL, 2, {"number": 1}, actor="ann")
    house.keeper.look()
    house.keeper.problems["x"] = "something is wrong"
    snapshot = house.snapshot()
    assert [one.id for one in snapshot.alarms if one.kind == "drift"] == [opened.id]
    assert {one.kind: one.state for one in snapshot.detectors}["drift"] == "drifting"
    assert snapshot.strangers
    assert len(snapshot.markers) == 2
    assert snapshot.problems[0] == "something is wrong"
    assert "is of less than a day" in snapshot.problems[1]
    assert snapshot.gateways == ("127.0.0.1:9",)
    assert snapshot.baseline == house.watched().baseline


# ---- figures


def figures(house: House) -> PlaneFigures:
    (found,) = house.desk.figures()
    return found


def test_figures_are_computed_anew_when_counts_change(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    measured = module._measured

    def count(watched: Any, segment: str, window: Any) -> Any:
        calls.append(int(window.counts[ROWS]))
        return measured(watched, segment, window)

    monkeypatch.setattr(module, "_measured", count)
    house.watch(PROFILE, champion=2)
    assert (figures(house).psi, calls) == ({}, []), "nothing is known of no rows"
    nothing = figures(house).cells
    assert figures(house).cells is nothing, "who is never asked costs nothing"
    house.ask(3)
    first = figures(house)
    assert (first.rows, first.window_rows) == (300, 300)
    assert figures(house).psi == first.psi
    assert calls == [300]
    house.ask(1)
    figures(house)
    assert calls == [300, 400]
    house.ask(9)
    house.desk.accept(MODEL, 2, 60.0, "ann")
    accepted = figures(house)
    baseline = house.watched().baseline
    assert baseline is not None
    assert accepted.baseline == baseline.digest[:12]
    assert calls == [300, 400, 1_300]
    assert accepted.psi["amount"] == 0.0 != first.psi["amount"]


def test_figures_of_a_segment_are_against_its_own_reference(house: House) -> None:
    reference = {**columns(0, 4_000), "part": (np.arange(4_000) % 2).astype(np.float32)}
    house.watch(profile_of_columns(reference, {}, model=MODEL, version=2), champion=2)
    house.desk.set_policy(MODEL, {"segments": [["part", "1"]]}, "ann")
    numbers = house.monitor.recordings[MODEL, 2].numbers
    for seed in range(1, 20):
        drawn, part = columns(seed, 200), np.arange(200) % 2
        rows = np.stack([drawn["amount"] + 3 * part, drawn["age"], part], axis=1)
        words = np.zeros((200, HEAD_WORDS + 4), np.uint32)
        words[:, 0] = words[:, 4] = 1
        words[:, HEAD_WORDS : HEAD_WORDS + 3] = rows.astype(np.float32).view(np.uint32)
        house.drain(block_of(numbers[CHAMPION], words))
    by_segment = {one.segment: one for one in house.desk.figures()}
    assert not by_segment["part=1"].psi
    assert not by_segment["part=1"].definitions
    assert by_segment["part=1"].window_rows == 1_900
    assert by_segment[""].psi["amount"] > 0.5, "skew of the whole is told"
    house.desk.accept(MODEL, 2, 600.0, "ann")
    told = {one.segment: one for one in house.desk.figures()}["part=1"]
    assert (told.psi["amount"], told.wasserstein["amount"]) == (0.0, 0.0)
    (snapshot,) = house.desk.snapshots(DriftQuery(MODEL, segment="part=1"))
    found = {one.stream: one.psi for one in report_of(snapshot, "baseline").streams}
    assert told.psi == found
    assert snapshot.baseline is not None
    house.watched().set_baseline(replace(snapshot.baseline, segments={}))
    assert {one.segment: one for one in house.desk.figures()}["part=1"].psi == {}


def test_figures_of_who_is_not_asked_any_more_go_out_of_the_window(house: House) -> None:
    house.watch(PROFILE, champion=2)
    house.ask(3)
    figures(house)
    house.clock.pass_s(IDLE_S - 1)
    assert figures(house).window_rows == 300
    house.clock.pass_s(600.0)
    later = figures(house)
    assert (later.rows, later.window_rows, later.psi) == (300, 0, {})


def test_totals_are_by_the_role_of_cells(house: House) -> None:
    house.watch(PROFILE, champion=2)
    house.ask(3)
    house.ask(1, shift=50.0)
    told = figures(house)
    assert told.out_of_range["amount"] >= 100
    assert told.out_of_range["age"] < 10
    assert told.missing["amount"] == 0
    assert "amount" not in told.unseen, "numbers have no cell of unseen ones"
    assert sum(told.cells["amount"].values()) == 400
    stream = PROFILE.streams[0]
    assert list(told.cells["amount"]) == list(stream.cells.names)
    assert told.lag_s == BOOTED + 4 - 1e-9, "from being made to being counted"


def test_rows_by_cell_add_up_far_from_0(house: House) -> None:
    values = {"amount": (columns(0, 2_000)["amount"] + 1e6).astype(np.float32)}
    house.watch(profile_of_columns(values, {}, model=MODEL, version=2), champion=2)
    words = np.zeros((2_000, HEAD_WORDS + 2), np.uint32)
    words[:, 0] = words[:, 4] = 1
    words[:, HEAD_WORDS] = values["amount"].view(np.uint32)
    house.drain(block_of(house.monitor.recordings[MODEL, 2].numbers[CHAMPION], words))
    cells = figures(house).cells["amount"]
    assert sum(cells.values()) == figures(house).rows == 2_000
    assert len(cells) == 35


def test_figures_tell_of_drift_and_not_of_skew(house: House) -> None:
    house.watch(PROFILE, champion=2)
    house.ask(305)
    house.ask(12, shift=1.0)
    assert [one.kind for one in house.open()] == ["skew"]
    told = figures(house)
    assert (told.is_drifting, told.onset, told.evidence_log10) == (False, None, {})
    house.ask(305, seed=2)
    opened = house.drift()
    told = figures(house)
    assert (told.is_drifting, told.onset) == (True, opened.onset)
    assert told.evidence_log10["amount"] > 3
