"""golden.npz: the sample inputs of a version and the outputs they gave when it was published.

np.load reads the file; this module reads and writes it without numpy, because a server needs the
samples before it can afford that import. Members are `input_0`, `input_1`, .. and `output_0`, ..
in the signature's order. A BYTES tensor lies as the protocol's framing in a uint8 array, with its
shape beside it in `input_0_shape`; a BF16 tensor lies as its 16 bits in uint16.
"""

import ast
import io
import math
import struct
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tiltyard.errors import IntegrityError
from tiltyard.store.datatype import BY_NAME
from tiltyard.store.manifest import TensorSpec, sha256_hex

_MAGIC = b"\x93NUMPY\x01\x00"


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor as raw_input_contents carries it: little-endian, row-major, BYTES framed."""

    datatype: str
    shape: tuple[int, ...]
    raw: bytes


@dataclass(frozen=True, slots=True)
class Golden:
    """Samples and what they gave, each in the signature's order."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def frame_bytes(elements: Iterable[bytes]) -> bytes:
    """BYTES elements with their 4-byte little-endian lengths in front."""
    return b"".join(struct.pack("<I", len(element)) + element for element in elements)


def unframe_bytes(raw: bytes) -> list[bytes]:
    """The elements of a framed BYTES tensor. Raises ValueError where the framing breaks."""
    elements = []
    at = 0
    while at < len(raw):
        if at + 4 > len(raw):
            raise ValueError(f"expected a 4-byte length at byte {at}, found {len(raw) - at}")
        (length,) = struct.unpack_from("<I", raw, at)
        at += 4
        if at + length > len(raw):
            raise ValueError(f"expected {length} bytes at byte {at}, found {len(raw) - at}")
        elements.append(raw[at : at + length])
        at += length
    return elements


def outputs_digest(outputs: Sequence[Tensor]) -> str:
    """One digest over datatype, shape and bytes of every output."""
    parts = [f"{item.datatype}{list(item.shape)}{sha256_hex(item.raw)}" for item in outputs]
    return sha256_hex("\n".join(parts).encode())


def encode(golden: Golden) -> bytes:
    """The file's bytes; the same samples always give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for prefix, tensors in (("input", golden.inputs), ("output", golden.outputs)):
            for index, tensor in enumerate(tensors):
                _write(archive, f"{prefix}_{index}", tensor)
    return buffer.getvalue()


def decode(
    data: bytes, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], where: str
) -> Golden:
    """The samples in `data`, read by the signature. IntegrityError if they do not fit it."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return Golden(
                tuple(_read(archive, f"input_{i}", spec) for i, spec in enumerate(inputs)),
                tuple(_read(archive, f"output_{i}", spec) for i, spec in enumerate(outputs)),
            )
    except (zipfile.BadZipFile, KeyError, ValueError, SyntaxError, struct.error) as error:
        raise IntegrityError(f"{where}: not the golden samples of this model: {error}") from error


def _write(archive: zipfile.ZipFile, name: str, tensor: Tensor) -> None:
    descr = BY_NAME[tensor.datatype].npy
    if tensor.datatype == "BYTES":
        _write_array(archive, name, descr, (len(tensor.raw),), tensor.raw)
        dims = struct.pack(f"<{len(tensor.shape)}q", *tensor.shape)
        _write_array(archive, f"{name}_shape", "<i8", (len(tensor.shape),), dims)
    else:
        _write_array(archive, name, descr, tensor.shape, tensor.raw)


def _write_array(
    archive: zipfile.ZipFile, name: str, descr: str, shape: tuple[int, ...], raw: bytes
) -> None:
    text = repr({"descr": descr, "fortran_order": False, "shape": tuple(shape)})
    # The format wants the data to begin at a multiple of 64 and a newline to end the header.
    padding = -(len(_MAGIC) + 2 + len(text) + 1) % 64
    header = text.encode("latin-1") + b" " * padding + b"\n"
    info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
    with archive.open(info, "w", force_zip64=True) as member:
        member.write(_MAGIC + struct.pack("<H", len(header)) + header)
        member.write(raw)


def _read(archive: zipfile.ZipFile, name: str, spec: TensorSpec) -> Tensor:
    shape, raw = _read_array(archive, name, BY_NAME[spec.datatype].npy)
    if spec.datatype == "BYTES":
        dims_shape, dims_raw = _read_array(archive, f"{name}_shape", "<i8")
        shape = struct.unpack(f"<{dims_shape[0]}q", dims_raw)
        found = len(unframe_bytes(raw))
        if found != math.prod(shape):
            raise ValueError(f"{name}: expected {math.prod(shape)} elements, found {found}")
    if len(shape) != len(spec.shape):
        raise ValueError(f"{name}: expected rank {len(spec.shape)}, found {len(shape)}")
    return Tensor(spec.datatype, shape, raw)


def _read_array(archive: zipfile.ZipFile, name: str, descr: str) -> tuple[tuple[int, ...], bytes]:
    data = archive.read(f"{name}.npy")
    if not data.startswith(_MAGIC):
        raise ValueError(f"{name}: not a numpy file of format 1.0")
    (length,) = struct.unpack_from("<H", data, len(_MAGIC))
    begin = len(_MAGIC) + 2
    header = ast.literal_eval(data[begin : begin + length].decode("latin-1"))
    if header["descr"] != descr or header["fortran_order"]:
        raise ValueError(f"{name}: expected {descr} in C order, found {header}")
    shape = tuple(int(dim) for dim in header["shape"])
    raw = data[begin + length :]
    item_bytes = int(descr[2:])
    if len(raw) != math.prod(shape) * item_bytes:
        raise ValueError(
            f"{name}: expected {math.prod(shape) * item_bytes} bytes, found {len(raw)}"
        )
    return shape, raw
