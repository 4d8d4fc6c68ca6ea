"""The messages of an upload."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tiltyard.client.admin_upload import CHUNK_BYTES, UploadParts, find_sources, upload_parts
from tiltyard.control.interface import ChangeTerms
from tiltyard.errors import ClientError
from tiltyard.protocol.admin_words import word_of


def parts_of(model: Path, *external: str, samples: Path | None = None) -> UploadParts:
    return upload_parts(
        "fraud",
        find_sources(model, external, samples),
        version=None,
        batchable=False,
        terms=ChangeTerms(actor="anna"),
        actor="",
        on_progress=None,
    )


def test_start_then_the_bytes_of_each_file(tmp_path: Path) -> None:
    model, samples = tmp_path / "m.onnx", tmp_path / "rows.npz"
    model.write_bytes(b"m" * (CHUNK_BYTES + 1))
    (tmp_path / "empty").write_bytes(b"")
    samples.write_bytes(b"rows")
    start, *chunks = parts_of(model, "empty", samples=samples)
    assert (start.start.model, start.start.HasField("version")) == ("fraud", False)
    assert start.start.terms.actor == "anna"
    described: list[Any] = [
        (word_of("UploadFile.Kind", file.kind), file.name, file.size_bytes)
        for file in start.start.files
    ]
    assert described == [
        ("model", "m.onnx", CHUNK_BYTES + 1),
        ("external", "empty", 0),
        ("samples", "rows.npz", 4),
    ]
    assert start.start.files[2].sha256 == hashlib.sha256(b"rows").hexdigest()
    assert [len(part.chunk) for part in chunks] == [CHUNK_BYTES, 1, 4]


def test_a_file_that_became_shorter_ends_it(tmp_path: Path) -> None:
    model = tmp_path / "m.onnx"
    model.write_bytes(b"m" * 100)
    parts = parts_of(model)
    model.write_bytes(b"m" * 40)
    assert [part.chunk for part in parts][1:] == [b"m" * 40]
    assert str(parts.error) == (
        f"{model} became shorter while it was sent: expected 100 bytes, 60 are missing"
    )


def test_a_file_that_became_longer_is_sent_as_it_was(tmp_path: Path) -> None:
    model = tmp_path / "m.onnx"
    model.write_bytes(b"m" * 10)
    parts = parts_of(model)
    model.write_bytes(b"m" * 20)
    assert [part.chunk for part in parts][1:] == [b"m" * 10]
    assert parts.error is None


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ClientError, match="Is a directory"):
        find_sources(tmp_path, (), None)
