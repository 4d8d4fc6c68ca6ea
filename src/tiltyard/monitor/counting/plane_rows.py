"""Planes and their panes as rows of a state file. Every function works in the caller's transaction.

A plane that did not change is not written again, and of its panes only the new ones are.
"""

import json
import sqlite3
import zlib
from typing import Final

import xxhash

from tiltyard.monitor.counting.level import SPANS
from tiltyard.monitor.counting.named_arrays import LEVEL
from tiltyard.monitor.counting.panes import PanesState
from tiltyard.monitor.counting.saved import PlaneId
from tiltyard.monitor.snapshot import PlaneKey

TABLES: Final = """
CREATE TABLE planes (
  id INTEGER PRIMARY KEY,
  model TEXT NOT NULL, version INTEGER NOT NULL, role TEXT NOT NULL, segment TEXT NOT NULL,
  profile TEXT NOT NULL,
  began REAL NOT NULL, totals BLOB NOT NULL, kept_from TEXT NOT NULL, gaps TEXT NOT NULL,
  panes_dropped INTEGER NOT NULL,
  UNIQUE (model, version, role, segment, profile)
);
CREATE TABLE panes (
  plane INTEGER NOT NULL, level INTEGER NOT NULL, is_open INTEGER NOT NULL, start INTEGER NOT NULL,
  vector BLOB NOT NULL,
  PRIMARY KEY (plane, level, is_open, start)
);
"""

_UPSERT: Final = """
INSERT INTO planes (model, version, role, segment, profile, began, totals, kept_from, gaps,
                    panes_dropped)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET began = excluded.began, totals = excluded.totals,
  kept_from = excluded.kept_from, gaps = excluded.gaps, panes_dropped = excluded.panes_dropped
RETURNING id
"""


def state_digest(state: PanesState) -> bytes:
    """Of everything but the sealed panes: without new ones, equal digests need no writing."""
    parts = [json.dumps([state.began, state.kept_from, state.gaps, state.panes_dropped])]
    parts += [json.dumps([level, start]) for level, start, _ in state.open]
    data = [state.totals, *(packed for _, _, packed in state.open), *map(str.encode, parts)]
    return xxhash.xxh3_128_digest(b"".join(data))


def write_plane(
    connection: sqlite3.Connection, plane: PlaneId, state: PanesState, *, is_new: bool
) -> None:
    """Write a plane with the sealed panes that `state` has. `is_new`: nobody knows of others."""
    (row,) = connection.execute(
        _UPSERT,
        (
            *_columns(plane),
            state.began,
            zlib.compress(state.totals, LEVEL),
            json.dumps(state.kept_from),
            json.dumps(state.gaps),
            state.panes_dropped,
        ),
    ).fetchone()
    if is_new:
        connection.execute("DELETE FROM panes WHERE plane = ?", (row,))
    for span, kept_from in zip(SPANS, state.kept_from, strict=True):
        connection.execute(
            "DELETE FROM panes WHERE plane = ? AND level = ? AND (is_open OR start < ?)",
            (row, span.pane_s, kept_from),
        )
    found = [(level, 1, start, packed) for level, start, packed in state.open]
    for level, panes in state.sealed.items():
        found += [(level, 0, start, packed) for start, packed in panes.items()]
    connection.executemany(
        "INSERT INTO panes VALUES (?, ?, ?, ?, ?)",
        ((row, *pane, zlib.compress(packed, LEVEL)) for *pane, packed in found),
    )


def forget_plane(connection: sqlite3.Connection, plane: PlaneId) -> None:
    """Delete a plane and its panes, if it is there."""
    gone = connection.execute(
        "DELETE FROM planes WHERE model = ? AND version = ? AND role = ? AND segment = ?"
        " AND profile = ? RETURNING id",
        _columns(plane),
    ).fetchall()
    connection.executemany("DELETE FROM panes WHERE plane = ?", gone)


def read_planes(connection: sqlite3.Connection) -> dict[PlaneId, PanesState]:
    """All of them. Raises ValueError, zlib.error when what is read is malformed."""
    return {
        PlaneId(PlaneKey(*key), profile): PanesState(
            began=began,
            totals=zlib.decompress(totals),
            open=tuple(_panes(connection, row, is_open=True)),
            kept_from=tuple(json.loads(kept_from)),
            gaps=tuple((begin, end) for begin, end in json.loads(gaps)),
            panes_dropped=dropped,
            sealed=_sealed(connection, row),
        )
        for row, *key, profile, began, totals, kept_from, gaps, dropped in connection.execute(
            "SELECT id, model, version, role, segment, profile, began, totals, kept_from, gaps,"
            " panes_dropped FROM planes ORDER BY id"
        ).fetchall()
    }


def delete_future(connection: sqlite3.Connection, now: float) -> int:
    """Delete the panes that begin after `now`, the clock having been set back; how many."""
    return connection.execute("DELETE FROM panes WHERE start > ?", (now,)).rowcount


def _columns(plane: PlaneId) -> tuple[str, int, str, str, str]:
    key = plane.key
    return key.model, key.version, key.role, key.segment, plane.profile_digest


def _panes(
    connection: sqlite3.Connection, row: int, *, is_open: bool
) -> list[tuple[int, int, bytes]]:
    found = connection.execute(
        "SELECT level, start, vector FROM panes WHERE plane = ? AND is_open = ?"
        " ORDER BY level, start",
        (row, int(is_open)),
    )
    return [(level, start, zlib.decompress(vector)) for level, start, vector in found]


def _sealed(connection: sqlite3.Connection, row: int) -> dict[int, dict[int, bytes]]:
    sealed: dict[int, dict[int, bytes]] = {span.pane_s: {} for span in SPANS}
    for level, start, packed in _panes(connection, row, is_open=False):
        sealed[level][start] = packed
    return sealed
