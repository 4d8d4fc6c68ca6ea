"""The monitor's state on disk: panes, totals, detectors and alarms, saved whole or not at all.

One SQLite file, one transaction a save, so that what a start finds is one of the saved states. It
is in WAL mode with synchronous=FULL: a save that returned survives a kill -9 and a loss of power;
one that either interrupted never was. (NORMAL would lose the last saves with the power, for one
fsync less in ten seconds.)

The file is one gateway's: it is locked as long as it is open, and a second gateway is refused. What
is damaged, or of another format, is moved aside and said, and a new file is begun.
"""

import contextlib
import json
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from tiltyard.errors import TiltyardError
from tiltyard.monitor.counting.errors import CountingError
from tiltyard.monitor.counting.named_arrays import NamedArrays, arrays_from_blob, arrays_to_blob
from tiltyard.monitor.counting.panes import PanesState
from tiltyard.monitor.counting.plane_rows import (
    TABLES,
    delete_future,
    forget_plane,
    read_planes,
    state_digest,
    write_plane,
)
from tiltyard.monitor.counting.saved import PlaneId, SavedState
from tiltyard.store.durable import make_folders, sync_folder

FORMAT: Final = 1

_TABLES: Final = (
    TABLES
    + """
CREATE TABLE saves (one INTEGER PRIMARY KEY CHECK (one = 1), at REAL NOT NULL);
CREATE TABLE arrays (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE documents (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
)

_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
# Of a row that is not what was written, in a file that is otherwise whole.
_MALFORMED: Final = (CountingError, ValueError, TypeError, KeyError, zlib.error)


class StateFileError(TiltyardError):
    """The state cannot be saved or read now; what was saved before is still there."""

    exit_code: ClassVar[int] = 8


class StateFileInUseError(StateFileError):
    """Another gateway has the file open."""


class _UnusableError(Exception):
    """The file has to be moved aside: a phrase says why."""


class StateFile:
    """Locked from when it is made until it is closed. Safe from any thread; one saves at a time."""

    def __init__(self, path: Path, *, busy_timeout_s: float = 5.0) -> None:
        """Make or open the file. Raises StateFileError, StateFileInUseError."""
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self._lock = threading.Lock()
        self._problems: list[str] = []
        # What the file has of each plane: its newest sealed panes, and a digest of the rest.
        self._newest: dict[PlaneId, dict[int, int]] = {}
        self._digests: dict[PlaneId, bytes] = {}
        with self._errors():
            make_folders(path.absolute().parent)
            try:
                self._connection = _opened(path, busy_timeout_s)
            except _UnusableError as error:
                self._connection = self._anew(str(error))

    def newest(self, plane: PlaneId) -> Mapping[int, int]:
        """The newest sealed pane that is saved, by level: Panes.state() need not repeat it."""
        with self._lock:
            return dict(self._newest.get(plane, {}))

    def load(self, now: float) -> SavedState:
        """The last save, whole; an empty state when there is none. Raises StateFileError."""
        with self._lock, self._errors():
            try:
                saved = self._read(now)
            except _UnusableError as error:
                self._connection.close()
                self._connection = self._anew(str(error))
                return SavedState(problems=tuple(self._problems))
            self._newest = {
                plane: {level: max(panes) for level, panes in state.sealed.items() if panes}
                for plane, state in saved.planes.items()
            }
            self._digests = {plane: state_digest(state) for plane, state in saved.planes.items()}
            return saved

    def save(
        self,
        now: float,
        planes: Mapping[PlaneId, PanesState],
        arrays: Mapping[str, NamedArrays],
        documents: Mapping[str, Any],
        *,
        forget: Iterable[PlaneId | str] = (),
    ) -> None:
        """Save all of this in one transaction; it is on the disk when this returns.

        Planes come with the sealed panes that newest() does not have yet. What is not mentioned
        stays as it was saved; `forget` names the planes, arrays and documents that are to go.
        Raises StateFileError, and then the file has what it had.
        """
        forgotten = list(forget)
        blobs = [(name, arrays_to_blob(value)) for name, value in arrays.items()]
        texts = [(name, json.dumps(value, allow_nan=False)) for name, value in documents.items()]
        digests = {plane: state_digest(state) for plane, state in planes.items()}
        with self._lock, self._errors():
            with _transaction(self._connection) as connection:
                for gone in forgotten:
                    _forget(connection, gone)
                for plane, state in planes.items():
                    if self._digests.get(plane) != digests[plane] or any(state.sealed.values()):
                        is_new = plane not in self._newest or plane in forgotten
                        write_plane(connection, plane, state, is_new=is_new)
                connection.executemany("INSERT OR REPLACE INTO arrays VALUES (?, ?)", blobs)
                connection.executemany("INSERT OR REPLACE INTO documents VALUES (?, ?)", texts)
                connection.execute("INSERT OR REPLACE INTO saves VALUES (1, ?)", (now,))
            for gone in forgotten:
                if isinstance(gone, PlaneId):
                    self._newest.pop(gone, None)
                    self._digests.pop(gone, None)
            self._digests.update(digests)
            for plane, state in planes.items():
                known = self._newest.setdefault(plane, {})
                known.update({level: max(found) for level, found in state.sealed.items() if found})

    def close(self) -> None:
        """Let go of the file; nothing is saved."""
        with self._lock:
            self._connection.close()

    def _read(self, now: float) -> SavedState:
        """Raises _UnusableError."""
        try:
            with _transaction(self._connection) as connection:
                for (said,) in connection.execute("PRAGMA quick_check(1)").fetchall():
                    if said != "ok":
                        raise _UnusableError(f"it is damaged ({said})")
                saved = connection.execute("SELECT at FROM saves").fetchone()
                if saved is None:
                    return SavedState(problems=tuple(self._problems))
                late = delete_future(connection, now)
                planes = read_planes(connection)
                arrays = {
                    name: arrays_from_blob(blob)
                    for name, blob in connection.execute("SELECT name, value FROM arrays")
                }
                documents = {
                    name: json.loads(text)
                    for name, text in connection.execute("SELECT name, value FROM documents")
                }
        except _MALFORMED as error:
            raise _UnusableError(f"what is in it is malformed ({error})") from error
        except sqlite3.Error as error:
            if _code(error) not in _DAMAGED:
                raise
            raise _UnusableError(f"it is damaged ({error})") from error
        problems = [*self._problems]
        if late:
            problems.append(
                f"state file {self._path}: {late} panes are of a time that is yet to come, and"
                " were dropped: the clock was set back"
            )
        gap_s = max(0.0, now - saved[0])
        return SavedState(saved[0], gap_s, planes, arrays, documents, tuple(problems))

    def _anew(self, reason: str) -> sqlite3.Connection:
        """Move the file aside, with what SQLite keeps beside it, and begin another."""
        number = 1
        while (aside := self._path.with_name(f"{self._path.name}.aside-{number}")).exists():
            number += 1
        for ending in ("-wal", "-shm", ""):
            beside = self._path.with_name(self._path.name + ending)
            if beside.exists():
                beside.rename(aside.with_name(aside.name + ending))
        sync_folder(self._path.absolute().parent)
        self._newest, self._digests = {}, {}
        self._problems.append(
            f"state file {self._path} cannot be used, because {reason}; it was moved to {aside},"
            " and counts and alarms begin anew"
        )
        try:
            return _opened(self._path, self._busy_timeout_s)
        except _UnusableError as error:
            raise StateFileError(f"state file {self._path}: {error}") from error

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if _code(error) == sqlite3.SQLITE_BUSY:
                raise StateFileInUseError(
                    f"state file {self._path} is another gateway's, which holds it open: give each"
                    " gateway a file of its own"
                ) from error
            raise StateFileError(
                f"state file {self._path} cannot be used now ({error}): look at its disk and at"
                " who may write there"
            ) from error
        except OSError as error:
            raise StateFileError(f"state file {self._path}: {error.strerror}") from error


def _opened(path: Path, busy_timeout_s: float) -> sqlite3.Connection:
    """Open, lock, and make the tables if there are none. Raises _UnusableError, sqlite3.Error."""
    connection = sqlite3.connect(
        path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False
    )
    try:
        # Exclusive before the first access: then WAL needs no shared memory, and nobody else gets
        # in. The lock is the process's, so it goes with it.
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        with _transaction(connection):
            _make_tables(connection)
        sync_folder(path.absolute().parent)
    except sqlite3.Error as error:
        connection.close()
        if _code(error) in _DAMAGED:
            raise _UnusableError(f"it is damaged ({error})") from error
        raise
    except BaseException:
        connection.close()
        raise
    return connection


def _make_tables(connection: sqlite3.Connection) -> None:
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not found and not tables:
        for statement in _TABLES.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={FORMAT}")
    elif found != FORMAT:
        raise _UnusableError(f"it has format {found}, and this Tiltyard knows {FORMAT}")


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN EXCLUSIVE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # the first error is the one that counts
            connection.execute("ROLLBACK")
        raise


def _forget(connection: sqlite3.Connection, gone: PlaneId | str) -> None:
    if isinstance(gone, PlaneId):
        forget_plane(connection, gone)
        return
    connection.execute("DELETE FROM arrays WHERE name = ?", (gone,))
    connection.execute("DELETE FROM documents WHERE name = ?", (gone,))


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 where Python has none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
