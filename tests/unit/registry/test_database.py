import contextlib
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.unit.registry.conftest import NOW
from tiltyard.errors import ConfigError
from tiltyard.registry import (
    Change,
    ModelState,
    Registry,
    RegistryUnavailableError,
    open_registry,
    set_champion,
)
from tiltyard.registry.database import Database
from tiltyard.registry.step import Step

NOBODY = 65_534


def swap(state: ModelState) -> Step:
    version = 4 if state.champion == 1 else 1
    return set_champion(state, version, now=NOW, rollback_window_s=60.0)


def path_of(url: str) -> str:
    return url.removeprefix("sqlite:///")


def check_unavailable(registry: Registry, reason: str, words: str) -> None:
    """No write does anything; what can be read is as it was."""
    before = registry.get("w1")
    writes: list[Callable[[], Change]] = [
        lambda: registry.change("w1", swap, idempotency_key="k"),
        lambda: registry.note_versions("w1", [(99, "x")]),
        lambda: registry.note_versions("w9", [(1, "x")]),
    ]
    for write in writes:
        with pytest.raises(RegistryUnavailableError, match=words) as caught:
            write()
        assert caught.value.reason == reason
        assert str(caught.value).startswith("nothing was changed, because the registry ")
    assert registry.get("w1") == before
    # A gateway that starts now and finds nothing new need not write.
    assert registry.note_versions("w1", registry.digests("w1").items()).state == before


def check_good_again(registry: Registry) -> None:
    assert registry.change("w1", swap, idempotency_key="k").state.champion == 1


def test_what_is_committed_is_on_the_disk(url: str) -> None:
    database = Database(url, busy_timeout_s=1.5)
    with database.reading() as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "busy_timeout": 1500,
    }
    database.close()


def test_who_cannot_wait_does_not(url: str) -> None:
    """A rollback asks before it swaps; the connection waits again for whoever has it next."""
    database = Database(url, busy_timeout_s=1.5)
    found = []
    for wait in (True, False, True):
        with database.reading(wait=wait) as connection:
            found.append(connection.execute(text("PRAGMA busy_timeout")).scalar_one())
    assert found == [1500, 0, 1500]
    database.close()


def test_locked(registry: Registry, url: str) -> None:
    with contextlib.closing(sqlite3.connect(path_of(url), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        check_unavailable(registry, "LOCKED", "is locked by another process for more than 0 s")
        with open_registry(url, busy_timeout_s=0) as second:
            assert second.models() == registry.models()
        other.execute("ROLLBACK")
    check_good_again(registry)


def test_locked_before_there_are_tables(url: str) -> None:
    with contextlib.closing(sqlite3.connect(path_of(url), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(RegistryUnavailableError) as caught:
            open_registry(url, busy_timeout_s=0)
        assert caught.value.reason == "LOCKED"
        other.execute("ROLLBACK")
    open_registry(url, busy_timeout_s=0).close()


def test_read_only(registry: Registry, url: str) -> None:
    with open_registry(f"sqlite:///file:{path_of(url)}?mode=ro&uri=true") as reader:
        check_unavailable(reader, "READ_ONLY", "is read-only")
    check_good_again(registry)


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """File modes bind everybody but root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_files_that_may_not_be_written() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        with open_registry(f"sqlite:///{folder}/registry.db") as owner:
            owner.note_versions("w1", [(1, "a"), (2, "b")])
            for file in folder.iterdir():
                file.chmod(0o444)
            folder.chmod(0o555)
            with as_nobody(), open_registry(f"sqlite:///{folder}/registry.db") as reader:
                check_unavailable(reader, "READ_ONLY", "is read-only .*: let this process write")
            for file in folder.iterdir():
                file.chmod(0o644)
            folder.chmod(0o755)
            check_good_again(owner)


def test_files_that_may_be_written_again() -> None:
    """A connection that SQLite has opened read-only is not used for ever."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        url = f"sqlite:///{folder}/registry.db"
        with open_registry(url) as owner:
            owner.note_versions("w1", [(version, "a") for version in range(1, 5)])
            for file in folder.iterdir():
                file.chmod(0o444)
            folder.chmod(0o555)
            with as_nobody(), open_registry(url) as reader:
                with pytest.raises(RegistryUnavailableError):
                    reader.change("w1", swap)
                os.seteuid(os.getuid())
                for file in folder.iterdir():
                    file.chmod(0o666)
                folder.chmod(0o777)
                os.seteuid(NOBODY if os.getuid() == 0 else os.getuid())
                with contextlib.suppress(RegistryUnavailableError):
                    reader.change("w1", swap)  # finds out that it is so no more
                assert reader.change("w1", swap, idempotency_key="k").state.champion in (1, 4)


def test_full(registry: Registry) -> None:
    def limit(pages: int) -> None:
        with contextlib.closing(registry._database._engine.raw_connection()) as connection:
            assert connection.driver_connection is not None
            connection.driver_connection.execute(f"PRAGMA max_page_count = {pages}")

    limit(1)  # SQLite takes as many as there are
    done: list[Change] = []
    with pytest.raises(RegistryUnavailableError, match=r"has no space left .*: free") as caught:
        done.extend(registry.change("w1", swap, actor="a" * 1000) for _ in range(1000))
    assert caught.value.reason == "FULL"
    assert registry.get("w1") == done[-1].state
    assert registry.last_seq() == done[-1].event.seq
    limit(1 << 30)
    assert registry.change("w1", swap, actor="a" * 1000).event.seq == done[-1].event.seq + 1


def test_a_disk_that_fails(registry: Registry) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        check_unavailable(registry, "UNREADABLE", "is on a disk that fails .*: look at the disk")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    check_good_again(registry)


def test_what_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "registry.db"
    file.write_bytes(b"name: w1\n" * 1000)
    with pytest.raises(RegistryUnavailableError, match="is no SQLite database") as caught:
        open_registry(f"sqlite:///{file}")
    assert caught.value.reason == "DAMAGED"
    assert file.read_bytes() == b"name: w1\n" * 1000


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RegistryUnavailableError, match=r"cannot be opened .*: see that its folder"):
        open_registry(f"sqlite:///{tmp_path}/none/registry.db")


def test_tables_of_another_tiltyard(registry: Registry, url: str) -> None:
    registry.close()
    with contextlib.closing(sqlite3.connect(path_of(url))) as other:
        other.execute("UPDATE registry SET schema_version = 1")
        other.commit()
    with pytest.raises(ConfigError, match="has tables of version 1, and this Tiltyard knows 3"):
        open_registry(url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("registry.db", "registry 'registry.db': expected sqlite:///PATH"),
        ("postgresql://me:secret@host/db", r"registry postgresql://me:\*\*\*@host/db: expected"),
        ("sqlite://", "expected a file, which outlives the process"),
        ("sqlite:///:memory:", "expected a file"),
        ("sqlite:///file:x?mode=memory&uri=true", "expected a file"),
    ],
)
def test_urls_that_are_no_registry(url: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        open_registry(url)


def test_many_make_one_registry_at_once(tmp_path: Path) -> None:
    def make(url: str) -> dict[str, ModelState]:
        with open_registry(url, busy_timeout_s=60) as mine:
            mine.note_versions("w1", [(1, "a")])
            return mine.models()

    with ThreadPoolExecutor(8) as threads:
        for turn in range(5):
            url = f"sqlite:///{tmp_path}/{turn}.db"
            (found,) = {str(models) for models in threads.map(make, [url] * 8)}
            assert "champion=1" in found


def test_rows_of_no_model_are_refused(registry: Registry) -> None:
    with (
        pytest.raises(Exception, match="FOREIGN KEY constraint failed"),
        registry._database.writing() as connection,
    ):
        connection.execute(text("INSERT INTO versions VALUES ('w9', 1, '', false, NULL)"))


def test_a_program_that_predicts_imports_none_of_it() -> None:
    program = (
        "import sys, tiltyard.app;"
        "print([name for name in sys.modules if name.startswith(('sqlalchemy', 'xxhash'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"[]\n"
