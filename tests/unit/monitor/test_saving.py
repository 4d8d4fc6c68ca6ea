import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.monitor.house import MODEL, House
from tests.unit.monitor.traffic import reference_profile
from tiltyard.monitor.counting.counter import Kernel
from tiltyard.monitor.counting.layout import ROWS
from tiltyard.monitor.recording import CHAMPION, SHADOW
from tiltyard.monitor.saving import SAVE_S
from tiltyard.monitor.state_file import StateFileError

PROFILE = reference_profile()
THIRD = reference_profile(version=3)

# Ticks: how many rows, how far they are shifted, how long they take, and whether nobody runs then.
TICKS = st.lists(
    st.tuples(
        st.integers(1, 120),
        st.sampled_from([0.0, 0.0, 2.0]),
        st.sampled_from([0.25, 1.0, 2.5, 70.0]),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


def evidence(house: House) -> list[dict[str, Any]]:
    """To the bit."""
    found = [one.to_arrays() for _, one in house.watched().detections()]
    return [{name: array.tobytes() for name, array in arrays.items()} for arrays in found]


@settings(max_examples=12, deadline=None)
@given(ticks=TICKS, policy=st.sampled_from([{}, {"segments": [["age", "18"]]}]))
def test_a_restart_changes_nothing(
    kernel: Kernel, ticks: list[tuple[int, float, float, bool]], policy: dict[str, Any]
) -> None:
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        houses = House(Path(first), kernel), House(Path(second), kernel)
        for house in houses:
            house.watch(PROFILE, champion=2)
            house.desk.set_policy(MODEL, policy, "ann")
            house.ask(20)
            house.desk.accept(MODEL, 2, 60.0, "ann")
            for seed, (rows, shift, after_s, restarts) in enumerate(ticks):
                role = SHADOW if seed % 3 == 2 else CHAMPION
                house.drain(house.block(seed, rows, shift, 2, role), after_s=after_s)
                if restarts and house is houses[1]:
                    house.restart(2)
        whole, restarted = houses
        assert evidence(restarted) == evidence(whole)
        assert restarted.watched().planes.keys() == whole.watched().planes.keys()
        end = whole.clock.unix + 1
        for key, plane in whole.watched().planes.items():
            other = restarted.watched().planes[key].panes
            assert np.array_equal(other.totals(), plane.panes.totals())
            for window_s in (1.0, 10.0, 60.0, 3_600.0):
                told, expected = (
                    panes.window(end - window_s, end) for panes in (other, plane.panes)
                )
                assert np.array_equal(told.counts, expected.counts)
                assert (told.begin, told.end) == (expected.begin, expected.end)
        assert restarted.book.all() == whole.book.all()
        for house in houses:
            house.saving.close()
            house.registry.close()
            assert (house.bugs, house.said) == ([], [])


def test_the_time_in_which_nobody_watched_is_a_gap(house: House) -> None:
    house.watch(PROFILE, THIRD, champion=2)
    house.ask(10)
    house.restart(2, down_s=120.0)
    house.ask(5)
    house.load(3)
    house.keeper.look()
    assert house.saving.gap_s == house.desk.status().gap_s == 120.0
    window = house.snapshot(window_s=600.0).current
    assert (window.counts[ROWS], window.gap_s) == (1_500, 120.0)
    assert house.snapshot(window_s=5.0).current.gap_s == 0.0
    assert house.watched(3).planes == {}, "nothing was saved of it"


def test_a_version_that_is_loaded_late_has_its_whole_gap(house: House) -> None:
    house.watch(PROFILE, THIRD, champion=2)
    house.ask(3, version=3)
    house.restart(2, down_s=100.0)
    house.ask(int(SAVE_S) + 5)
    house.keeper.look()
    house.load(3)
    house.keeper.look()
    end = house.clock.unix
    window = house.watched(3).planes[CHAMPION, ""].panes.window(end - 600, end)
    assert (window.counts[ROWS], window.gap_s) == (300, 115.0)


def test_it_is_saved_every_ten_seconds_and_a_crash_loses_what_came_since(house: House) -> None:
    house.watch(PROFILE, champion=2)
    for _ in range(25):
        house.ask(1)
        house.keeper.look()
    assert house.saving.saved_at == house.clock.unix - 5
    house.crash()
    house.start()
    house.load(2)
    house.keeper.look()
    assert house.watched().planes[CHAMPION, ""].panes.totals()[ROWS] == 2_000
    assert house.snapshot().current.gap_s == 5.0


def test_an_open_alarm_is_open_after_a_restart(house: House) -> None:
    house.watch(PROFILE, champion=2)
    opened = house.drift()
    house.desk.acknowledge(opened.id, "bob", "known")
    house.restart(2, down_s=30.0)
    (again,) = house.open("drift")
    assert (again.id, again.acknowledged_by, again.note) == (opened.id, "bob", "known")
    seq = house.feed.seq
    house.desk.acknowledge(opened.id, "eve", "seen too")
    (event,) = house.feed.events(seq, 9)
    assert (event.event, event.alarm.acknowledged_by) == ("acknowledged", "eve")
    house.ask(60, seed=33)
    kept = house.book.find(opened.id)
    assert kept is not None
    assert (kept.state, kept.note) == ("recovered", "seen too")
    assert house.open("drift") == []


def test_what_cannot_be_read_is_said_and_the_rest_is_there(house: House) -> None:
    house.watch(PROFILE, champion=2)
    house.ask(5)
    house.stop()
    documents = {"alarms": "nonsense", "events": json.dumps({"format": 99})}
    house.start()
    house.state.save(house.clock.unix, {}, {}, documents)
    house.crash()
    house.start()
    house.load(2)
    house.keeper.look()
    assert any("saved alarms cannot be read" in one for one in house.said)
    assert any("saved alarm events have format 99" in one for one in house.said)
    assert house.watched().planes[CHAMPION, ""].panes.totals()[ROWS] == 500


def test_counts_of_another_profile_are_said_and_forgotten(house: House) -> None:
    house.watch(PROFILE, champion=2)
    house.ask(5)
    newer = house.put(replace(reference_profile(rows=900), version=2))
    house.restart(2)
    assert any("in the cells of profile" in one for one in house.said)
    house.ask(3)
    house.stop()
    house.start()
    found = house.state.load(house.clock.unix)
    assert [one.profile_digest for one in found.planes] == [newer.digest]


def test_only_what_changed_is_written(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.watch(PROFILE, THIRD, champion=2)
    house.ask(3)
    house.ask(3, version=3)
    house.saving.save(force=True)
    written: list[tuple[set[int], set[str], set[str]]] = []
    save = house.state.save

    def look(now: float, planes: Any, arrays: Any, documents: Any, **more: Any) -> None:
        written.append(({one.key.version for one in planes}, set(arrays), set(documents)))
        assert more == {"forget": []}
        save(now, planes, arrays, documents, **more)

    monkeypatch.setattr(house.state, "save", look)
    house.saving.save(force=True)
    house.ask(1, version=3)
    house.saving.save(force=True)
    assert written == [(set(), set(), set()), ({3}, {"fraud/3/skew/", "fraud/3/tick/"}, set())]


def test_a_segment_that_is_no_more_leaves_the_file(house: House) -> None:
    house.watch(PROFILE, champion=2)
    house.desk.set_policy(MODEL, {"segments": [["age", "18"]]}, "ann")
    house.ask(12)
    house.watched().plane(CHAMPION, "age=18", house.clock.unix)
    house.saving.save(force=True)
    house.desk.set_policy(MODEL, {"segments": []}, "ann")
    house.saving.save(force=True)
    house.crash()
    house.start()
    found = house.state.load(house.clock.unix)
    assert {one.key.segment for one in found.planes} == {""}
    assert [name for name in found.arrays if "age" in name] == []


def test_a_segment_that_begins_anew_has_nothing_of_before(house: House) -> None:
    house.watch(PROFILE, champion=2)
    segment = {"segments": [["age", "18"]]}
    house.desk.set_policy(MODEL, segment, "ann")
    house.ask(90)
    first = house.watched().planes[CHAMPION, "age=18"]
    first.panes.add(house.clock.unix, np.ones_like(first.panes.totals()), 1, 1)
    first.changes += 1
    house.clock.pass_s(70.0)
    house.saving.save(force=True)
    house.desk.set_policy(MODEL, {"segments": []}, "ann")
    house.desk.set_policy(MODEL, segment, "ann")
    house.ask(2)
    house.restart(2)
    panes = house.watched().planes[CHAMPION, "age=18"].panes
    end = house.clock.unix + 1
    assert panes.totals()[ROWS] == panes.window(end - 3_600, end).counts[ROWS] == 0


def test_a_save_that_fails_is_made_good_by_the_next(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.watch(PROFILE, champion=2)
    house.ask(5)

    def fail(*_: Any, **__: Any) -> None:
        raise StateFileError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(house.state, "save", fail)
        house.clock.pass_s(SAVE_S)
        house.keeper.look()
    assert house.keeper.problems == {"save": "the disk is full"}
    house.restart(2)
    assert house.watched().planes[CHAMPION, ""].panes.totals()[ROWS] == 500


def test_without_a_file_nothing_is_kept(house: House) -> None:
    house.saving.close()
    house.saving._state = None
    house.saving.load()
    house.watch(PROFILE, champion=2)
    house.saving.save(force=True)
    assert house.saving.saved_at is None
    house.saving.close()
