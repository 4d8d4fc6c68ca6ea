from tests.unit.monitor.house import MODEL, House
from tests.unit.monitor.traffic import reference_profile
from tiltyard.monitor.counting.level import DAY
from tiltyard.monitor.profile.codec import encode

PROFILE = reference_profile()
WARM = 15  # ticks; the house's detectors warm up for 10


def reports(house: House) -> list[dict[str, object]]:
    house.keeper.look()
    told, house.log.lines = house.log.lines, []
    return told


def test_skew_is_told_once_it_is_known_and_daily(house: House) -> None:
    house.watch(PROFILE, champion=2)
    house.ask(5)
    assert reports(house) == [], "warming"
    house.ask(WARM)
    (told,) = reports(house)
    assert (told["event"], told["model"], told["version"]) == ("skew", MODEL, 2)
    assert (told["state"], told["profile"], told["rows"]) == ("ok", 1, 2_000)
    house.ask(5)
    assert reports(house) == []
    house.clock.pass_s(DAY)
    house.ask(5)
    (told,) = reports(house)
    assert told["rows"] == 500, "of the last day"


def test_its_sizes_are_those_of_the_streams_that_changed_most(house: House) -> None:
    house.watch(PROFILE, champion=2)
    house.ask(WARM)
    assert len(reports(house)) == 1
    house.clock.pass_s(DAY)
    house.ask(WARM, shift=1.0)
    (told,) = reports(house)
    assert told["state"] == "skewed"
    measured = house.monitor.measured(
        house.watched(), "", house.watched().tickings[""].detections["skew"].reference,
        house.clock.unix - DAY,
    )  # fmt: skip
    changed = [one for one in measured.streams if one.psi_excess]
    assert told["changed"] == f"{len(changed)} of {len(measured.streams)}"
    largest = max(changed, key=lambda one: one.psi_excess or 0.0)
    assert str(told["streams"]).startswith(f"{largest.stream} (PSI {largest.psi:.3f}")


def test_another_profile_is_another_admission_and_no_slot_is_none(house: House) -> None:
    house.watch(PROFILE, champion=2)
    house.ask(WARM)
    assert len(reports(house)) == 1
    house.desk.add_profile(MODEL, 2, encode(reference_profile(rows=900)), "ann")
    house.keeper.look()
    house.ask(WARM)
    assert [one["profile"] for one in reports(house)] == [2]
    house.clock.pass_s(DAY)
    house.ask(WARM)
    house.serve(None)
    assert reports(house) == []
