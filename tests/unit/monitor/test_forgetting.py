import pytest

from tests.unit.monitor.house import MODEL, House
from tests.unit.monitor.traffic import reference_profile
from tiltyard.errors import NotFoundError
from tiltyard.monitor import forgetting as module
from tiltyard.monitor.counting.layout import ROWS
from tiltyard.monitor.counting.level import DAY
from tiltyard.monitor.forgetting import KEPT_S
from tiltyard.monitor.recording import CHAMPION
from tiltyard.monitor.saving import SAVE_S
from tiltyard.registry import Challenger

PROFILE = reference_profile()
THIRD = reference_profile(version=3)
FOURTH = reference_profile(version=4)


def leave(house: House, version: int) -> None:
    del house.served.loaded[MODEL, version]
    house.keeper.look()


def look_later(house: House, after_s: float = 2 * SAVE_S) -> None:
    house.clock.pass_s(after_s)
    house.keeper.look()


def saved_versions(house: House) -> set[int]:
    """Whose planes and detectors the state file has."""
    house.saving.save(force=True)
    house.saving.close()
    house.start()
    return {version for _, version in house.saving.unclaimed()}


def test_a_version_that_left_is_told_of_for_35_days(house: House) -> None:
    house.watch(PROFILE, THIRD, champion=3)
    house.ask(3)
    house.ask(3, version=3)
    leave(house, 2)
    look_later(house, KEPT_S - DAY)
    assert house.snapshot(window_s=KEPT_S).current.counts[ROWS] == 300
    assert house.desk.status().versions_forgotten == 0
    look_later(house, 2 * DAY)
    with pytest.raises(NotFoundError, match="nothing is counted of fraud version 2"):
        house.snapshot()
    assert house.desk.status().versions_forgotten == 1
    assert house.keeper.created.keys() <= {(MODEL, 3)}
    assert saved_versions(house) == {3}


def test_so_many_that_left_are_kept_the_last_ones(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT_MAX", 1)
    house.watch(PROFILE, THIRD, FOURTH, champion=4)
    for version in (2, 3, 4):
        house.ask(1, version=version)
    leave(house, 3)
    look_later(house)
    leave(house, 2)
    assert house.monitor.watched.keys() == {(MODEL, 2), (MODEL, 4)}
    assert saved_versions(house) == {2, 4}


def test_one_that_is_loaded_or_has_a_slot_is_never_forgotten(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT_MAX", 0)
    house.watch(PROFILE, THIRD, champion=2)
    house.ask(1)
    house.ask(1, version=3)
    house.serve(2, challengers=(Challenger(3, "shadow"),))
    leave(house, 3)  # it could not be loaded again, for example
    look_later(house, 2 * KEPT_S)
    assert house.monitor.watched.keys() == {(MODEL, 2), (MODEL, 3)}
    house.serve(2)
    look_later(house)
    assert house.monitor.watched.keys() == {(MODEL, 2)}


def test_what_was_saved_waits_until_all_is_loaded(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT_MAX", 0)
    house.watch(PROFILE, THIRD, champion=None)
    house.ask(2)
    house.ask(4, version=3)
    house.stop()
    house.start()
    house.served.settled = False
    house.load(2)
    look_later(house)
    assert house.saving.unclaimed().keys() == {(MODEL, 3)}
    house.load(3)
    house.served.settled = True
    look_later(house)
    assert house.watched(3).planes[CHAMPION, ""].panes.totals()[ROWS] == 400


def test_what_was_saved_and_is_never_loaded_is_forgotten(house: House) -> None:
    house.watch(PROFILE, THIRD, champion=2)
    house.ask(2)
    house.ask(2, version=3)
    house.restart(2)
    assert house.saving.unclaimed().keys() == {(MODEL, 3)}
    look_later(house, KEPT_S + 2 * SAVE_S)
    assert house.saving.unclaimed() == {}
    assert saved_versions(house) == {2}


def test_one_that_comes_back_after_it_was_forgotten_begins_anew(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.watch(PROFILE, THIRD, champion=3)
    house.ask(5)
    with monkeypatch.context() as patched:
        patched.setattr(module, "KEPT_MAX", 0)
        leave(house, 2)
    house.load(2)
    house.keeper.look()
    house.ask(1)
    house.restart(2, 3)
    assert house.watched().planes[CHAMPION, ""].panes.totals()[ROWS] == 100
    assert house.said == []


def test_metrics_have_a_version_that_left_until_its_window_is_empty(house: House) -> None:
    house.watch(PROFILE, THIRD, champion=3)
    house.ask(1)
    house.ask(1, version=3)
    leave(house, 2)
    assert {one.version for one in house.desk.figures()} == {2, 3}
    look_later(house, 700.0)
    assert [(one.version, one.window_rows) for one in house.desk.figures()] == [(3, 0)]
