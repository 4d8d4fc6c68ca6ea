"""The file of a profile or a baseline: arrays and one JSON header in a zip, as np.load reads it.

No pickle. The same contents always give the same bytes, so that the digest of the file names them.
What is read may come from anywhere: nothing is unpacked before its size is known to be small.
"""

import ast
import io
import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.errors import MalformedProfileError

Array = npt.NDArray[Any]

FILE_BYTES_MAX = 48 << 20
UNPACKED_BYTES_MAX = 256 << 20
HEADER_BYTES_MAX = 16 << 20
_HEADER = "header.json"
_MEMBERS_MAX = 64
_DATE = (1980, 1, 1, 0, 0, 0)
_MAGIC = b"\x93NUMPY\x01\x00"
_ARRAY_HEADER_BYTES_MAX = 1024


@dataclass(frozen=True)
class Archive:
    """A file in memory: `header` in JSON's types, and the arrays by name."""

    header: Mapping[str, Any]
    arrays: Mapping[str, Array]


def encode_archive(archive: Archive) -> bytes:
    """The file's bytes. Raises MalformedProfileError when they are more than FILE_BYTES_MAX."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        text = json.dumps(
            archive.header, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False
        )
        _write(file, _HEADER, text.encode("utf-8", "surrogatepass"))
        for name, array in sorted(archive.arrays.items()):
            _write(file, f"{name}.npy", _npy(array))
    data = buffer.getvalue()
    if len(data) > FILE_BYTES_MAX:
        raise MalformedProfileError(
            f"expected at most {FILE_BYTES_MAX:,} bytes, got {len(data):,}: watch fewer streams,"
            " or fewer categories"
        )
    return data


def decode_archive(data: bytes | memoryview, where: str) -> Archive:
    """The contents of a file; `where` names it in errors.

    Raises MalformedProfileError for anything but what encode_archive() writes: other members, other
    formats of arrays, a broken checksum, more than is allowed.
    """
    if len(data) > FILE_BYTES_MAX:
        raise MalformedProfileError(
            f"{where}: expected at most {FILE_BYTES_MAX:,} bytes, got {len(data):,}"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            members = file.infolist()
            _check_members(members, where)
            header = json.loads(file.read(_HEADER).decode("utf-8", "surrogatepass"))
            names = [info.filename for info in members if info.filename != _HEADER]
            arrays = {name.removesuffix(".npy"): _array(name, file.read(name)) for name in names}
    except MalformedProfileError:
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        KeyError,
        ValueError,
        EOFError,
        OSError,
        SyntaxError,
        NotImplementedError,
        RuntimeError,  # of encrypted members, and of JSON that is nested too deeply
        MemoryError,  # of a literal that is nested too deeply
    ) as error:
        sentence = str(error).partition("\n")[0] or type(error).__name__
        raise MalformedProfileError(
            f"{where}: not a file that tiltyard wrote: {sentence}"
        ) from error
    if not isinstance(header, dict):
        raise MalformedProfileError(f"{where}: expected a JSON object in {_HEADER}")
    return Archive(header, arrays)


def take_array(
    archive: Archive, where: str, name: str, dtype: Any, shape: tuple[int, ...]
) -> Array:
    """The array of that name. Raises MalformedProfileError unless it has this dtype and shape."""
    array = archive.arrays.get(name)
    expected = np.dtype(dtype)
    if array is None:
        raise MalformedProfileError(f"{where}: expected an array {name!r}, found none")
    if array.dtype != expected or array.shape != shape:
        raise MalformedProfileError(
            f"{where}: {name}: expected {expected} {list(shape)},"
            f" got {array.dtype} {list(array.shape)}"
        )
    return array


def _write(file: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, date_time=_DATE)
    info.compress_type = zipfile.ZIP_DEFLATED
    file.writestr(info, data, compresslevel=6)


def _npy(array: Array) -> bytes:
    wanted = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"))
    text = repr({"descr": wanted.dtype.str, "fortran_order": False, "shape": array.shape})
    # The format wants the data to begin at a multiple of 64 and a newline to end the header.
    padding = -(len(_MAGIC) + 2 + len(text) + 1) % 64
    header = text.encode("latin-1") + b" " * padding + b"\n"
    return _MAGIC + len(header).to_bytes(2, "little") + header + wanted.tobytes()


def _check_members(members: list[zipfile.ZipInfo], where: str) -> None:
    names = [info.filename for info in members]
    if len(names) > _MEMBERS_MAX or len(set(names)) != len(names):
        raise MalformedProfileError(
            f"{where}: expected at most {_MEMBERS_MAX} different members, got {len(names)}"
        )
    if any(name != _HEADER and not name.endswith(".npy") for name in names):
        raise MalformedProfileError(f"{where}: expected {_HEADER} and arrays, got {names}")
    # file_size is what the directory says; reading stops there, however much there is.
    total = sum(info.file_size for info in members)
    header = sum(info.file_size for info in members if info.filename == _HEADER)
    if total > UNPACKED_BYTES_MAX or header > HEADER_BYTES_MAX:
        raise MalformedProfileError(
            f"{where}: unpacks to {total:,} bytes, {header:,} of them {_HEADER}: expected at most"
            f" {UNPACKED_BYTES_MAX:,} and {HEADER_BYTES_MAX:,}"
        )


def _array(name: str, data: bytes) -> Array:
    """np.load's format, of which only what _npy() writes is taken."""
    begin = len(_MAGIC) + 2
    length = int.from_bytes(data[len(_MAGIC) : begin], "little")
    if not data.startswith(_MAGIC) or length > _ARRAY_HEADER_BYTES_MAX:
        raise ValueError(f"{name} is no array of numpy's format 1.0")
    told = ast.literal_eval(data[begin : begin + length].decode("latin-1").strip())
    if not isinstance(told, dict) or told.keys() != {"descr", "fortran_order", "shape"}:
        raise ValueError(f"{name}: expected a dtype, an order and a shape, got {told!r}")
    descr, shape = told["descr"], told["shape"]
    if descr not in ("<f4", "<f8", "<i8", "<u4", "<u2") or told["fortran_order"] is not False:
        raise ValueError(f"{name}: expected numbers in C order, got {told!r}")
    is_shape = isinstance(shape, tuple) and all(type(dim) is int and dim >= 0 for dim in shape)
    if not is_shape or len(shape) > 3:
        raise ValueError(f"{name}: expected a shape of rank 3 at most, got {shape!r}")
    dtype = np.dtype(descr)
    body = memoryview(data)[begin + length :]
    if len(body) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{name}: expected {list(shape)} of {dtype}, got {len(body)} bytes")
    return np.frombuffer(body, dtype).reshape(shape)
