import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.registry.walks import START, VERSIONS, transitions
from tiltyard.registry import Event, Transition, TransitionError, rows
from tiltyard.registry.database import Database


@settings(max_examples=40, deadline=None)
@given(st.lists(transitions(), min_size=10, max_size=40))
def test_every_state_is_read_as_it_was_written(asked: list[Transition]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'registry.db'}", busy_timeout_s=0)
        with database.writing() as connection:
            new = rows.add_model(connection, "w1")
            assert rows.write_digests(connection, "w1", {}, dict.fromkeys(VERSIONS, "")) == [
                *sorted(VERSIONS)
            ]
            rows.write_model(connection, new, START)
            # A neighbour, whose rows must not be taken for this one's.
            rows.add_model(connection, "w2")
            rows.write_digests(connection, "w2", {}, {1: "", 2: ""})
        state = START
        for transition in asked:
            try:
                after, _ = transition(state)
            except TransitionError:
                continue
            with database.writing() as connection:
                rows.write_model(connection, state, after)
            with database.reading() as connection:
                found = rows.read_models(connection)
            assert found["w1"] == after
            assert found["w2"].versions == {1, 2}
            assert found["w2"].challengers == ()
            state = after
        database.close()


def test_events_are_numbered_and_read_in_their_order(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'registry.db'}", busy_timeout_s=0)
    with database.writing() as connection:
        assert rows.last_seq(connection) == 0
        kept = [
            rows.append_event(
                connection, Event("version_loaded", model, epoch, None), float(epoch), "alice"
            )
            for epoch in range(1, 6)
            for model in ("w1", "w2")
        ]
    assert [event.seq for event in kept] == list(range(1, 11))
    assert replace(kept[0], seq=0, ts=0.0, actor="") == Event("version_loaded", "w1", 1, None)
    with database.reading() as connection:
        assert rows.read_events(connection, 0, 100) == kept
        assert rows.read_events(connection, 4, 3) == kept[4:7]
        assert rows.read_events(connection, 4, 2, "w2") == kept[5:8:2]
        assert rows.read_events_since(connection, "w2", 3, 100) == kept[7::2]
        assert rows.read_events_since(connection, "w2", 0, 2) == kept[7::2]
        assert rows.last_seq(connection) == 10
    database.close()


def test_digests_are_filled_in_and_never_changed(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'registry.db'}", busy_timeout_s=0)
    with database.writing() as connection:
        rows.add_model(connection, "w1")
        rows.write_digests(connection, "w1", {}, {1: "", 2: "b"})
        known = rows.read_digests(connection, "w1")["w1"]
        assert known == {1: "", 2: "b"}
        assert rows.write_digests(connection, "w1", known, {1: "a", 2: "", 3: "c"}) == [3]
        assert rows.read_digests(connection) == {"w1": {1: "a", 2: "b", 3: "c"}}
    database.close()
