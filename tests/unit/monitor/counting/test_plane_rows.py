import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from tiltyard.monitor.counting.layout import CountLayout
from tiltyard.monitor.counting.panes import Panes, PanesState
from tiltyard.monitor.counting.plane_rows import (
    TABLES,
    delete_future,
    forget_plane,
    read_planes,
    state_digest,
    write_plane,
)
from tiltyard.monitor.counting.saved import PlaneId
from tiltyard.monitor.snapshot import PlaneKey

LAYOUT = CountLayout.of([3, 4])
T0 = 1_700_000_040
ONE, OTHER = (PlaneId(PlaneKey("m", 1, role), "d" * 64) for role in ("champion", "canary"))


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as made:
        made.executescript(TABLES)
        yield made


def panes_of(seconds: int) -> Panes:
    panes = Panes(LAYOUT, T0)
    for second in range(seconds):
        panes.add(T0 + second, np.full(LAYOUT.size, second), second, second)
    return panes


def test_what_is_written_is_read(connection: sqlite3.Connection) -> None:
    panes = panes_of(130)
    panes.note_gap(T0 + 5, T0 + 9.5)
    state = replace(panes.state(), panes_dropped=4)
    write_plane(connection, ONE, state, is_new=True)
    write_plane(connection, OTHER, panes_of(3).state(), is_new=True)
    assert read_planes(connection) == {ONE: state, OTHER: panes_of(3).state()}


def test_only_new_panes_are_written_again(connection: sqlite3.Connection) -> None:
    panes = panes_of(100)
    first = panes.state()
    write_plane(connection, ONE, first, is_new=True)
    panes.add(T0 + 100, np.ones(LAYOUT.size, np.int64), 0, 0)
    newest = {level: max(found, default=-1) for level, found in first.sealed.items()}
    second = panes.state(newest)
    assert len(second.sealed[1]) == 1
    write_plane(connection, ONE, second, is_new=False)
    assert read_planes(connection) == {ONE: panes.state()}


def test_what_was_given_up_is_deleted(connection: sqlite3.Connection) -> None:
    panes = panes_of(100)
    write_plane(connection, ONE, panes.state(), is_new=True)
    panes.drop_oldest(0)
    write_plane(connection, ONE, panes.state({1: T0 + 1000, 60: T0 + 1000}), is_new=False)
    assert read_planes(connection)[ONE] == panes.state()


def test_a_new_plane_takes_the_place_of_one_of_its_name(connection: sqlite3.Connection) -> None:
    write_plane(connection, ONE, panes_of(100).state(), is_new=True)
    write_plane(connection, ONE, panes_of(5).state(), is_new=True)
    assert read_planes(connection) == {ONE: panes_of(5).state()}


def test_forgetting(connection: sqlite3.Connection) -> None:
    for plane in (ONE, OTHER):
        write_plane(connection, plane, panes_of(3).state(), is_new=True)
    forget_plane(connection, ONE)
    forget_plane(connection, ONE)
    assert set(read_planes(connection)) == {OTHER}
    (rows,) = connection.execute("SELECT count(DISTINCT plane) FROM panes").fetchone()
    assert rows == 1


def test_the_future_is_deleted(connection: sqlite3.Connection) -> None:
    write_plane(connection, ONE, panes_of(100).state(), is_new=True)
    # 49 sealed seconds, and the second and the minute that are open.
    assert delete_future(connection, T0 + 49.5) == 51
    assert max(read_planes(connection)[ONE].sealed[1]) == T0 + 49


@pytest.mark.parametrize(
    "change",
    [
        {"began": 5.0},
        {"totals": b"x"},
        {"open": ()},
        {"open": ((1, 5, b"y"),)},
        {"kept_from": (1, 2, 3)},
        {"gaps": ((1.0, 2.0),)},
        {"panes_dropped": 9},
    ],
)
def test_every_change_changes_the_digest(change: dict[str, object]) -> None:
    state = panes_of(3).state()
    changed: PanesState = replace(state, **change)  # type: ignore[arg-type]  # any field
    assert state_digest(state) == state_digest(panes_of(3).state())
    assert state_digest(changed) != state_digest(state)
