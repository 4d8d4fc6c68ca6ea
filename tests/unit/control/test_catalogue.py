"""What is in the store, and how a model that is new gets its champion."""

import threading

import pytest

from tests.unit.control.conftest import World
from tests.unit.control.fakes import loaded
from tiltyard.control.catalogue import Catalogue, newest_able
from tiltyard.control.desired import Desired
from tiltyard.errors import StoreError, TiltyardError
from tiltyard.loading import LoadReport
from tiltyard.registry import Change, RegistryUnavailableError
from tiltyard.registry.noting import Note


def report(ready: list[int], loading: list[int], failed: list[int]) -> LoadReport:
    return LoadReport(
        versions=[loaded("m", number) for number in ready],
        unready=[("m", number, "a reason") for number in (*loading, *failed)],
        loading=frozenset(("m", number) for number in loading),
    )


@pytest.mark.parametrize(
    ("ready", "loading", "failed", "expected"),
    [
        ([1, 2, 3], [], [], 3),
        ([1, 2], [], [3], 2),
        ([1], [], [2, 3], 1),
        ([1], [3], [2], None),  # 3 may still come
        ([1, 3], [2], [], 3),  # 2 is older
        ([], [], [1, 2, 3], None),
        ([1], [], [3], None),  # of 2 nothing is known yet
    ],
)
def test_the_newest_that_can_serve(
    ready: list[int], loading: list[int], failed: list[int], expected: int | None
) -> None:
    assert newest_able("m", [1, 2, 3], report(ready, loading, failed)) == expected


def test_a_look_finds_what_is_new_and_loses_what_is_gone(empty: World) -> None:
    empty.put("m", 2, 1)
    catalogue = Catalogue(empty.store, {"m": [2, 1], "old": [1]})
    assert catalogue.stored == {"m": [1, 2], "old": [1]}
    empty.put("m", 3)
    empty.put("n", 1)
    catalogue.look()
    assert catalogue.stored == {"m": [1, 2, 3], "n": [1]}


def test_a_store_that_cannot_be_read_changes_nothing(
    empty: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = Catalogue(empty.store, {"m": [1]})
    with monkeypatch.context() as patch:
        patch.setattr(empty.store, "models", lambda: _raise(StoreError("cannot read it")))
        catalogue.look()
        assert (catalogue.stored, catalogue.problem) == ({"m": [1]}, "cannot read it")
    catalogue.look()
    assert (catalogue.stored, catalogue.problem) == ({}, "")


def _raise(error: Exception) -> dict[str, list[int]]:
    raise error


def test_an_older_look_does_not_undo_a_newer_one(
    empty: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has been published between two looks is not lost because the first was slow."""
    catalogue = Catalogue(empty.store, {})
    inner, began, release, looks = empty.store.models, threading.Event(), threading.Event(), []

    def slow() -> dict[str, list[int]]:
        found = inner()
        looks.append(found)
        if len(looks) == 1:
            began.set()
            assert release.wait(60)
        return found

    monkeypatch.setattr(empty.store, "models", slow)
    first, second = (threading.Thread(target=catalogue.look) for _ in range(2))
    first.start()
    assert began.wait(60)
    empty.put("m", 1)
    second.start()
    release.set()
    first.join()
    second.join()
    assert looks == [{}, {"m": [1]}]
    assert catalogue.stored == {"m": [1]}


def note(world: World, desired: Desired, found: LoadReport) -> None:
    Catalogue(world.store, world.store.models()).note(world.registry, desired, found)


def test_a_new_models_champion_is_the_newest_that_loads(empty: World) -> None:
    empty.put("m", 1, 2, 3)
    desired = Desired()
    note(empty, desired, report([1, 2], [3], []))
    assert empty.registry.models() == {}  # 3 may still come
    note(empty, desired, report([1, 2], [], [3]))
    state = empty.registry.get("m")
    assert (state.champion, state.epoch, sorted(state.versions)) == (2, 1, [1, 2, 3])
    assert desired.get("m") == state


def test_a_version_more_is_no_new_champion(empty: World) -> None:
    empty.put("m", 1)
    desired = Desired()
    note(empty, desired, report([1], [], []))
    empty.put("m", 2)
    note(empty, desired, report([1, 2], [], []))
    state = empty.registry.get("m")
    assert (state.champion, state.epoch, sorted(state.versions)) == (1, 1, [1, 2])
    assert desired.get("m") == state


def test_what_is_known_is_not_written_again(empty: World) -> None:
    empty.put("m", 1)
    desired = Desired()
    note(empty, desired, report([1], [], []))
    with empty.locked():
        note(empty, desired, report([1], [], []))
        empty.put("m", 2)
        with pytest.raises(RegistryUnavailableError):
            note(empty, desired, report([1], [], []))


def test_all_that_is_new_is_one_transaction_and_a_refusal_is_of_one_model(
    empty: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"m{number}" for number in range(20)]
    for name in names:
        empty.put(name, 1, 2)
    ready = LoadReport(versions=[loaded(name, number) for name in names for number in (1, 2)])
    stored = {".hidden": [1], **empty.store.models()}
    hidden = LoadReport(versions=[*ready.versions, loaded(".hidden", 1)])
    desired, note_all = Desired(), empty.registry.note_all
    calls: list[int] = []

    def counted(notes: list[Note]) -> list[Change | TiltyardError]:
        calls.append(len(notes))
        return note_all(notes)

    monkeypatch.setattr(empty.registry, "note_all", counted)
    refused = Catalogue(empty.store, stored).note(empty.registry, desired, hidden)
    assert calls == [2 * 21]
    assert refused.startswith("model name '.hidden' is not usable")
    assert sorted(desired.states()) == sorted(names)
    assert {state.champion for state in desired.states().values()} == {2}
