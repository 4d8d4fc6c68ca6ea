"""Publishing a model file as a new version of a model."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tiltyard.errors import PublishRefused
from tiltyard.store import manifest
from tiltyard.store.manifest import Description, Manifest
from tiltyard.store.names import GOLDEN_FILE, MODEL_FILE, check_model_name, check_version
from tiltyard.store.sandbox import Examination, Limits, examine
from tiltyard.store.store import Store
from tiltyard.store.writer import Source, create_version, require_absent


def publish_model(
    store: Store,
    name: str,
    path: Path,
    *,
    version: int | None = None,
    samples: Path | None = None,
    batchable: bool = False,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    before: Callable[[Description], None] | None = None,
) -> Manifest:
    """Examine the model at `path` in a child process and store it; returns its manifest.

    Without `version` the next number is taken. `samples` is a .npz, .npy or .json file of inputs.
    `batchable` claims that rows do not depend on each other where that cannot be proved. `before`
    is called with what was found before anything is stored; what it raises is raised.
    Raises ConfigError, PublishRefused, AlreadyExistsError, StoreError; then nothing was stored.
    """
    check_model_name(name)
    if version is not None:
        require_absent(store, name, check_version(version))
    if samples is not None and not samples.is_file():
        raise PublishRefused(f"samples {samples}: there is no such file")
    found = examine(path, samples, limits)
    if before is not None:
        before(found.description)
    files = _sources(path, found)
    entries = {**found.files, GOLDEN_FILE: manifest.file_entry(found.golden)}
    if found.model is not None:
        entries[MODEL_FILE] = manifest.file_entry(found.model)
    created = datetime.now(UTC).isoformat(timespec="seconds")

    def build(number: int) -> bytes:
        return manifest.encode(
            Manifest(
                model=name,
                version=number,
                created=created,
                batchable_claimed=batchable,
                description=found.description,
                files=entries,
            )
        )

    number = create_version(store, name, version, files, entries, build)
    return manifest.decode(build(number), f"{store.uri}: {name} version {number}")


def _sources(path: Path, found: Examination) -> dict[str, Source]:
    files: dict[str, Source] = {GOLDEN_FILE: found.golden}
    for file in found.files:
        files[file] = path if file == MODEL_FILE else path.parent / file
    if found.model is not None:
        files[MODEL_FILE] = found.model
    return files
