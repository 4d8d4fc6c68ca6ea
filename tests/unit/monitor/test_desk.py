import contextlib
import threading
from typing import Any

import pytest

from tests.unit.monitor.house import MODEL, House
from tests.unit.monitor.traffic import reference_profile
from tiltyard.control.errors import PreconditionError, UnknownNameError
from tiltyard.errors import ConfigError, NotFoundError
from tiltyard.monitor import keeper as keeper_module
from tiltyard.monitor.interface import DriftQuery
from tiltyard.monitor.policy import DriftPolicy
from tiltyard.monitor.profile.codec import encode
from tiltyard.monitor.recording import CANARY
from tiltyard.registry import Challenger, RegistryUnavailableError

PROFILE = reference_profile()
THIRD = reference_profile(version=3)


def look(house: House, **asked: Any) -> Any:
    return house.desk.snapshots(DriftQuery(**{"model": MODEL, **asked}))


def test_why_there_is_nothing_to_be_told(house: House) -> None:
    assert house.desk.snapshots(DriftQuery()) == []
    with pytest.raises(NotFoundError, match=r"there is no model 'fraud' in"):
        look(house)
    place = house.root / MODEL / "2"
    place.mkdir(parents=True)
    (place / "model.onnx").write_bytes(b"")
    house.load(2)
    with pytest.raises(PreconditionError, match="about to be watched"):
        look(house)
    house.keeper.look()
    with pytest.raises(PreconditionError, match="fraud version 2 has no reference profile") as told:
        look(house)
    assert told.value.to_do == "Give it one: tiltyard profile fraud 2 --reference FILE"
    (place / "profiles").mkdir()
    (place / "profiles" / "1.npz").write_bytes(b"nonsense")
    house.keeper.wake()
    house.keeper.look()
    with pytest.raises(PreconditionError, match=r"version 2 is not counted: .*profiles/1\.npz"):
        look(house)
    (place / "profiles" / "2.npz").write_bytes(encode(PROFILE))
    house.keeper.wake()
    house.keeper.look()
    assert len(look(house)) == 1


def test_what_is_watched_while_it_is_asked_for_is_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.put(PROFILE)
    house.load(2)
    house.serve(2)
    models = type(house.store).models

    def looked_at(store: Any) -> Any:
        house.keeper.look()
        return models(store)

    monkeypatch.setattr(type(house.store), "models", looked_at)
    assert [one.key.version for one in look(house)] == [2]


def test_before_anything_is_loaded_it_is_about_to_be_watched(house: House) -> None:
    house.put(PROFILE)
    house.served.settled = False
    with pytest.raises(PreconditionError, match="about to be watched"):
        look(house)
    house.served.settled = True
    with pytest.raises(NotFoundError, match=r"nothing is counted of fraud on this gateway$"):
        look(house)
    house.watch(PROFILE, champion=2)
    house.load(3)
    with pytest.raises(NotFoundError, match="nothing is counted of fraud version 9"):
        look(house, version=9)
    with pytest.raises(PreconditionError, match="about to be watched"):
        look(house, version=3)


def test_what_there_is_in_place_of_what_is_asked(house: House) -> None:
    house.watch(PROFILE, THIRD, champion=2)
    house.desk.set_policy(MODEL, {"segments": [["age", "18"]]}, "ann")
    house.ask(1)
    house.ask(1, version=3, role=CANARY)
    house.load(4)  # in the store it has no profile, and nobody asks for it
    place = house.root / MODEL / "4"
    place.mkdir()
    (place / "model.onnx").write_bytes(b"")
    house.keeper.wake()
    house.keeper.look()
    there = "there is version 3 canary, version 2 champion"
    for asked, told in (
        ({"role": "king"}, f"nothing is counted of fraud role 'king' on this gateway; {there}"),
        ({"version": 9}, f"nothing is counted of fraud version 9 on this gateway; {there}"),
        (
            {"segment": "age=1"},
            (
                "nothing is counted of fraud segment 'age=1' on this gateway; there is version 3"
                " canary, version 3 canary age=18, version 2 champion, version 2 champion age=18"
            ),
        ),
    ):
        with pytest.raises(NotFoundError) as raised:
            look(house, **asked)
        assert str(raised.value) == told
    segments = [["age", str(number)] for number in range(10, 30)]
    house.desk.set_policy(MODEL, {"segments": segments}, "ann")
    house.ask(1)
    with pytest.raises(NotFoundError, match=r"champion age=14 and 15 more$"):
        look(house, segment="age=1")


def test_alarms_of_a_model_that_there_is_not(house: House) -> None:
    house.watch(PROFILE, champion=2)
    assert house.desk.alarms(MODEL) == []
    with pytest.raises(NotFoundError, match="there is no model 'nosuch'"):
        house.desk.alarms("nosuch")


def test_an_alarm_is_acknowledged_once_it_is_there_and_open(house: House) -> None:
    house.watch(PROFILE, champion=2)
    with pytest.raises(UnknownNameError, match="there is no alarm 'x'"):
        house.desk.acknowledge("x", "ann", "")
    opened = house.drift()
    seen = house.desk.acknowledge(opened.id, "ann", "a holiday")
    assert (seen.state, seen.acknowledged_by, seen.note) == ("open", "ann", "a holiday")
    (listed,) = house.open("drift")
    assert (listed.acknowledged_by, listed.note) == ("ann", "a holiday")
    event = house.registry.events(0, 99)[-1]
    assert (event.kind, event.actor, event.data["alarm"]) == (
        "alarm_acknowledged",
        "ann",
        opened.id,
    )
    house.serve(9)
    house.keeper.look()
    with pytest.raises(PreconditionError, match="is superseded, and only an open one"):
        house.desk.acknowledge(opened.id, "ann", "")


def test_sizes_go_on_while_an_alarm_is_open(house: House) -> None:
    house.watch(PROFILE, champion=2)
    opened = house.drift()
    house.ask(10, shift=1.0, seed=70)
    (later,) = house.open("drift")
    assert later.n_current == opened.n_current + 1_000
    assert (later.id, later.crossed_at, later.cause) == (
        opened.id,
        opened.crossed_at,
        opened.cause,
    )


def test_who_serves_is_accepted_where_no_version_is_named(house: House) -> None:
    house.watch(PROFILE, THIRD, champion=2)
    house.ask(12)
    house.ask(12, version=3)  # served before a rollback, and is newer
    assert house.desk.accept(MODEL, None, 60.0, "ann").number == 1
    assert house.watched(2).baseline is not None
    assert house.watched(3).baseline is None
    assert house.desk.accept(MODEL, 3, 60.0, "ann").number == 1
    with pytest.raises(NotFoundError, match="nothing is counted of fraud version 7"):
        house.desk.accept(MODEL, 7, 60.0, "ann")
    with pytest.raises(NotFoundError, match="there is no model 'other'"):
        house.desk.accept("other", None, 60.0, "ann")


def test_nobody_else_is_accepted_where_the_champion_is_not_watched(house: House) -> None:
    house.watch(PROFILE, THIRD, champion=3)
    house.ask(12, version=3)
    house.serve(1)
    with pytest.raises(NotFoundError, match="nothing is counted of fraud version 1"):
        house.desk.accept(MODEL, None, 60.0, "ann")


def test_who_serves_is_told_as_far_as_it_is_known(house: House) -> None:
    house.watch(PROFILE, THIRD, champion=3)
    house.ask(1)
    house.ask(1, version=3)

    def slots() -> dict[int, str | None]:
        return {one.key.version: one.slot for one in look(house)}

    assert slots() == {2: "", 3: "champion"}
    house.serve(2, challengers=(Challenger(3, "canary", buckets=100, sample_ppm=0),))
    assert slots() == {2: "champion", 3: "canary"}
    house.serve(None)
    assert slots() == {2: None, 3: None}
    house.serve(2)
    house.served.known = None
    assert slots() == {2: None, 3: None}


def test_a_policy_is_kept_and_in_force_at_once(house: House) -> None:
    house.watch(PROFILE, champion=2)
    assert house.desk.policy(MODEL) == DriftPolicy()
    changed = house.desk.set_policy(MODEL, {"delta": 0.2, "captures_values": True}, "ann")
    assert (changed.epoch, changed.delta, changed.captures_values) == (1, 0.2, True)
    assert house.desk.policy(MODEL) == house.watched().policy == changed
    assert house.desk.set_policy(MODEL, {"delta": 0.3}, "ann").captures_values
    assert house.registry.policies()[MODEL]["delta"] == 0.3
    with pytest.raises(ConfigError, match="delta"):
        house.desk.set_policy(MODEL, {"delta": 7.0}, "ann")
    assert house.registry.policies()[MODEL]["epoch"] == 2
    with pytest.raises(NotFoundError, match="there is no model 'other'"):
        house.desk.set_policy("other", {}, "ann")
    house.restart(2)
    assert house.watched().policy.delta == 0.3


def test_without_a_registry_there_is_no_policy_to_change(house: House) -> None:
    house.watch(PROFILE, champion=2)
    house.served.known = None
    with pytest.raises(PreconditionError, match="no registry"):
        house.desk.set_policy(MODEL, {"delta": 0.2}, "ann")
    house.ask(12)
    assert house.desk.accept(MODEL, 2, 60.0, "ann").number == 1


def test_a_profile_is_stored_noted_and_looked_at(house: House) -> None:
    house.watch(PROFILE, champion=2)
    made = house.desk.add_profile(MODEL, 2, encode(reference_profile(rows=900)), "ann")
    assert made.number == 2
    event = house.registry.events(0, 99)[-1]
    assert (event.kind, event.version, event.data) == ("profile_added", 2, {"number": 2})
    house.keeper.look()
    assert house.watched().profile.digest == made.digest


def test_what_the_monitor_tells_of_itself(house: House) -> None:
    house.watch(PROFILE, THIRD, champion=2)
    house.ask(3)
    status = house.desk.status()
    assert status.is_watching
    assert status.is_compiled
    assert (status.planes, status.rows, status.drains) == (1, 300, 3)
    assert (status.bytes_max, status.panes_dropped, status.rows_unclaimed) == (10**9, 0, 0)
    assert status.bytes_held > 0
    assert status.saved_at == house.saving.saved_at is not None
    assert status.problems == ()


def test_a_problem_is_told_of_whose_it_is_and_all_are_counted(house: House) -> None:
    house.watch(PROFILE, THIRD, champion=2)
    for model in ("a", MODEL):
        house.registry.note_versions(model, [(1, "")])
        house.registry.change_policy(model, lambda _: {"delta": 9.0}, changes={}, actor="bob")
    (house.root / MODEL / "3" / "profiles" / "2.npz").write_bytes(b"nonsense")
    house.keeper.wake()
    house.keeper.look()
    of_second, of_third = (look(house, version=version)[0].problems for version in (2, 3))
    assert len(of_second) == 1, "its policy, and not that of a"
    assert of_third[:1] == of_second
    assert "profiles/2.npz" in of_third[1]
    assert len(house.desk.status().problems) == 3


def test_problems_of_policies_are_counted_while_their_versions_are_there(house: House) -> None:
    house.watch(PROFILE, champion=2)
    house.desk.set_policy(MODEL, {"segments": [["city", "Oslo"]]}, "ann")
    (problem,) = house.desk.status().problems
    assert "city" in problem
    house.served.loaded.clear()
    house.keeper.look()
    assert house.desk.status().problems == ()


def test_events_are_the_feeds(house: House) -> None:
    house.watch(PROFILE, champion=2)
    assert not house.desk.wait_events(0, 0.0)
    house.drift()
    assert house.desk.wait_events(0, 0.0)
    assert house.desk.events(0, 1)[0].event == "opened"


def test_asking_from_threads_while_it_counts_and_looks(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper_module, "STORE_LOOK_S", 0.0)
    house.watch(PROFILE, THIRD, champion=2)
    stop = threading.Event()
    failed: list[BaseException] = []

    def ask() -> None:
        number = 0
        try:
            while not stop.is_set():
                number += 1
                house.desk.figures()
                house.desk.status()
                house.desk.snapshots(DriftQuery(pieces=2))
                house.desk.alarms()
                segments = [["age", str(number % 3)]]
                with contextlib.suppress(RegistryUnavailableError):  # the other thread holds it
                    house.desk.set_policy(MODEL, {"segments": segments}, "ann")
        except BaseException as error:  # noqa: BLE001 - the test tells
            failed.append(error)

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    for tick in range(40):
        house.ask(1, seed=tick, role=CANARY if tick % 2 else "shadow")
        house.load(3)
        house.keeper.look()
    stop.set()
    for thread in asking:
        thread.join(60)
    assert failed == []
    assert house.monitor.rows == 4_000
    assert house.monitor.rows_unclaimed == 0
