"""What an upload says it will send, checked before the first byte of it is taken."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final, Literal

from tiltyard.control.errors import ArgumentError, Reason
from tiltyard.protocol.admin_words import word_of
from tiltyard.store.names import MODEL_FILE, check_external_name

FileKind = Literal["model", "external", "samples"]

FILES_MAX: Final = 1_000
SAMPLE_SUFFIXES: Final = (".npz", ".npy", ".json")
MODEL_FOLDER: Final = "model"
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class UploadError(ArgumentError):
    """The parts of an upload are not as the protocol has them."""

    def __init__(
        self, message: str, reason: Reason = Reason.UPLOAD_MALFORMED, *, field: str = "part"
    ) -> None:
        super().__init__(message, reason, field=field)


class UploadTooLargeError(UploadError):
    """The upload is over the gateway's limit."""

    def __init__(self, size_bytes: int, bytes_max: int) -> None:
        super().__init__(
            f"the upload has {size_bytes} bytes; the gateway takes at most {bytes_max}",
            Reason.UPLOAD_TOO_LARGE,
            field="start.files",
        )
        self.metadata |= {"size_bytes": str(size_bytes), "bytes_max": str(bytes_max)}


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file to come. `path` is where it goes, inside the folder of the upload."""

    kind: FileKind
    path: PurePosixPath
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class UploadPlan:
    """The files in the order in which they come."""

    files: tuple[PlannedFile, ...]

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)

    def path_of(self, kind: FileKind) -> PurePosixPath | None:
        """The path of the only file of a kind."""
        return next((file.path for file in self.files if file.kind == kind), None)


def make_plan(start: Any, bytes_max: int) -> UploadPlan:
    """The plan in a PublishStart. Raises UploadError, UploadTooLargeError, PublishRefused."""
    if len(start.files) > FILES_MAX:
        raise UploadError(
            f"the upload has {len(start.files)} files, expected at most {FILES_MAX}",
            field="start.files",
        )
    files = tuple(_planned(file, f"start.files[{at}]") for at, file in enumerate(start.files))
    kinds = [file.kind for file in files]
    if kinds.count("model") != 1 or kinds.count("samples") > 1:
        raise UploadError(
            f"the upload has {kinds.count('model')} models and {kinds.count('samples')} files of"
            " samples, expected one model and at most one file of samples",
            field="start.files",
        )
    paths = [file.path for file in files]
    twice = next((path for path in paths if paths.count(path) > 1), None)
    if twice is not None:
        raise UploadError(f"the upload has {twice.name!r} twice", field="start.files")
    plan = UploadPlan(files)
    if plan.size_bytes > bytes_max:
        raise UploadTooLargeError(plan.size_bytes, bytes_max)
    return plan


def _planned(file: Any, field: str) -> PlannedFile:
    if _SHA256.fullmatch(file.sha256) is None:
        raise UploadError(
            f"sha256 {file.sha256!r} is none, expected 64 lowercase hex digits",
            field=f"{field}.sha256",
        )
    kind: Any = word_of("UploadFile.Kind", file.kind)
    match kind:
        case "model":
            path = PurePosixPath(MODEL_FOLDER, MODEL_FILE)
        case "external":
            path = PurePosixPath(MODEL_FOLDER, check_external_name(file.name))
        case "samples":
            path = PurePosixPath("samples").with_suffix(_suffix(file.name, f"{field}.name"))
        case _:
            raise UploadError(
                f"the file is of kind {kind or 'unspecified'}, expected model, external or samples",
                field=f"{field}.kind",
            )
    return PlannedFile(kind, path, file.size_bytes, file.sha256)


def _suffix(name: str, field: str) -> str:
    found = PurePosixPath(name).suffix
    if found not in SAMPLE_SUFFIXES:
        raise UploadError(
            f"samples are called {name!r}, expected a name that ends with"
            f" {', '.join(SAMPLE_SUFFIXES)}",
            field=field,
        )
    return found
