"""Takes an upload into a folder of its own, checking sizes and digests while the bytes come."""

import asyncio
import contextlib
import hashlib
import shutil
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, Final, TypeVar

from tiltyard.admin.upload_folder import UploadFolder
from tiltyard.admin.upload_plan import PlannedFile, UploadError, UploadPlan, make_plan
from tiltyard.control.errors import Reason, UnavailableError

GIB: Final = 2**30
T = TypeVar("T")


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
    first = await next_part(parts, limits.idle_s)
    if first is None or first.WhichOneof("part") != "start":
        raise UploadError("the upload has no start, expected it in the first message")
    plan = make_plan(first.start, limits.bytes_max)
    made = await _make(lambda: _make_folder(folder, plan), lambda made: made.remove())
    try:
        for file in plan.files:
            await _receive_file(parts, made, file, limits.idle_s)
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
    parts: AsyncIterator[Any], folder: UploadFolder, file: PlannedFile, idle_s: float
) -> None:
    left = file.size_bytes

    def undo(uploaded: "_UploadedFile") -> None:
        uploaded.close()
        folder.remove()  # again: the file was made when the folder had gone already

    opening = _make(lambda: _UploadedFile(folder.path / file.path), undo)
    with contextlib.closing(await opening) as uploaded:
        while left:
            chunk = _chunk_of(await next_part(parts, idle_s), file, left)
            left -= len(chunk)
            await asyncio.to_thread(uploaded.append, chunk)
    if uploaded.sha256 != file.sha256:
        raise UploadError(
            f"the {file.kind} file arrived with sha256 {uploaded.sha256}, expected {file.sha256}",
            Reason.UPLOAD_DIGEST_MISMATCH,
            field="chunk",
        )


async def _expect_end(parts: AsyncIterator[Any], idle_s: float) -> None:
    if await next_part(parts, idle_s) is not None:
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


async def next_part(parts: AsyncIterator[Any], idle_s: float) -> Any | None:
    """The next message; None when there is none. Raises UploadError when it does not come."""
    try:
        # Not wait_for: in Python 3.11 it forgets a cancellation that comes with the message.
        async with asyncio.timeout(idle_s):
            return await anext(parts, None)
    except TimeoutError:
        raise UploadError(
            f"the next part of the upload did not come in {idle_s:g} s", Reason.UPLOAD_STALLED
        ) from None


async def _make(make: Callable[[], T], undo: Callable[[T], object]) -> T:
    """What `make` makes in a thread; undone when its caller is cancelled and it is nobody's."""
    made = asyncio.ensure_future(asyncio.to_thread(make))
    try:
        return await asyncio.shield(made)
    except asyncio.CancelledError:
        made.add_done_callback(
            lambda done: None if done.cancelled() or done.exception() else undo(done.result())
        )
        raise


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


class _UploadedFile:
    """A new file, appended to in threads. Raises UnavailableError when the disk refuses."""

    def __init__(self, path: Path) -> None:
        self._digest = hashlib.sha256()
        self._lock = threading.Lock()
        self._is_closing = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = FileIO(path, "xb")
        except OSError as error:
            raise _not_stored(str(error)) from error

    @property
    def sha256(self) -> str:
        """Of what was appended, in hex."""
        return self._digest.hexdigest()

    def append(self, chunk: bytes) -> None:
        """Write all of `chunk`; nothing when the file is closed."""
        try:
            with self._lock:
                if not self._file.closed:
                    self._write(chunk)
        finally:
            if self._is_closing:
                self.close()

    def close(self) -> None:
        """At once, or when the thread has done that is at it: nobody waits for a disk here."""
        self._is_closing = True
        if self._lock.acquire(blocking=False):
            try:
                self._file.close()
            finally:
                self._lock.release()

    def _write(self, chunk: bytes) -> None:
        self._digest.update(chunk)
        view = memoryview(chunk)
        try:
            while view:
                view = view[self._file.write(view) :]  # a full disk takes a part first
        except OSError as error:
            raise _not_stored(str(error)) from error


def _not_stored(why: str) -> UnavailableError:
    return UnavailableError(f"the upload cannot be kept: {why}", Reason.UPLOAD_NOT_STORED)
