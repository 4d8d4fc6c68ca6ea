"""Publishing a version once, also when the call is sent again after a crash."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tiltyard.store import Store
from tiltyard.store.manifest import Manifest
from tiltyard.store.names import MODEL_FILE, RESERVED_FILES

if TYPE_CHECKING:
    from tiltyard.registry import Registry


class Turns:
    """One after the other for calls with the same idempotency key, which may overlap.

    Whoever sends a call again may do so while the first is still at work. Thread-safe.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[str, tuple[threading.Lock, int]] = {}  # and how many have it

    @contextmanager
    def wait_for(self, key: str | None) -> Iterator[None]:
        """Inside, no other call with this key is; without a key nobody waits."""
        if not key:
            yield
            return
        with self._lock:
            turn, users = self._calls.get(key, (threading.Lock(), 0))
            self._calls[key] = (turn, users + 1)
        try:
            with turn:
                yield
        finally:
            with self._lock:
                turn, users = self._calls.pop(key)
                if users > 1:
                    self._calls[key] = (turn, users - 1)


def files_digest(model_path: Path, samples: Path | None) -> str:
    """One digest of all that a call publishes: the model, what lies beside it, its samples."""
    told = hashlib.sha256()
    for path in _files(model_path):
        told.update(f"{path.relative_to(model_path.parent)} {sha256_of(path)}\n".encode())
    if samples is not None:
        told.update(f"samples {sha256_of(samples)}\n".encode())
    return told.hexdigest()


def stored_before(
    store: Store,
    registry: "Registry",
    name: str,
    version: int | None,
    model_path: Path,
    batchable: bool,
) -> Manifest | None:
    """The version that the same call has stored already, if it was cut off before it was recorded.

    It is the newest of the model, or `version`; the registry has no digest of it, and its files are
    those of the call. Raises StoreError, RegistryUnavailableError.
    """
    numbers = store.models().get(name, [])
    number = version or max(numbers, default=0)
    if number not in numbers or _recorded(registry, name).get(number):
        return None
    found = store.read_manifest(name, number)
    if found is None or found.batchable_claimed != batchable:
        return None
    sources = {file: model_path.parent / file for file in found.files.keys() - RESERVED_FILES}
    sources[MODEL_FILE] = model_path
    if all(_is_same(path, found.files[file].sha256) for file, path in sources.items()):
        return found
    return None


def sha256_of(path: Path) -> str:
    with path.open("rb") as reader:
        return hashlib.file_digest(reader, "sha256").hexdigest()


def _recorded(registry: "Registry", name: str) -> dict[int, str]:
    from tiltyard.registry import UnknownModelError

    try:
        return registry.digests(name)
    except UnknownModelError:
        return {}


def _is_same(path: Path, sha256: str) -> bool:
    return path.is_file() and sha256_of(path) == sha256


def _files(model_path: Path) -> Iterator[Path]:
    return (path for path in sorted(model_path.parent.rglob("*")) if path.is_file())
