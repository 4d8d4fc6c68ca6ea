"""What an upload may say it will send."""

from typing import Any

import pytest

from tests.unit.admin.serving import upload_file, upload_start
from tiltyard.admin.upload_plan import FILES_MAX, UploadError, UploadTooLargeError, make_plan
from tiltyard.control.errors import Reason
from tiltyard.errors import PublishRefused

MODEL = upload_file(b"model")


def plan(*files: Any, bytes_max: int = 1_000) -> Any:
    return make_plan(upload_start(*files).start, bytes_max)


def test_where_the_files_go() -> None:
    found = plan(
        MODEL,
        upload_file(b"weights", "external", "deep/weights.bin"),
        upload_file(b"rows", "samples", "/home/anna/rows.npy"),
    )
    assert [(file.kind, str(file.path), file.size_bytes) for file in found.files] == [
        ("model", "model/model.onnx", 5),
        ("external", "model/deep/weights.bin", 7),
        ("samples", "samples.npy", 4),
    ]
    assert found.size_bytes == 16
    assert str(found.path_of("samples")) == "samples.npy"
    assert plan(MODEL).path_of("samples") is None


@pytest.mark.parametrize(
    ("files", "field", "sentence"),
    [
        ([], "start.files", "0 models and 0 files of samples"),
        ([MODEL, MODEL], "start.files", "2 models"),
        (
            [MODEL, *[upload_file(b"", "samples", "a.npy")] * 2],
            "start.files",
            "2 files of samples",
        ),
        ([MODEL, *[upload_file(b"", "external", "w")] * 2], "start.files", "has 'w' twice"),
        ([MODEL] * (FILES_MAX + 1), "start.files", f"at most {FILES_MAX}"),
        ([upload_file(b"", "")], "start.files[0].kind", "of kind unspecified"),
        ([upload_file(b"", sha256="AB" * 32)], "start.files[0].sha256", "64 lowercase hex digits"),
        ([MODEL, upload_file(b"", "samples", "a.csv")], "start.files[1].name", ".npz, .npy, .json"),
    ],
)
def test_what_is_refused(files: list[Any], field: str, sentence: str) -> None:
    with pytest.raises(UploadError, match=r".") as caught:
        plan(*files)
    assert sentence in str(caught.value)
    assert (caught.value.reason, caught.value.field) == (Reason.UPLOAD_MALFORMED, field)


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "model.onnx", "a/../../b", "", ".hidden"])
def test_external_files_stay_in_their_folder(name: str) -> None:
    with pytest.raises(PublishRefused):
        plan(MODEL, upload_file(b"", "external", name))


def test_the_limit_is_on_all_files_together() -> None:
    files = [MODEL, upload_file(b"weights", "external", "w")]
    assert plan(*files, bytes_max=12).size_bytes == 12
    with pytest.raises(UploadTooLargeError, match="has 12 bytes; the gateway takes at most 11"):
        plan(*files, bytes_max=11)
