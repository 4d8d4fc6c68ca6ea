from dataclasses import replace

import numpy as np
import pytest

from tests.unit.monitor.conftest import START
from tests.unit.monitor.house import MODEL, House
from tests.unit.monitor.traffic import block_of, columns, reference_profile, words_of
from tiltyard.control.errors import PreconditionError
from tiltyard.monitor.baselines import BaselineRefusedError
from tiltyard.monitor.counting.layout import REQUESTS, ROWS
from tiltyard.monitor.detection import DRIFT
from tiltyard.monitor.recording import CANARY, CHAMPION, SHADOWED
from tiltyard.registry import RegistryUnavailableError
from tiltyard.store.profiles import add_baseline, baseline_numbers, read_baseline

PROFILE = reference_profile()


@pytest.fixture
def house(house: House) -> House:
    house.watch(PROFILE, champion=2)
    return house


def test_too_few_rows_are_no_baseline(house: House) -> None:
    house.ask(9)
    with pytest.raises(PreconditionError, match=r"900 rows in the last 60 s, .* at least 1,000"):
        house.desk.accept(MODEL, 2, 60.0, "ann")
    house.ask(5)
    with pytest.raises(PreconditionError, match="in 500 rows in the last 5 s"):
        house.desk.accept(MODEL, 2, 5.0, "ann")
    assert baseline_numbers(house.store, MODEL, 2) == []


def test_what_was_served_is_stored_and_bet_against(house: House) -> None:
    house.ask(12)
    house.ask(3, role=CANARY)
    house.ask(3, role=SHADOWED)
    made = house.desk.accept(MODEL, 2, 60.0, "ann")
    assert (made.number, made.accepted_by) == (1, "ann")
    assert made.counts[ROWS] == 1_500, "what it answered, in whatever role"
    assert made.begin >= START
    assert made.end == house.clock.unix + 1
    assert read_baseline(house.store, MODEL, 2).digest == made.digest
    assert house.watched().baseline == made
    drift = [one for _, one in house.watched().detections() if one.kind == DRIFT]
    assert [one.reference.digest for one in drift] == [made.digest]
    event = house.registry.events(0, 99)[-1]
    assert (event.kind, event.version, event.actor) == ("baseline_accepted", 2, "ann")


def test_accepting_closes_what_was_drift_and_not_what_is_skew(house: House) -> None:
    opened = house.drift()
    house.ask(12, shift=1.0, seed=9)
    house.desk.accept(MODEL, 2, 12.0, "bob")
    kept = house.book.find(opened.id)
    assert kept is not None
    assert (kept.state, kept.closed_by) == ("superseded", "accepted by bob")
    assert [one.kind for one in house.open()] == ["skew"]
    house.ask(20, shift=1.0, seed=10)
    assert [one.kind for one in house.open()] == ["skew"], "it is normal now"


def test_segments_have_counts_of_their_own(house: House) -> None:
    segments = [["age", "18"], ["age", "-77"]]
    house.desk.set_policy(MODEL, {"segments": segments}, "ann")
    rows = columns(1, 1_200)
    rows["age"][::4] = 18
    number = house.monitor.recordings[MODEL, 2].numbers[CHAMPION]
    house.drain(block_of(number, words_of(rows)))
    made = house.desk.accept(MODEL, 2, 60.0, "ann")
    assert {name: counts[ROWS] for name, counts in made.segments.items()} == {"age=18": 300}
    assert read_baseline(house.store, MODEL, 2).segments["age=18"][ROWS] == 300
    bet = [(segment, one.kind) for segment, one in house.watched().detections()]
    assert bet == [("", "skew"), ("", "drift"), ("age=18", "drift")]
    house.restart(2)
    bet = [(segment, one.kind) for segment, one in house.watched().detections()]
    assert bet == [("", "skew"), ("", "drift"), ("age=18", "drift")]


def test_a_day_has_hours_of_the_week(house: House) -> None:
    number = house.monitor.recordings[MODEL, 2].numbers[CHAMPION]
    for hour in range(25):
        block = block_of(number, words_of(columns(hour, 60 + hour), request_rows=1))
        house.drain(block, after_s=3_600.0)
    made = house.desk.accept(MODEL, 2, 26 * 3_600.0, "ann")
    assert made.slots is not None
    # It began on Monday at midnight, and the first hour passed before the first rows.
    assert list(made.slots.rows[:27]) == [0, *range(60, 85), 0]
    assert np.array_equal(made.slots.of(range(168)), made.counts)


def test_a_busy_segment_has_hours_of_its_own(house: House) -> None:
    house.desk.set_policy(MODEL, {"segments": [["age", "18"], ["age", "30"]]}, "ann")
    number = house.monitor.recordings[MODEL, 2].numbers[CHAMPION]
    for hour in range(25):
        rows = columns(hour, 2_000)
        rows["age"][:1_100], rows["age"][1_100:] = 18, 31
        rows["age"][-1] = 30
        house.drain(block_of(number, words_of(rows)), after_s=3_600.0)
    made = house.desk.accept(MODEL, 2, 26 * 3_600.0, "ann")
    assert made.segment_slots.keys() == {"age=18"}
    assert made.segment_slots["age=18"].rows[:27] == (0, *[1_100] * 25, 0)
    found = {segment: one for segment, one in house.watched().detections() if one.kind == DRIFT}
    weekly = {segment: one.reference.weekly for segment, one in found.items()}
    assert weekly == {"": made.slots, "age=18": made.segment_slots["age=18"], "age=30": None}
    house.restart(2)
    baseline = house.watched().baseline
    assert baseline is not None
    assert baseline.segment_slots == made.segment_slots


def test_requests_make_a_first_baseline_due_and_not_rows(house: House) -> None:
    house.desk.set_policy(MODEL, {"baseline_rows": 1_000}, "ann")
    number = house.monitor.recordings[MODEL, 2].numbers[CHAMPION]
    for seed in range(9):
        house.drain(block_of(number, words_of(columns(seed, 1_000), request_rows=10)))
        house.keeper.look()
    assert house.watched().baseline is None
    house.drain(block_of(number, words_of(columns(77, 1_000), request_rows=10)))
    house.keeper.look()
    baseline = house.watched().baseline
    assert baseline is not None
    assert (baseline.counts[ROWS], baseline.counts[REQUESTS]) == (10_000, 1_000)


def test_time_makes_a_first_baseline_due(house: House) -> None:
    house.desk.set_policy(MODEL, {"baseline_window_s": 600.0}, "ann")
    house.ask(15)
    house.clock.pass_s(580.0)
    house.keeper.look()
    assert house.watched().baseline is None
    house.clock.pass_s(10.0)
    house.keeper.look()
    assert house.watched().baseline is not None
    house.desk.set_policy(MODEL, {"accepts_by_itself": False}, "ann")
    assert baseline_numbers(house.store, MODEL, 2) == [1]


def test_who_does_not_want_it_gets_no_baseline(house: House) -> None:
    house.desk.set_policy(MODEL, {"accepts_by_itself": False, "baseline_rows": 1_000}, "ann")
    house.ask(15)
    house.keeper.look()
    assert house.watched().baseline is None


def test_a_registry_that_fails_leaves_it_accepted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RegistryUnavailableError("the registry is locked", "Wait.", "busy")

    house.ask(12)
    monkeypatch.setattr(house.registry, "note", fail)
    assert house.desk.accept(MODEL, 2, 60.0, "ann").number == 1
    baseline = house.watched().baseline
    assert baseline is not None
    assert baseline.number == 1
    assert "the registry is locked" in house.keeper.problems["event baseline_accepted"]


def test_an_older_baseline_takes_no_newer_ones_place(house: House) -> None:
    house.ask(12)
    first = house.desk.accept(MODEL, 2, 60.0, "ann")
    second = house.desk.accept(MODEL, 2, 60.0, "bob")
    house.keeper.baselines.adopt(house.watched(), first)
    assert house.watched().baseline == second
    house.keeper.baselines.look(house.watched())
    assert house.watched().baseline == second


def test_the_newest_that_fits_is_taken_and_the_others_said(house: House) -> None:
    house.ask(12)
    fits = house.desk.accept(MODEL, 2, 60.0, "ann")
    add_baseline(house.store, MODEL, 2, replace(fits, profile_digest="0" * 64))
    house.restart(2)
    baseline = house.watched().baseline
    assert baseline is not None
    assert baseline.number == 1
    problem = house.keeper.problems["baseline of fraud version 2"]
    assert "baseline 2 of fraud version 2: expected a baseline of profile" in problem
    file = house.root / MODEL / "2" / "baselines" / "2.npz"
    file.unlink()
    file.write_bytes(b"nonsense")  # nobody reads again what was refused
    with pytest.raises(BaselineRefusedError, match="expected a baseline of profile"):
        house.keeper.baselines.look(house.watched())
