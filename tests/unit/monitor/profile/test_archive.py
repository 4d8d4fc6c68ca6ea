import io
import zipfile
from typing import Any

import numpy as np
import pytest

from tiltyard.monitor.profile import archive
from tiltyard.monitor.profile.archive import (
    Archive,
    decode_archive,
    encode_archive,
    take_array,
)
from tiltyard.monitor.profile.errors import MalformedProfileError

ONE = Archive(
    {"a": [1, "é\ud800"], "b": {}}, {"x": np.arange(6.0).reshape(2, 3), "n": np.zeros(0, np.int64)}
)


def zipped(members: dict[str, bytes], **options: Any) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return buffer.getvalue()


def npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def test_what_is_written_is_read() -> None:
    found = decode_archive(encode_archive(ONE), "here")
    assert found.header == ONE.header
    for name, array in ONE.arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array)
        assert not found.arrays[name].flags.writeable


def test_the_same_contents_are_the_same_bytes() -> None:
    turned = Archive({"b": {}, "a": ONE.header["a"]}, {name: ONE.arrays[name] for name in "nx"})
    assert encode_archive(turned) == encode_archive(ONE)


def test_numpy_reads_it_too() -> None:
    with np.load(io.BytesIO(encode_archive(ONE)), allow_pickle=False) as loaded:
        np.testing.assert_array_equal(loaded["x"], ONE.arrays["x"])


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({}, "There is no item named 'header.json'"),
        ({"header.json": b"[]"}, "expected a JSON object in header.json"),
        ({"header.json": b"{"}, "not a file that tiltyard wrote"),
        ({"header.json": b"[" * 100_000}, "not a file that tiltyard wrote"),
        ({"header.json": b'{"a": ' + b"9" * 5000 + b"}"}, "not a file that tiltyard wrote"),
        ({"header.json": b"{}", "evil.py": b""}, "expected header.json and arrays, got"),
        ({"header.json": b"{}", "x.npy": b"x"}, "x.npy is no array of numpy's format 1.0"),
        (
            {"header.json": b"{}", "x.npy": npy(np.array([print], object))},
            "x.npy: expected numbers in C order",
        ),
        (
            {"header.json": b"{}", "x.npy": npy(np.asfortranarray(np.ones((2, 2))))},
            "x.npy: expected numbers in C order",
        ),
        (
            {"header.json": b"{}", "x.npy": npy(np.ones(2))[:-1]},
            r"x.npy: expected \[2\] of float64",
        ),
        (
            {
                "header.json": b"{}",
                "x.npy": npy(np.ones(2)).replace(b"(2,)", b"(-2,"),
            },
            "not a file that tiltyard wrote",
        ),
        (
            {"header.json": b"{}", "x.npy": npy(np.ones((1, 1, 1, 1)))},
            "expected a shape of rank 3 at most",
        ),
        (
            {"header.json": b"{}", **{f"{n}.npy": npy(np.ones(1)) for n in range(64)}},
            "expected at most 64 different members, got 65",
        ),
    ],
)
def test_what_tiltyard_did_not_write_is_refused(members: dict[str, bytes], sentence: str) -> None:
    with pytest.raises(MalformedProfileError, match=f"^here: .*{sentence}"):
        decode_archive(zipped(members), "here")


def test_nothing_large_is_unpacked() -> None:
    bomb = zipped(
        {"header.json": b"{}", "x.npy": b"\0" * (archive.UNPACKED_BYTES_MAX + 1)},
        compression=zipfile.ZIP_DEFLATED,
    )
    assert len(bomb) < 1 << 20
    with pytest.raises(MalformedProfileError, match="unpacks to 268,435,459 bytes"):
        decode_archive(bomb, "here")


def test_a_directory_that_lies_about_sizes_is_found() -> None:
    data = bytearray(zipped({"header.json": b" " * 999 + b"{}"}, compression=zipfile.ZIP_DEFLATED))
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = (2).to_bytes(4, "little")
    with pytest.raises(MalformedProfileError, match="not a file that tiltyard wrote"):
        decode_archive(bytes(data), "here")


def test_large_files_are_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode_archive(ONE)
    monkeypatch.setattr(archive, "FILE_BYTES_MAX", len(data) - 1)
    with pytest.raises(MalformedProfileError, match="here: expected at most"):
        decode_archive(data, "here")
    with pytest.raises(MalformedProfileError, match="watch fewer streams"):
        encode_archive(ONE)


def test_arrays_are_taken_by_dtype_and_shape() -> None:
    assert take_array(ONE, "here", "x", np.float64, (2, 3)).shape == (2, 3)
    with pytest.raises(MalformedProfileError, match=r"here: x: expected int64 \[2, 3\], got float"):
        take_array(ONE, "here", "x", np.int64, (2, 3))
    with pytest.raises(
        MalformedProfileError, match=r"x: expected float64 \[3, 2\], got float64 \["
    ):
        take_array(ONE, "here", "x", np.float64, (3, 2))
    with pytest.raises(MalformedProfileError, match="expected an array 'y', found none"):
        take_array(ONE, "here", "y", np.float64, (2, 3))
