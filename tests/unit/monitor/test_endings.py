import contextlib
import sqlite3
from dataclasses import replace

import pytest

from tests.unit.monitor.conftest import Bench
from tests.unit.monitor.house import MODEL, House
from tests.unit.monitor.test_alarm_book import ALARM
from tests.unit.monitor.traffic import reference_profile
from tiltyard.monitor.endings import close_what_is_over, replaced_by, superseded_by
from tiltyard.monitor.recording import CANARY, CHAMPION
from tiltyard.monitor.snapshot import Alarm, Baseline, PlaneKey
from tiltyard.registry import Challenger, ModelState

PROFILE = reference_profile()
THIRD = reference_profile(version=3)
SHADOW = Challenger(2, "shadow")


@pytest.mark.parametrize(
    ("state", "by"),
    [
        (ModelState("fraud", 1, 2), ""),
        (ModelState("fraud", 1, 3), "superseded by v3"),
        (ModelState("fraud", 1, 3, challengers=(SHADOW,)), ""),
        (ModelState("fraud", 1, 3, previous=2), "superseded by v3"),
        (ModelState("fraud", 1, None), ""),
        (None, "superseded: there is no such model any more"),
    ],
)
def test_who_is_in_no_slot_has_no_alarm(state: ModelState | None, by: str) -> None:
    states = {} if state is None else {"fraud": state}
    assert superseded_by(ALARM, states) == by


def test_what_came_in_place_of_a_detector(bench: Bench) -> None:
    watched = bench.watch(PROFILE)
    skew = replace(ALARM, kind="skew", reference_digest="other")

    def by(alarm: Alarm) -> str:
        return replaced_by(watched, alarm)

    assert by(skew) == f"superseded by profile {PROFILE.number}"
    assert by(ALARM) == f"superseded by profile {PROFILE.number}"
    watched.baseline = Baseline(
        4, "b2", PROFILE.digest, 0.0, 1.0, "ann", 1.0, PROFILE.layout.zeros()
    )
    assert by(ALARM) == "superseded by baseline 4"
    same = replace(ALARM, reference_digest="b2")
    assert by(same) == "superseded by a detector that began anew"
    part = replace(ALARM, key=PlaneKey("fraud", 2, "champion", "age=18"))
    assert by(part) == "superseded by drift policy 0"


def test_a_version_that_nobody_watches_is_closed_in_the_book(bench: Bench) -> None:
    monitor = bench.monitor
    monitor.book.take("opened", ALARM, 100.0)
    close_what_is_over(monitor, {"fraud": ModelState("fraud", 1, 2)})
    assert monitor.book.all(open_only=True) == [ALARM], "its version is still to be loaded"
    close_what_is_over(monitor, {"fraud": ModelState("fraud", 1, 3)})
    close_what_is_over(monitor, {"fraud": ModelState("fraud", 1, 3)})
    (closed,) = monitor.book.all()
    assert (closed.state, closed.closed_by) == ("superseded", "superseded by v3")


# ---- in a whole monitor


@pytest.mark.parametrize("canary", [False, True])
def test_a_swap_closes_what_is_open(house: House, *, canary: bool) -> None:
    house.watch(PROFILE, THIRD, champion=2)
    opened = house.drift()
    challenger = Challenger(3, "canary", buckets=100, sample_ppm=0)
    house.serve(2, challengers=(challenger,) if canary else ())
    house.keeper.look()
    assert house.open("drift") != [], "a challenger takes nobody's place"
    house.serve(3, previous=2)
    house.keeper.look()
    kept = house.book.find(opened.id)
    assert kept is not None
    assert (kept.state, kept.closed_by) == ("superseded", "superseded by v3")
    assert kept.closed_at == house.clock.unix
    assert house.feed.events(0, 99)[-1].event == "superseded"
    assert house.open() == []


def test_a_rollback_closes_the_alarms_of_who_served(house: House) -> None:
    house.watch(PROFILE, THIRD, champion=3)
    opened = house.drift(version=3)
    house.serve(2, rolled_back=True)
    house.keeper.look()
    kept = house.book.find(opened.id)
    assert kept is not None
    assert kept.closed_by == "superseded by v2"


def test_a_canary_goes_on_as_champion(house: House) -> None:
    house.watch(PROFILE, THIRD, champion=2)
    house.serve(2, challengers=(Challenger(3, "canary", buckets=100, sample_ppm=0),))
    house.keeper.look()
    house.ask(305, version=3, role=CANARY)
    house.ask(12, version=3, role=CANARY, shift=1.0)
    (opened,) = house.open()
    assert opened.key.role == CANARY
    house.serve(3, previous=2)
    house.keeper.look()
    house.ask(2, version=3, shift=1.0)
    (still,) = house.open()
    assert (still.id, still.crossed_at, still.key.role) == (opened.id, opened.crossed_at, CHAMPION)
    assert next(house.watched(3).detections())[1].detector.ticks == 319


def test_a_swap_while_nobody_ran_closes_too(house: House) -> None:
    house.watch(PROFILE, THIRD, champion=2)
    opened = house.drift()
    house.serve(3, previous=2)
    house.restart(2, 3, down_s=60.0)
    kept = house.book.find(opened.id)
    assert kept is not None
    assert (kept.state, kept.closed_by) == ("superseded", "superseded by v3")
    assert list(house.monitor.open_alarms()) == []


def test_an_alarm_waits_for_its_version_to_be_loaded(house: House) -> None:
    house.watch(PROFILE, champion=2)
    opened = house.drift()
    house.restart()
    assert opened.id in [one.id for one in house.open()], "it is still to be loaded"
    house.load(2)
    house.keeper.look()
    assert opened.id in [alarm.id for _, _, alarm in house.monitor.open_alarms()]


def test_without_a_registry_nobody_is_superseded_while_any_is_loading(house: House) -> None:
    house.watch(PROFILE, THIRD, champion=3)
    opened = house.drift(version=3)
    house.served.known, house.served.settled = None, False
    house.serve(2)  # 3 is still to be loaded
    house.restart(2)
    assert opened.id in [one.id for one in house.open()]
    house.served.settled = True
    house.keeper.look()
    kept = house.book.find(opened.id)
    assert kept is not None
    assert kept.closed_by == "superseded by v2"


def test_alarms_of_a_version_that_is_gone_do_not_stay(house: House) -> None:
    house.watch(PROFILE, champion=2)
    opened = house.drift()
    del house.served.wanted[MODEL]
    house.restart()
    kept = house.book.find(opened.id)
    assert kept is not None
    assert kept.state == "superseded"
    assert "no such model" in kept.closed_by


def test_a_detector_that_was_not_saved_leaves_no_alarm(house: House) -> None:
    house.watch(PROFILE, champion=2)
    opened = house.drift()
    house.stop()
    with contextlib.closing(sqlite3.connect(house.state_path, isolation_level=None)) as state:
        state.execute("DELETE FROM arrays")
    house.start()
    house.load(2)
    house.keeper.look()
    kept = house.book.find(opened.id)
    assert kept is not None
    assert kept.closed_by == "superseded by a detector that began anew"
