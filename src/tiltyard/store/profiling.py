"""From a reference in a file to the profile of a version: read, match, run, build."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.build import build_profile
from tiltyard.monitor.profile.declaration import Declaration
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.reading import file_digest, read_table
from tiltyard.monitor.profile.reference import Reference, match
from tiltyard.monitor.profile.signature import Signature
from tiltyard.store.manifest import Description
from tiltyard.store.names import MODEL_FILE
from tiltyard.store.reference_run import RunLimits, run_reference
from tiltyard.store.store import Store, VersionFiles

# Gives the outputs of the model for rows of its inputs, by name.
RunModel = Callable[[Reference], Mapping[str, npt.NDArray[np.generic]]]

OUTPUTS_FROM = "outputs"


def draft_profile(
    path: Path, signature: Signature, declaration: Declaration, run: RunModel, asked: str
) -> Profile:
    """A profile, of no model and version yet, from the file at `path`.

    `run` is asked for the outputs that the file has no columns of, if there are any; `asked` says
    who that is. Raises ReferenceRefused, and what `run` raises.
    """
    sha256 = file_digest(path)
    reference = match(read_table(path), signature, declaration)
    absent = [spec.name for spec in signature.outputs if spec.name not in reference.outputs]
    source = {"file": path.name, "sha256": sha256, OUTPUTS_FROM: "columns of the file"}
    if absent:
        found = run(reference)
        reference = reference.with_outputs({name: found[name] for name in absent})
        source[OUTPUTS_FROM] = asked
    return build_profile(reference, signature, declaration, source=source)


def draft_of_file(
    path: Path,
    declaration: Declaration,
    description: Description,
    model: Path,
    *,
    is_batchable: bool,
    limits: RunLimits,
) -> Profile:
    """The same for the model in a file, which is run in a child process where outputs are missing.

    Raises ReferenceRefused.
    """
    signature = Signature.of(description)

    def run(reference: Reference) -> Mapping[str, npt.NDArray[Any]]:
        return run_reference(
            model,
            signature,
            reference.inputs,
            is_batchable=description.rowwise.proved or is_batchable,
            limits=limits,
        )

    return draft_profile(path, signature, declaration, run, "the model, run over the reference")


def profile_version(
    store: Store,
    name: str,
    version: int,
    path: Path,
    declaration: Declaration,
    limits: RunLimits,
) -> Profile:
    """The profile of a version in a store, not stored yet; its files are checked while read.

    Raises NotFoundError, IntegrityError, StoreError, PublishRefused, ReferenceRefused.
    """
    files = store.read_version(name, version)
    with tempfile.TemporaryDirectory(prefix="tiltyard-profile-") as folder:
        model = _unpacked(files, Path(folder))
        draft = draft_of_file(
            path,
            declaration,
            files.manifest.description,
            model,
            is_batchable=files.manifest.batchable_claimed,
            limits=limits,
        )
    return replace(draft, model=name, version=version)


def _unpacked(files: VersionFiles, folder: Path) -> Path:
    for file, data in {MODEL_FILE: files.model, **files.external}.items():
        target = folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return folder / MODEL_FILE
