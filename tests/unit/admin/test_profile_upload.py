"""The file of a profile, as it comes: whole, or refused with the reason."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.unit.admin.serving import request
from tiltyard.admin.profile_upload import ProfileUpload, receive_profile
from tiltyard.admin.upload_plan import UploadError

DATA = bytes(range(256)) * 40


def start(data: bytes = DATA, **fields: Any) -> Any:
    said = {"size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} | fields
    return request("AddProfile", start={"model": "fraud", "version": 3, **said})


def chunk(data: bytes) -> Any:
    return request("AddProfile", chunk=data)


def received(*parts: Any, bytes_max: int = 1 << 20) -> ProfileUpload:
    async def each() -> AsyncIterator[Any]:
        for part in parts:
            yield part

    return asyncio.run(receive_profile(each(), 10.0, bytes_max))


def test_a_profile_in_pieces() -> None:
    found = received(start(), chunk(DATA[:7]), chunk(DATA[7:]))
    assert (found.start.model, found.start.version, found.data) == ("fraud", 3, DATA)


REFUSED = [
    ((), "has no start", "UPLOAD_MALFORMED"),
    ((chunk(DATA),), "has no start", "UPLOAD_MALFORMED"),
    ((start(sha256="AB"), chunk(DATA)), "expected 64 lowercase hex digits", "UPLOAD_MALFORMED"),
    ((start(), chunk(DATA[:-1])), "ended 1 bytes before", "UPLOAD_TORN"),
    ((start(), chunk(DATA), chunk(b"x")), "the 0 that are left", "UPLOAD_MALFORMED"),
    ((start(), chunk(b"")), "a chunk of 0 bytes", "UPLOAD_MALFORMED"),
    ((start(), start()), "of kind start among the bytes", "UPLOAD_MALFORMED"),
    ((start(), chunk(DATA[::-1])), "arrived with sha256", "UPLOAD_DIGEST_MISMATCH"),
]


@pytest.mark.parametrize(("parts", "message", "reason"), REFUSED)
def test_what_is_refused(parts: tuple[Any, ...], message: str, reason: str) -> None:
    with pytest.raises(UploadError, match=message) as caught:
        received(*parts)
    assert caught.value.reason == reason


def test_one_that_is_too_large_is_refused_before_it_is_taken() -> None:
    with pytest.raises(UploadError, match="takes at most 100") as caught:
        received(start(), bytes_max=100)
    assert caught.value.reason == "UPLOAD_TOO_LARGE"


def test_one_that_does_not_go_on() -> None:
    async def each() -> AsyncIterator[Any]:
        yield start()
        await asyncio.Event().wait()

    with pytest.raises(UploadError) as caught:
        asyncio.run(receive_profile(each(), 0.01))
    assert caught.value.reason == "UPLOAD_STALLED"
