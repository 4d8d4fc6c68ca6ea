"""Uploads: every byte checked, and nothing left of those that go wrong."""

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from tests.unit.admin.serving import request, upload_chunks, upload_file, upload_start
from tiltyard.admin import upload
from tiltyard.admin.upload import Upload, UploadLimits, receive
from tiltyard.admin.upload_plan import UploadError
from tiltyard.control.errors import Reason, UnavailableError
from tiltyard.errors import TiltyardError

MODEL, WEIGHTS, ROWS = b"model" * 3, b"w" * 10, b"rows"
START = upload_start(
    upload_file(MODEL),
    upload_file(WEIGHTS, "external", "deep/weights.bin"),
    upload_file(b"", "external", "empty.bin"),
    upload_file(ROWS, "samples", "rows.json"),
    version=7,
)
CHUNKS = (MODEL[:4], MODEL[4:], WEIGHTS, ROWS)
LIMITS = UploadLimits(bytes_max=1_000, idle_s=20.0)


async def stream(parts: Iterable[Any], *, hang: bool = False) -> AsyncIterator[Any]:
    for part in parts:
        yield part
    if hang:
        await asyncio.Event().wait()


def take(folder: Path, *parts: Any, limits: UploadLimits = LIMITS, hang: bool = False) -> Upload:
    return asyncio.run(receive(stream(parts, hang=hang), limits, folder))


def test_a_whole_upload(tmp_path: Path) -> None:
    found = take(tmp_path, START, *upload_chunks(*CHUNKS))
    assert found.start.version == 7
    assert found.model.read_bytes() == MODEL
    assert (found.model.parent / "deep/weights.bin").read_bytes() == WEIGHTS
    assert (found.model.parent / "empty.bin").read_bytes() == b""
    assert found.samples is not None
    assert (found.samples.name, found.samples.read_bytes()) == ("samples.json", ROWS)
    found.remove()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("parts", "reason", "sentence"),
    [
        ([], Reason.UPLOAD_MALFORMED, "has no start"),
        (upload_chunks(b"x"), Reason.UPLOAD_MALFORMED, "has no start"),
        ([request("PublishVersion")], Reason.UPLOAD_MALFORMED, "has no start"),
        ([START], Reason.UPLOAD_TORN, "ended 15 bytes before the end of the model file of 15"),
        (
            [START, *upload_chunks(*CHUNKS[:-1])],
            Reason.UPLOAD_TORN,
            "ended 4 bytes before the end of the samples file",
        ),
        ([START, START], Reason.UPLOAD_MALFORMED, "kind start among the bytes"),
        ([START, *upload_chunks(b"")], Reason.UPLOAD_MALFORMED, "a chunk of 0 bytes"),
        (
            [START, *upload_chunks(MODEL + WEIGHTS)],
            Reason.UPLOAD_MALFORMED,
            "a chunk of 25 bytes came, expected 1 to the 15 that are left of the model file",
        ),
        (
            [START, *upload_chunks(MODEL.upper())],
            Reason.UPLOAD_DIGEST_MISMATCH,
            "the model file arrived with sha256",
        ),
        (
            [START, *upload_chunks(*CHUNKS, b"x")],
            Reason.UPLOAD_MALFORMED,
            "goes on after the last byte",
        ),
    ],
)
def test_what_goes_wrong_leaves_nothing(
    tmp_path: Path, parts: list[Any], reason: Reason, sentence: str
) -> None:
    with pytest.raises(UploadError) as caught:
        take(tmp_path, *parts)
    assert caught.value.reason is reason
    assert sentence in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_one_that_stalls_is_given_up(tmp_path: Path) -> None:
    limits = UploadLimits(bytes_max=1_000, idle_s=0.01)
    for parts in ([], [START], [START, *upload_chunks(*CHUNKS)]):
        with pytest.raises(UploadError, match=r"did not come in 0\.01 s") as caught:
            take(tmp_path, *parts, limits=limits, hang=True)
        assert caught.value.reason is Reason.UPLOAD_STALLED
    assert list(tmp_path.iterdir()) == []


def test_a_client_that_leaves_leaves_nothing(tmp_path: Path) -> None:
    async def work() -> None:
        begun = asyncio.Event()

        async def parts() -> AsyncIterator[Any]:
            yield START
            begun.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(receive(parts(), LIMITS, tmp_path))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(work())
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_made_when_its_client_has_gone_goes_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_opening, may_open, has_opened = (threading.Event() for _ in range(3))

    def open_late(*how: Any) -> FileIO:
        is_opening.set()
        assert may_open.wait(20)
        Path(how[0]).parent.mkdir(parents=True, exist_ok=True)
        opened = FileIO(*how)
        has_opened.set()
        return opened

    async def work() -> None:
        task = asyncio.create_task(receive(stream([START], hang=True), LIMITS, tmp_path))
        await asyncio.to_thread(is_opening.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        may_open.set()
        await asyncio.to_thread(has_opened.wait)
        while list(tmp_path.iterdir()):
            await asyncio.sleep(0.001)

    monkeypatch.setattr(upload, "FileIO", open_late)
    asyncio.run(work())


def no_room(_: Any) -> Any:
    return shutil._ntuple_diskusage(100, 90, 10)


def full(*_: Any) -> Any:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("name", "stand_in", "sentence"),
    [
        ("shutil.disk_usage", no_room, "it has 29 bytes, and 10 are free"),
        ("upload.UploadFolder", full, "No space left on device"),
        ("upload.FileIO", full, "No space left on device"),
    ],
)
def test_a_full_disk_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    stand_in: Callable[..., Any],
    sentence: str,
) -> None:
    owner, _, attribute = name.partition(".")
    monkeypatch.setattr({"shutil": shutil, "upload": upload}[owner], attribute, stand_in)
    with pytest.raises(UnavailableError, match=sentence) as caught:
        take(tmp_path, START, *upload_chunks(*CHUNKS))
    assert caught.value.reason is Reason.UPLOAD_NOT_STORED
    assert isinstance(caught.value, TiltyardError)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_meanwhile_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Filling(FileIO):
        """Takes half of what it is given, and then nothing."""

        def write(self, data: Any) -> int:
            if self.tell():
                full()
            return super().write(data[: len(data) // 2])

    monkeypatch.setattr(upload, "FileIO", Filling)
    with pytest.raises(UnavailableError, match="No space left"):
        take(tmp_path, START, *upload_chunks(*CHUNKS))
    assert list(tmp_path.iterdir()) == []
