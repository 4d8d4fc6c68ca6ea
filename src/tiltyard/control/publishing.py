"""Publishing a version once, also when the call is sent again after a crash."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tiltyard.store import Store
from tiltyard.store.manifest import Manifest
from tiltyard.store.names import MODEL_FILE, RESERVED_FILES

if TYPE_CHECKING:
    from tiltyard.registry import Registry


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
