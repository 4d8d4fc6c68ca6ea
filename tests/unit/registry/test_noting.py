"""Many notes of versions in one transaction; test_registry has those of one model."""

from contextlib import AbstractContextManager

import pytest
from sqlalchemy import Connection

from tiltyard.errors import ConfigError
from tiltyard.registry import (
    Change,
    ModelState,
    Registry,
    UnknownModelError,
    VersionChangedError,
    open_registry,
)
from tiltyard.registry.noting import Note


def test_many_notes_are_one_transaction_and_one_refusal_is_of_one(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[None] = []
    writing = registry._database.writing

    def counted() -> AbstractContextManager[Connection]:
        begun.append(None)
        return writing()

    monkeypatch.setattr(registry._database, "writing", counted)
    notes: list[Note] = [
        ("w2", [(1, "")]),
        ("w1", [(5, "e"), (1, "abc")]),  # another digest than it has
        ("w2", [(1, "a"), (2, "b")]),
        (".hidden", [(1, "")]),
        ("w3", []),
        ("w1", [(1, "")]),
        ("w4", [(3, "c")]),
    ]
    outcomes = registry.note_all(notes, actor="alice")
    assert [type(outcome) for outcome in outcomes] == [
        Change,
        VersionChangedError,
        Change,
        ConfigError,
        UnknownModelError,
        Change,
        Change,
    ]
    models = registry.models()
    assert sorted(models) == ["w1", "w2", "w4"]
    assert models["w1"].versions == {1, 2, 3, 4}
    assert models["w2"] == ModelState("w2", 1, 1, versions=frozenset([1, 2]))
    assert models["w4"] == ModelState("w4", 1, 3, versions=frozenset([3]))
    assert registry.digests("w2") == {1: "a", 2: "b"}
    made = [outcome for outcome in outcomes if isinstance(outcome, Change)]
    assert [change.state.versions for change in made] == [{1}, {1, 2}, {1, 2, 3, 4}, {3}]
    told = [event for change in made for event in change.events]
    assert told == registry.events(registry.last_seq() - 3, 9)
    assert {event.actor for event in told} == {"alice"}
    assert len(begun) == 1


def test_many_notes_without_news_write_nothing(registry: Registry, url: str) -> None:
    with open_registry(url, busy_timeout_s=0) as other, other._database.writing():
        outcomes = registry.note_all([("w1", [(1, "")]), ("w1", []), (".hidden", [])])
    assert [type(outcome) for outcome in outcomes] == [Change, Change, ConfigError]
    assert registry.note_all([]) == []
