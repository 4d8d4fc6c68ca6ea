"""Serving a version that nobody published: `<model>/<number>/model.onnx` as Triton keeps it.

It gets the checks that publishing would have made, in a child process, at every start, and a
manifest that lives in memory only.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from tiltyard.errors import IntegrityError
from tiltyard.store import golden
from tiltyard.store.manifest import FileEntry, Manifest, file_entry, sha256_hex
from tiltyard.store.names import GOLDEN_FILE, MODEL_FILE
from tiltyard.store.sandbox import Limits, examine
from tiltyard.store.store import Store, VersionFiles

CONFIG_FILE = "config.pbtxt"


def adopt(store: Store, name: str, version: int) -> VersionFiles:
    """Read and examine a version without a manifest. Raises PublishRefused, StoreError."""
    with _on_disk(store, name, version) as path:
        found = examine(path, None, Limits())
        read = {file: _examined(path.parent, file, entry) for file, entry in found.files.items()}
    model = found.model if found.model is not None else read[MODEL_FILE]
    external = {file: data for file, data in read.items() if file != MODEL_FILE}
    contents = {MODEL_FILE: model, GOLDEN_FILE: found.golden, **external}
    files = {file: file_entry(data) for file, data in sorted(contents.items())}
    digest = sha256_hex("".join(f"{e.sha256}  {file}\n" for file, e in files.items()).encode())
    manifest = Manifest(
        model=name,
        version=version,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        batchable_claimed=False,
        description=found.description,
        files=files,
        digest=digest,
    )
    where = f"{name} version {version}"
    samples = golden.decode(
        found.golden, found.description.inputs, found.description.outputs, where
    )
    return VersionFiles(manifest, model, external, samples, _notices(store, name, manifest))


def _examined(folder: Path, file: str, expected: FileEntry) -> bytes:
    """The file again, and it must still be what was examined. Raises IntegrityError."""
    data = (folder / file).read_bytes()
    found = file_entry(data)
    if found != expected:
        raise IntegrityError(
            f"{folder / file} changed while it was examined: expected sha256 {expected.sha256},"
            f" found {found.sha256}"
        )
    return data


def _notices(store: Store, name: str, manifest: Manifest) -> tuple[str, ...]:
    notices = [f"{name} version {manifest.version} has no manifest: examined and served as it is"]
    if store.has_model_file(name, CONFIG_FILE):
        notices.append(f"{name}/{CONFIG_FILE} is ignored")
    return (*notices, *manifest.description.changes)


@contextlib.contextmanager
def _on_disk(store: Store, name: str, version: int) -> Iterator[Path]:
    """The version's model.onnx with its external data beside it; a copy if the store is remote."""
    if store.root is not None:
        yield store.root / name / str(version) / MODEL_FILE
        return
    with tempfile.TemporaryDirectory(prefix="tiltyard-adopt-") as folder:
        for file in store.file_sizes(name, version):
            target = Path(folder) / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(store.read_file(name, version, file))
        yield Path(folder) / MODEL_FILE
