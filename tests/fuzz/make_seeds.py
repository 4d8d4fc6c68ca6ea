"""Seeds for one fuzz harness: `make_seeds.py NAME FOLDER` writes them, one file each.

They are what honest clients send, and the usual mistakes, so that the fuzzer starts behind the
first checks. Names and shapes are those of the signatures in fuzz_request.cpp.
"""

import gzip
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tiltyard.protocol import messages

FIELD_OF = {
    "BOOL": "bool_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "FP16": "",
    "BF16": "",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
WIDTH_OF = {"BOOL": 1, "UINT8": 1, "INT8": 1, "UINT16": 2, "INT16": 2, "FP16": 2, "BF16": 2}
WIDTH_OF |= {"UINT32": 4, "INT32": 4, "FP32": 4, "UINT64": 8, "INT64": 8, "FP64": 8}
STRINGS = [b"", b"yes", b"\x00\xff", "ü".encode(), b"z" * 130, b"no"]

Tensor = tuple[str, str, tuple[int, ...]]
SIGNATURES: list[list[Tensor]] = [
    [("x", "FP32", (3, 4))],
    [("a", "INT8", (2, 3)), ("b", "BOOL", ()), ("c", "UINT16", (2,))],
    [("s", "BYTES", (3, 2)), ("x", "FP64", (3,))],
    [(name, name, (2,)) for name in FIELD_OF],
    [(name, name, (2,)) for name, field in FIELD_OF.items() if field],
    [("x", "FP32", (0, 4))],
]


def elements_of(shape: tuple[int, ...]) -> int:
    count = 1
    for dim in shape:
        count *= dim
    return count


def framed_strings(strings: list[bytes]) -> bytes:
    return b"".join(struct.pack("<I", len(text)) + text for text in strings)


def raw_of(datatype: str, elements: int) -> bytes:
    if datatype == "BYTES":
        return framed_strings(STRINGS[:elements])
    return bytes(i % 2 for i in range(elements * WIDTH_OF[datatype]))


def fill_contents(contents: Any, datatype: str, elements: int) -> None:
    contents.SetInParent()
    if FIELD_OF[datatype]:
        values = STRINGS if datatype == "BYTES" else [1, 0, 100, 1, 0, 1, 1, 0, 7, 1, 2, 3]
        getattr(contents, FIELD_OF[datatype]).extend(values[:elements])


def request_of(tensors: list[Tensor], *, raw: bool) -> Any:
    request = messages.ModelInferRequest(model_name="m", id="7")
    for name, datatype, shape in tensors:
        made = request.inputs.add(name=name, datatype=datatype, shape=shape)
        if raw:
            request.raw_input_contents.append(raw_of(datatype, elements_of(shape)))
        else:
            fill_contents(made.contents, datatype, elements_of(shape))
    return request


def with_parameters(request: Any) -> Any:
    request.model_version = "3"
    request.parameters["priority"].uint64_param = 2**63
    request.parameters["timeout"].int64_param = -1
    request.parameters["routing_key"].string_param = "käse"
    request.parameters["weight"].double_param = 0.5
    request.parameters["sequence_end"].bool_param = True
    request.inputs[0].parameters["own"].int64_param = 5
    output = request.outputs.add(name="y")
    output.parameters["classification"].int64_param = 1
    request.outputs.add(name="z")
    return request


def unpacked(datatype: str, shape: tuple[int, ...]) -> bytes:
    """An input whose shape is not packed, in two parts of contents, with fields of no one."""
    tag_and_size = bytes([5 << 3 | 2])
    dims = b"".join(bytes([3 << 3, dim]) for dim in shape)
    parts = b"".join(b"\x2a\x05\x35" + struct.pack("<f", i) for i in range(elements_of(shape)))
    group = b"\xfb\x01\x08\x01\xfc\x01"
    inner = b"\x0a\x01x\x12" + bytes([len(datatype)]) + datatype.encode() + dims + group + parts
    return b"\x0a\x01m" + tag_and_size + bytes([len(inner)]) + inner


def request_seeds() -> Iterator[bytes]:
    for tensors in SIGNATURES:
        for raw in (False, True):
            request = request_of(tensors, raw=raw)
            yield request.SerializeToString()
            yield with_parameters(request).SerializeToString()
    yield unpacked("FP32", (1, 4))
    overflow = request_of([], raw=False)
    overflow.inputs.add(name="x", datatype="FP32", shape=[2**62, 4])
    yield overflow.SerializeToString()
    deep = request_of([], raw=False)
    deep.inputs.add(name="x", datatype="FP32", shape=[1] * 20)
    yield deep.SerializeToString()


def framed(message: bytes, compressed: int = 0) -> bytes:
    return struct.pack(">BI", compressed, len(message)) + message


def framing_seeds() -> Iterator[bytes]:
    bodies = [b"", b"a", b"hello world", bytes(300)]
    streams = [
        b"".join(framed(body) for body in bodies),
        framed(gzip.compress(b"x" * 100, mtime=0), 1) + framed(b"y"),
        framed(b"torn message")[:9],
        framed(b"flag", 2),
        framed(b"", 1) * 20,
        struct.pack(">BI", 0, 2**32 - 1) + b"too large",
    ]
    for stream in streams:
        for limit, sizes in ((1000, b""), (0xFFFF, b"\x04\x00\x63"), (12, b"\xff")):
            yield struct.pack(">HB", limit, len(sizes)) + sizes + stream


def metadata_seeds() -> Iterator[bytes]:
    path = messages.method_path("ModelInfer").encode()
    honest = b":method=POST\n:path=" + path + b"\ncontent-type=application/grpc\nte=trailers\n"
    yield honest
    for unit in "HMSmun":
        yield honest + f"grpc-timeout=99999999{unit}\n".encode()
    for bad in ("", "m", "-1S", "123456789m", "1.5S", "12"):
        yield honest + f"grpc-timeout={bad}\n".encode()
    for encoding in ("gzip", "identity", "deflate"):
        yield honest + f"grpc-encoding={encoding}\ngrpc-timeout=20m\n".encode()
    for accepted in ("gzip", "identity, deflate , gzip", "identity,,gzipped", "identity\ngzip"):
        yield honest + f"grpc-accept-encoding={accepted}\ntriton_grpc_error=true\n".encode()
    for kind in ("application/grpc+proto", "application/grpc;charset=utf-8", "application/json"):
        yield f"content-type={kind}\nuser-agent=50% caf\u00e9\n".encode()


def bytes_codec_seeds() -> Iterator[bytes]:
    for shift in (b"\x00", b"\x01", b"\xff"):
        whole = framed_strings(STRINGS)
        yield shift
        yield shift + whole
        yield shift + whole[:-1]
        yield shift + whole + b"\x01\x00"
        yield shift + framed_strings([b""] * 8)
        yield shift + struct.pack("<I", 2**32 - 1) + b"overrun"


def gunzip_seeds() -> Iterator[bytes]:
    for plain in (b"", b"hello hello hello", bytes(70_000), bytes(range(256)) * 3):
        for limit in (0, len(plain) % 2**16, 0xFFFF):
            for level in (0, 1, 9):
                zipped = gzip.compress(plain, level, mtime=0)
                yield struct.pack(">H", limit) + zipped
                yield struct.pack(">H", limit) + zipped[:-3]
    yield b"\xff\xff" + gzip.compress(b"one", mtime=0) + gzip.compress(b"two", mtime=0)


SEEDS: dict[str, Callable[[], Iterator[bytes]]] = {
    "fuzz_request": request_seeds,
    "fuzz_framing": framing_seeds,
    "fuzz_metadata": metadata_seeds,
    "fuzz_bytes_codec": bytes_codec_seeds,
    "fuzz_gunzip": gunzip_seeds,
}


def main() -> None:
    name, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[name]()):
        (folder / f"{number:03}").write_bytes(seed)


if __name__ == "__main__":
    main()
