"""Takes the file of a reference profile into memory, checking its size and digest."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from tiltyard.admin.upload import next_part
from tiltyard.admin.upload_plan import UploadError, UploadTooLargeError
from tiltyard.control.errors import Reason
from tiltyard.protocol.admin_limits import PROFILE_BYTES_MAX

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ProfileUpload:
    """A complete one, the digest right. `start` is the ProfileStart."""

    start: Any
    data: bytes


async def receive_profile(
    parts: AsyncIterator[Any], idle_s: float, bytes_max: int = PROFILE_BYTES_MAX
) -> ProfileUpload:
    """The file in the messages of AddProfile. Raises UploadError, UploadTooLargeError."""
    first = await next_part(parts, idle_s)
    if first is None or first.WhichOneof("part") != "start":
        raise UploadError("the profile has no start, expected it in the first message")
    start = first.start
    if _SHA256.fullmatch(start.sha256) is None:
        raise UploadError(
            f"sha256 {start.sha256!r} is none, expected 64 lowercase hex digits",
            field="start.sha256",
        )
    if start.size_bytes > bytes_max:
        raise UploadTooLargeError(start.size_bytes, bytes_max)
    chunks, left = [], start.size_bytes
    while (part := await next_part(parts, idle_s)) is not None:
        chunks.append(_chunk_of(part, left))
        left -= len(chunks[-1])
    if left:
        raise UploadError(
            f"the profile ended {left} bytes before the end of its {start.size_bytes}",
            Reason.UPLOAD_TORN,
        )
    data = b"".join(chunks)
    found = await asyncio.to_thread(_sha256_of, data)
    if found != start.sha256:
        raise UploadError(
            f"the profile arrived with sha256 {found}, expected {start.sha256}",
            Reason.UPLOAD_DIGEST_MISMATCH,
            field="chunk",
        )
    return ProfileUpload(start, data)


def _chunk_of(part: Any, left: int) -> bytes:
    if part.WhichOneof("part") != "chunk":
        raise UploadError(
            f"the profile has a message of kind {part.WhichOneof('part')} among the bytes,"
            " expected chunk"
        )
    chunk: bytes = part.chunk
    if not 0 < len(chunk) <= left:
        raise UploadError(
            f"a chunk of {len(chunk)} bytes came, expected 1 to the {left} that are left"
        )
    return chunk


def _sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
