"""Creating a version: whole, durable, and only once.

In a folder: everything is written to a hidden folder beside the version, fsynced, and renamed;
rename is the commit. In an object store: every put is create-only, the golden samples go first and
so claim the number, and model.onnx goes last; it is the commit, for a version is there when its
model.onnx is. Two publishers of one version never mix: the second is refused.
"""

import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import obstore
from obstore.exceptions import AlreadyExistsError as ObjectExists
from obstore.exceptions import BaseError

from tiltyard.errors import AlreadyExistsError, PublishRefused, StoreError
from tiltyard.store.durable import sync_folder, sync_tree, write_synced
from tiltyard.store.manifest import FileEntry
from tiltyard.store.names import (
    GOLDEN_FILE,
    MANIFEST_FILE,
    MODEL_FILE,
    VERSION_MAX,
    check_version,
    parse_version,
)
from tiltyard.store.store import Store, first_line

STAGING_PREFIX = ".publish-"
STALE_STAGING_AGE_S = 3600
RACE_RETRIES_MAX = 1000
_COPY_BYTES = 4 << 20

# A file of the version: its bytes, or where they lie.
Source = bytes | Path
MakeManifest = Callable[[int], bytes]


def create_version(
    store: Store,
    name: str,
    version: int | None,
    files: Mapping[str, Source],
    expected: Mapping[str, FileEntry],
    make_manifest: MakeManifest,
) -> int:
    """Write `files` and their manifest as a new version of `name`, and return its number.

    Without `version` the next number is taken, the one after if another publisher was faster.
    `expected` is what each file was when it was examined. Raises AlreadyExistsError, StoreError,
    and PublishRefused when a file is no longer what was examined.
    """
    write = _write_objects if store.root is None else _write_folder
    try:
        return write(store, name, version, files, expected, make_manifest)
    except OSError as error:
        place = error.filename or store.uri
        raise StoreError(f"cannot write {place}: {error.strerror or error}") from error
    except BaseError as error:
        raise StoreError(f"cannot write to {store.uri}: {first_line(error)}") from error


def require_absent(store: Store, name: str, version: int) -> None:
    """Say early that a version exists; create_version decides it. Raises AlreadyExistsError."""
    if version in store.models().get(name, []):
        raise _already_exists(store, name, version)


def _write_folder(
    store: Store,
    name: str,
    version: int | None,
    files: Mapping[str, Source],
    expected: Mapping[str, FileEntry],
    make_manifest: MakeManifest,
) -> int:
    assert store.root is not None
    model_folder = store.root / name
    with _staging(model_folder) as staging:
        for file, source in files.items():
            _check_unchanged(file, _copy_synced(source, staging / file), expected[file])
        for number in _candidates(store, name, version):
            write_synced(staging / MANIFEST_FILE, make_manifest(number))
            sync_tree(staging)
            try:
                staging.rename(model_folder / str(number))
            except OSError as error:
                if not (model_folder / str(number)).exists():
                    raise
                if version is not None:
                    raise _already_exists(store, name, version) from error
                continue
            sync_folder(model_folder)
            sync_folder(store.root)
            return number
    raise _no_number_left(store, name)


@contextlib.contextmanager
def _staging(model_folder: Path) -> Iterator[Path]:
    staging = _make_staging(model_folder)
    _remove_stale(model_folder)
    # Held until the end, so that nobody takes a long publish for one that died.
    lock = os.open(staging, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield staging
    finally:
        os.close(lock)
        shutil.rmtree(staging, ignore_errors=True)
        with contextlib.suppress(OSError):
            model_folder.rmdir()  # only succeeds if this publish made it and stored nothing


def _make_staging(model_folder: Path) -> Path:
    while True:
        model_folder.mkdir(exist_ok=True)
        staging = model_folder / f"{STAGING_PREFIX}{secrets.token_hex(8)}"
        try:
            staging.mkdir()
        except FileNotFoundError:
            continue  # a refused publish took the empty model folder away in between
        return staging


def _remove_stale(model_folder: Path) -> None:
    """Remove what publishers left behind that were killed."""
    for left in model_folder.glob(f"{STAGING_PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime < STALE_STAGING_AGE_S:
                continue
            lock = os.open(left, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left)
            finally:
                os.close(lock)


def _candidates(store: Store, name: str, version: int | None) -> Iterator[int]:
    """The numbers to try, in order."""
    if version is not None:
        yield check_version(version)
        return
    taken = _numbers_taken(store, name)
    first = max(taken, default=0) + 1
    yield from range(first, min(first + RACE_RETRIES_MAX, VERSION_MAX + 1))


def _numbers_taken(store: Store, name: str) -> set[int]:
    """Numbers that are used, those of unfinished uploads among them."""
    if store.root is not None:
        folders = [entry.name for entry in os.scandir(store.root / name)]
    else:
        listing = obstore.list_with_delimiter(store.objects, f"{name}/")
        folders = [path.rsplit("/", 1)[-1] for path in listing["common_prefixes"]]
    return {number for folder in folders if (number := parse_version(folder)) is not None}


def _write_objects(
    store: Store,
    name: str,
    version: int | None,
    files: Mapping[str, Source],
    expected: Mapping[str, FileEntry],
    make_manifest: MakeManifest,
) -> int:
    number = _claim(store, name, version, files[GOLDEN_FILE])
    folder = f"{name}/{number}"
    put: list[str] = [GOLDEN_FILE]
    try:
        for file, source in files.items():
            if file not in (GOLDEN_FILE, MODEL_FILE):
                _check_unchanged(file, _digest(source), expected[file])
                put.append(file)
                obstore.put(store.objects, f"{folder}/{file}", source)
        put.append(MANIFEST_FILE)
        obstore.put(store.objects, f"{folder}/{MANIFEST_FILE}", make_manifest(number))
        model = files[MODEL_FILE]
        data = model if isinstance(model, bytes) else model.read_bytes()
        _check_unchanged(MODEL_FILE, _digest(data), expected[MODEL_FILE])
        obstore.put(store.objects, f"{folder}/{MODEL_FILE}", data, mode="create")
    except BaseException:
        # In reverse: the claim goes last, so that the number is free only when nothing is left.
        for file in reversed(put):
            with contextlib.suppress(BaseError, OSError):
                obstore.delete(store.objects, f"{folder}/{file}")
        raise
    return number


def _claim(store: Store, name: str, version: int | None, samples: Source) -> int:
    for number in _candidates(store, name, version):
        if version is not None and version in _numbers_taken(store, name):
            raise _already_exists(store, name, version)
        path = f"{name}/{number}/{GOLDEN_FILE}"
        try:
            obstore.put(store.objects, path, samples, mode="create")
        except ObjectExists as error:
            if version is not None:
                raise _already_exists(store, name, version) from error
            continue
        return number
    raise _no_number_left(store, name)


def _already_exists(store: Store, name: str, version: int) -> AlreadyExistsError:
    return AlreadyExistsError(
        f"{name} version {version} exists in {store.uri}, and versions are never changed:"
        " publish without --version to take the next number"
    )


def _no_number_left(store: Store, name: str) -> StoreError:
    return StoreError(f"{store.uri}: found no free version number for {name}")


def _check_unchanged(file: str, found: FileEntry, expected: FileEntry) -> None:
    if found != expected:
        raise PublishRefused(
            f"{file} changed while it was being published: examined with sha256"
            f" {expected.sha256}, found {found.sha256}"
        )


def _digest(source: Source) -> FileEntry:
    if isinstance(source, bytes):
        return FileEntry(hashlib.sha256(source).hexdigest(), len(source))
    with source.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return FileEntry(digest, stream.tell())


def _copy_synced(source: Source, target: Path) -> FileEntry:
    """Write `source` to `target`, fsync it, and return what was written."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(source, bytes):
        write_synced(target, source)
        return _digest(source)
    digest = hashlib.sha256()
    size = 0
    with source.open("rb") as reader, target.open("xb") as writer:
        while block := reader.read(_COPY_BYTES):
            digest.update(block)
            size += len(block)
            writer.write(block)
        writer.flush()
        os.fsync(writer.fileno())
    return FileEntry(digest.hexdigest(), size)
