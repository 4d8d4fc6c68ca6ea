"""Takes an upload into a folder of its own, checking sizes and digests while the bytes come."""

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, Final

from tiltyard.admin.upload_folder import UploadFolder
from tiltyard.admin.upload_plan import PlannedFile, UploadError, UploadPlan, make_plan
from tiltyard.control.errors import Reason, UnavailableError

GIB: Final = 2**30


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """`bytes_max` a whole upload; `idle_s` is how long the next part may take to come."""

    bytes_max: int = 4 * GIB
    idle_s: float = 60.0
    uploads_max: int = 4


@dataclass(frozen=True, slots=True)
class Upload:
    """A complete upload, every digest right. `remove()` it when it is published."""

    start: Any
    folder: UploadFolder
    model: Path
    samples: Path | None

    def remove(self) -> None:
        """Delete the files. Idempotent."""
        self.folder.remove()


async def receive(
    parts: AsyncIterator[Any], limits: UploadLimits, folder: Path | None = None
) -> Upload:
    """The upload in the messages of PublishVersion; it lies in a new folder inside `folder`.

    Raises UploadError, UploadTooLargeError, PublishRefused, UnavailableError; then nothing is left.
    """
    first = await _next(parts, limits.idle_s)
    if first is None or first.WhichOneof("part") != "start":
        raise UploadError("the upload has no start, expected it in the first message")
    plan = make_plan(first.start, limits.bytes_max)
    made = await asyncio.to_thread(_make_folder, folder, plan)
    try:
        for file in plan.files:
            await _receive_file(parts, made.path, file, limits.idle_s)
        await _expect_end(parts, limits.idle_s)
    except BaseException:
        made.remove()  # at once: whoever was cancelled may not come to wait for a thread
        raise
    model, samples = plan.path_of("model"), plan.path_of("samples")
    return Upload(
        start=first.start,
        folder=made,
        model=made.path / str(model),
        samples=None if samples is None else made.path / samples,
    )


async def _receive_file(
    parts: AsyncIterator[Any], folder: Path, file: PlannedFile, idle_s: float
) -> None:
    digest, left = hashlib.sha256(), file.size_bytes
    with await asyncio.to_thread(_open, folder / file.path) as writer:
        while left:
            chunk = _chunk_of(await _next(parts, idle_s), file, left)
            left -= len(chunk)
            await asyncio.to_thread(_write, writer, digest, chunk)
    if digest.hexdigest() != file.sha256:
        raise UploadError(
            f"the {file.kind} file arrived with sha256 {digest.hexdigest()},"
            f" expected {file.sha256}",
            Reason.UPLOAD_DIGEST_MISMATCH,
            field="chunk",
        )


async def _expect_end(parts: AsyncIterator[Any], idle_s: float) -> None:
    if await _next(parts, idle_s) is not None:
        raise UploadError("the upload goes on after the last byte of the last file")


def _chunk_of(part: Any, file: PlannedFile, left: int) -> bytes:
    """The bytes of a message that has to be the next of a file. Raises UploadError."""
    if part is None:
        raise UploadError(
            f"the upload ended {left} bytes before the end of the {file.kind} file of"
            f" {file.size_bytes}",
            Reason.UPLOAD_TORN,
        )
    if part.WhichOneof("part") != "chunk":
        raise UploadError(
            f"the upload has a message of kind {part.WhichOneof('part')} among the bytes,"
            " expected chunk"
        )
    chunk: bytes = part.chunk
    if not 0 < len(chunk) <= left:
        raise UploadError(
            f"a chunk of {len(chunk)} bytes came, expected 1 to the {left} that are left of the"
            f" {file.kind} file"
        )
    return chunk


async def _next(parts: AsyncIterator[Any], idle_s: float) -> Any | None:
    """The next message; None when there is none. Raises UploadError when it does not come."""
    try:
        return await asyncio.wait_for(anext(parts, None), idle_s)
    except TimeoutError:
        raise UploadError(
            f"the next part of the upload did not come in {idle_s:g} s", Reason.UPLOAD_STALLED
        ) from None


def _make_folder(parent: Path | None, plan: UploadPlan) -> UploadFolder:
    try:
        made = UploadFolder(parent)
        free = shutil.disk_usage(made.path).free
    except OSError as error:
        raise _not_stored(str(error)) from error
    if plan.size_bytes > free:
        made.remove()
        raise _not_stored(f"it has {plan.size_bytes} bytes, and {free} are free")
    return made


def _open(path: Path) -> FileIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return FileIO(path, "xb")
    except OSError as error:
        raise _not_stored(str(error)) from error


def _write(writer: FileIO, digest: Any, chunk: bytes) -> None:
    digest.update(chunk)
    view = memoryview(chunk)
    try:
        while view:
            view = view[writer.write(view) :]  # a full disk takes a part first
    except OSError as error:
        raise _not_stored(str(error)) from error


def _not_stored(why: str) -> UnavailableError:
    return UnavailableError(f"the upload cannot be kept: {why}", Reason.UPLOAD_NOT_STORED)
