"""The registry's database: opened so that what is committed stays, and its errors in words."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event, insert, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from tiltyard.errors import ConfigError
from tiltyard.registry import schema
from tiltyard.registry.errors import RegistryUnavailableError
from tiltyard.store.durable import sync_folder

_BEGIN = "tiltyard_begin"
_BUSY_MS = "tiltyard_busy_ms"
# The caller's mistakes, not the database's.
_BUGS = (DataError, IntegrityError, ProgrammingError)

# By SQLite's primary result code: the reason, what is wrong, and what to do.
_PROBLEMS = {
    sqlite3.SQLITE_BUSY: (
        "LOCKED",
        "is locked by another process",
        "try again, or end the process that holds it",
    ),
    sqlite3.SQLITE_LOCKED: ("LOCKED", "is locked by another connection", "try again"),
    sqlite3.SQLITE_READONLY: (
        "READ_ONLY",
        "is read-only",
        "let this process write the file and its folder",
    ),
    sqlite3.SQLITE_FULL: ("FULL", "has no space left", "free space on its disk"),
    sqlite3.SQLITE_IOERR: (
        "UNREADABLE",
        "is on a disk that fails",
        "look at the disk and its free space",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "UNREADABLE",
        "cannot be opened",
        "see that its folder exists and that this process may write there",
    ),
    sqlite3.SQLITE_CORRUPT: ("DAMAGED", "is damaged", "restore the file from a backup"),
    sqlite3.SQLITE_NOTADB: (
        "DAMAGED",
        "is no SQLite database",
        "give another path, or restore the file from a backup",
    ),
}


class Database:
    """One SQLite file in WAL mode; every commit is on the disk when it returns. Thread-safe."""

    def __init__(self, url: str, *, busy_timeout_s: float) -> None:
        """Raises ConfigError, RegistryUnavailableError."""
        parsed = _parse(url)
        self._path = str(parsed.database)
        self._busy_timeout_s = busy_timeout_s
        self._engine = create_engine(parsed, connect_args={"timeout": busy_timeout_s})
        event.listen(self._engine, "connect", _set_up)
        event.listen(self._engine, "begin", _begin)
        try:
            self._make_tables()
        except BaseException:
            self.close()
            raise

    @contextlib.contextmanager
    def reading(self, *, wait: bool = True) -> Iterator[Connection]:
        """A transaction that sees one moment. Raises RegistryUnavailableError.

        Most locks do not keep it from reading; without `wait` none that does is waited for.
        """
        with self._transaction("BEGIN", busy_timeout_s=None if wait else 0.0) as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that nobody else writes beside. Raises RegistryUnavailableError."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            connection.execute(select(schema.registry).with_for_update()).all()
            yield connection

    def close(self) -> None:
        self._engine.dispose()

    @contextlib.contextmanager
    def _transaction(
        self, begin: str, *, busy_timeout_s: float | None = None
    ) -> Iterator[Connection]:
        timeout_s = self._busy_timeout_s if busy_timeout_s is None else busy_timeout_s
        options = {_BEGIN: begin, _BUSY_MS: round(timeout_s * 1000)}
        try:
            with (
                self._engine.connect().execution_options(**options) as connection,
                connection.begin(),
            ):
                yield connection
        except _BUGS:
            raise
        except (DBAPIError, PoolTimeoutError) as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: DBAPIError | PoolTimeoutError) -> RegistryUnavailableError:
        origin = error.orig if isinstance(error, DBAPIError) else error
        code = getattr(origin, "sqlite_errorcode", 0) & 0xFF
        reason, wrong, remedy = _PROBLEMS.get(code, ("FAILED", "does not answer", "try again"))
        if reason == "LOCKED":
            wrong += f" for more than {self._busy_timeout_s:g} s"
        elif reason == "READ_ONLY" and os.access(self._path, os.W_OK, effective_ids=True):
            self._engine.dispose()  # what was opened while it was read-only would stay so
        cause = f"the registry {self._path} {wrong} ({origin})"
        return RegistryUnavailableError(cause, remedy, reason)

    def _make_tables(self) -> None:
        # A registry that can only be read is still good for reading.
        with self.reading() as connection:
            found = _schema_version(connection)
        if found is None:
            with self._transaction("BEGIN IMMEDIATE") as connection:
                found = _schema_version(connection)
                if found is None:
                    schema.metadata.create_all(connection)
                    found = schema.SCHEMA_VERSION
                    connection.execute(insert(schema.registry).values(schema_version=found))
            if not self._path.startswith("file:"):
                sync_folder(Path(self._path).absolute().parent)
        if found != schema.SCHEMA_VERSION:
            raise ConfigError(
                f"registry {self._path} has tables of version {found}, and this Tiltyard knows"
                f" {schema.SCHEMA_VERSION}: use the Tiltyard that made it, or another registry"
            )


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigError(f"registry {url!r}: expected sqlite:///PATH") from error
    if parsed.get_backend_name() != "sqlite":
        raise ConfigError(f"registry {parsed!r}: expected sqlite:///PATH; it is the only one yet")
    database = parsed.database or ":memory:"
    if ":memory:" in database or parsed.query.get("mode") == "memory":
        raise ConfigError(f"registry {url!r}: expected a file, which outlives the process")
    return parsed.set(drivername="sqlite+pysqlite")


def _schema_version(connection: Connection) -> int | None:
    if not inspect(connection).has_table(schema.registry.name):
        return None
    return int(connection.execute(select(schema.registry.c.schema_version)).scalar_one())


def _set_up(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # _begin begins
    cursor = connection.cursor()
    try:
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            cursor.execute("PRAGMA journal_mode=WAL")
    finally:
        cursor.close()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {options[_BUSY_MS]}")
    connection.exec_driver_sql(options[_BEGIN])
