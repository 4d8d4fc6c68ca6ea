import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tiltyard.errors import AlreadyExistsError, PublishRefused, StoreError
from tiltyard.store import Store, open_store
from tiltyard.store.manifest import FileEntry, file_entry
from tiltyard.store.writer import STAGING_PREFIX, STALE_STAGING_AGE_S, create_version

FILES: dict[str, bytes | Path] = {
    "golden.npz": b"golden",
    "model.onnx": b"model" * 100_000,
    "data/weights.bin": b"weights",
}


def _entries(files: dict[str, bytes | Path]) -> dict[str, FileEntry]:
    return {
        name: file_entry(data if isinstance(data, bytes) else data.read_bytes())
        for name, data in files.items()
    }


def _create(store: Store, version: int | None = None, content: bytes | None = None) -> int:
    files = FILES if content is None else {**FILES, "model.onnx": content}
    return create_version(store, "m", version, files, _entries(files), lambda n: b"%d" % n)


@pytest.fixture(params=["store", "remote"])
def any_store(request: pytest.FixtureRequest) -> Store:
    """A local and a remote store, both empty."""
    found: Store = request.getfixturevalue(request.param)
    return found


def test_what_is_written_is_there(any_store: Store) -> None:
    assert _create(any_store) == 1
    assert any_store.models() == {"m": [1]}
    assert any_store.read_file("m", 1, "manifest.json") == b"1"
    for file, data in FILES.items():
        assert data == any_store.read_file("m", 1, file)


def test_numbers_go_up_from_the_newest(any_store: Store) -> None:
    assert [_create(any_store), _create(any_store, 7), _create(any_store)] == [1, 7, 8]
    assert any_store.models() == {"m": [1, 7, 8]}


def test_an_existing_version_is_refused_and_stays(any_store: Store) -> None:
    _create(any_store, 1)
    with pytest.raises(AlreadyExistsError, match="m version 1 exists"):
        _create(any_store, 1, b"another")
    assert FILES["model.onnx"] == any_store.read_file("m", 1, "model.onnx")


def _race(count: int, work: Callable[[int], None]) -> None:
    barrier = threading.Barrier(count)

    def run(index: int) -> None:
        barrier.wait()
        work(index)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_of_publishers_of_one_version_exactly_one_wins(any_store: Store) -> None:
    won: list[int] = []
    refused: list[int] = []

    def publish(index: int) -> None:
        try:
            _create(any_store, 5, b"from %d" % index)
            won.append(index)
        except AlreadyExistsError:
            refused.append(index)

    _race(8, publish)
    assert (len(won), len(refused)) == (1, 7)
    assert b"from %d" % won[0] == any_store.read_file("m", 5, "model.onnx")


def test_publishers_of_the_next_version_all_get_one(any_store: Store) -> None:
    got: dict[int, int] = {}

    def publish(index: int) -> None:
        got[_create(any_store, None, b"from %d" % index)] = index

    _race(8, publish)
    assert list(range(1, 9)) == sorted(got)
    for version, index in got.items():
        assert b"from %d" % index == any_store.read_file("m", version, "model.onnx")


def test_a_file_that_changed_since_it_was_examined_is_refused(
    any_store: Store, tmp_path: Path
) -> None:
    source = tmp_path / "weights"
    source.write_bytes(b"before")
    files: dict[str, bytes | Path] = {**FILES, "data/weights.bin": source}
    entries = _entries(files)
    source.write_bytes(b"after!")
    with pytest.raises(PublishRefused, match=r"data/weights.bin changed while it was being"):
        create_version(any_store, "m", None, files, entries, lambda n: b"%d" % n)
    assert any_store.models() == {}
    assert [item for chunk in any_store.objects.list() for item in chunk] == []


def test_a_refused_publish_leaves_nothing(store: Store) -> None:
    assert store.root is not None
    missing: dict[str, bytes | Path] = {**FILES, "model.onnx": Path("/none")}
    with pytest.raises(StoreError, match="/none"):
        create_version(store, "m", 1, missing, _entries(FILES), lambda n: b"%d" % n)
    assert list(store.root.iterdir()) == []


def test_an_unfinished_upload_keeps_its_number(remote: Store) -> None:
    remote.objects.put("m/1/golden.npz", b"left behind")
    assert remote.models() == {}
    with pytest.raises(AlreadyExistsError):
        _create(remote, 1)
    assert _create(remote) == 2


def test_what_a_killed_publisher_left_is_removed_later(store: Store) -> None:
    assert store.root is not None
    left = store.root / "m" / f"{STAGING_PREFIX}old"
    fresh = store.root / "m" / f"{STAGING_PREFIX}fresh"
    for folder in (left, fresh):
        folder.mkdir(parents=True)
    old = time.time() - STALE_STAGING_AGE_S - 60
    os.utime(left, (old, old))
    _create(store)
    assert {"1", fresh.name} == {entry.name for entry in (store.root / "m").iterdir()}


# Publishes in one child after the other; each is killed one file operation later than the last,
# until one comes through. Prints after how many operations that was.
KILLED_AT_EACH_STEP = """
import itertools, os, signal, sys
from tests.unit.store.test_writer import _create
from tiltyard.store import open_store
store = open_store(sys.argv[1])
OPERATIONS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.scandir", "fcntl.flock")
for last in itertools.count():
    child = os.fork()
    if child == 0:
        seen = itertools.count()
        def kill(event, arguments):
            if event in OPERATIONS and next(seen) == last:
                os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(kill)
        _create(store)
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        print(last)
        break
"""


def test_a_publisher_killed_at_any_step_leaves_only_whole_versions(store: Store) -> None:
    path = os.pathsep.join([str(Path.cwd()), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", KILLED_AT_EACH_STEP, store.uri],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert int(done.stdout) > len(FILES) * 2  # there were that many steps to be killed at
    versions = store.models()["m"]
    assert len(versions) > 1  # some were killed when the version was there already
    for version in versions:
        assert store.read_file("m", version, "manifest.json") == b"%d" % version
        for file, data in FILES.items():
            assert data == store.read_file("m", version, file)


def test_all_is_synced_before_it_appears_and_its_name_after(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[Path] = []
    fsync, rename = os.fsync, Path.rename

    def seen_fsync(handle: int) -> None:
        steps.append(Path(f"/proc/self/fd/{handle}").readlink())
        fsync(handle)

    def seen_rename(source: Path, target: Path) -> Path:
        steps.append(target)
        return rename(source, target)

    monkeypatch.setattr(os, "fsync", seen_fsync)
    monkeypatch.setattr(Path, "rename", seen_rename)
    _create(store)
    assert store.root is not None
    model = store.root.resolve() / "m"
    at = [path.resolve() for path in steps].index(model / "1")
    before = {
        str(path.relative_to(model).relative_to(path.relative_to(model).parts[0]))
        for path in steps[:at]
    }
    assert before == {".", "data", "data/weights.bin", "golden.npz", "model.onnx", "manifest.json"}
    assert steps[at - 1].parent == model  # the version's own folder came last
    assert steps[at + 1 :] == [model, store.root.resolve()]


def test_a_full_disk_is_said_and_leaves_nothing(store: Store) -> None:
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        "from tests.unit.store.test_writer import _create;"
        "from tiltyard.store import open_store;"
        "from tiltyard.errors import StoreError\n"
        "try: _create(open_store(sys.argv[1]))\n"
        "except StoreError as error: print(error)"
    )
    path = os.pathsep.join([str(Path.cwd()), *sys.path])
    done = subprocess.run(
        [sys.executable, "-B", "-c", program, store.uri],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert "cannot write" in done.stdout
    assert "File too large" in done.stdout
    assert store.root is not None
    assert list(store.root.iterdir()) == []


def test_a_store_that_cannot_be_written_is_said() -> None:
    with pytest.raises(StoreError, match="cannot write /proc/m"):
        _create(open_store("/proc"))
