"""What tells one publish from another, and a version that was stored and not recorded."""

import threading
from pathlib import Path

import pytest

from tests import models
from tests.unit.control.conftest import World
from tiltyard.control.publishing import Turns, files_digest, sha256_of, stored_before
from tiltyard.store.manifest import Manifest
from tiltyard.store.publish import publish_model


def test_calls_with_one_key_take_turns_and_others_do_not() -> None:
    turns, inside, release = Turns(), threading.Event(), threading.Event()
    order: list[str] = []

    def first() -> None:
        with turns.wait_for("k"):
            inside.set()
            assert release.wait(60)
            order.append("first")

    def second() -> None:
        with turns.wait_for("k"):
            order.append("second")

    threads = [threading.Thread(target=first)]
    threads[0].start()
    assert inside.wait(60)
    for other in ("other", "", None, None):
        with turns.wait_for(other):
            pass
    threads.append(threading.Thread(target=second))
    threads[1].start()
    release.set()
    for thread in threads:
        thread.join()
    assert order == ["first", "second"]
    assert turns._calls == {}


def test_every_file_of_a_call_counts(tmp_path: Path) -> None:
    model, samples = tmp_path / "upload" / "model.onnx", tmp_path / "samples.npy"
    (tmp_path / "upload" / "data").mkdir(parents=True)
    model.write_bytes(b"model")
    samples.write_bytes(b"samples")
    digests = [files_digest(model, None), files_digest(model, samples)]
    (tmp_path / "upload" / "data" / "weights").write_bytes(b"weights")
    digests.append(files_digest(model, samples))
    (tmp_path / "upload" / "data" / "weights").write_bytes(b"others")
    digests.append(files_digest(model, samples))
    samples.write_bytes(b"other samples")
    digests.append(files_digest(model, samples))
    model.write_bytes(b"other model")
    digests.append(files_digest(model, samples))
    assert len(set(digests)) == len(digests)
    assert files_digest(model, samples) == digests[-1]


def test_sha256(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    assert sha256_of(tmp_path / "file").startswith("ba7816bf8f01cfea")


@pytest.fixture(scope="module")
def upload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return models.external_data(tmp_path_factory.mktemp("upload"))


def test_a_version_that_was_stored_and_not_recorded_is_found(empty: World, upload: Path) -> None:
    def look(version: int | None = None, *, batchable: bool = False) -> Manifest | None:
        return stored_before(empty.store, empty.registry, "m", version, upload, batchable)

    assert look() is None
    made = publish_model(empty.store, "m", upload)
    assert look() == look(1) == made
    assert look(2) is None
    assert look(batchable=True) is None
    weights = upload.parent / "weights.bin"
    whole = weights.read_bytes()
    weights.write_bytes(whole[::-1])
    assert look() is None
    weights.write_bytes(whole)
    # As when the gateway has found it in the store after the crash:
    empty.registry.note_versions("m", [(1, "")])
    assert look() == made
    empty.registry.note_versions("m", [(1, made.digest)])
    assert look() is None


def test_a_version_of_others_without_a_manifest_is_not_taken(empty: World, upload: Path) -> None:
    empty.put("m", 1)
    assert stored_before(empty.store, empty.registry, "m", None, upload, False) is None
