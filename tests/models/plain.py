"""Small models, each with one feature of the protocol or of the store."""

from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

from tests.models.build import model, node, serialised, tensor

EMBEDDING_ROWS = 100
# The ONNX element type of each v2 datatype.
ONNX_TYPES = {
    "BOOL": TensorProto.BOOL,
    "INT8": TensorProto.INT8,
    "INT16": TensorProto.INT16,
    "INT32": TensorProto.INT32,
    "INT64": TensorProto.INT64,
    "UINT8": TensorProto.UINT8,
    "UINT16": TensorProto.UINT16,
    "UINT32": TensorProto.UINT32,
    "UINT64": TensorProto.UINT64,
    "FP16": TensorProto.FLOAT16,
    "BF16": TensorProto.BFLOAT16,
    "FP32": TensorProto.FLOAT,
    "FP64": TensorProto.DOUBLE,
    "BYTES": TensorProto.STRING,
}


@cache
def identity(kind: int = TensorProto.FLOAT) -> bytes:
    """x [N,4] to y, of the given ONNX element type."""
    return serialised(
        model([node("Identity", "x", "y")], [tensor("x", ["N", 4], kind)], [_like("y", kind)])
    )


def _like(name: str, kind: int) -> onnx.ValueInfoProto:
    return tensor(name, ["N", 4], kind)


@cache
def adds(amount: int) -> bytes:
    """x FP32 [N,4] to x + amount, exact for whole numbers: versions that answer differently."""
    return serialised(
        model(
            [node("Add", "x amount", "y")],
            [tensor("x", ["N", 4])],
            [tensor("y", ["N", 4])],
            {"amount": float(amount)},
        )
    )


@cache
def echo(rank: int, *datatypes: str) -> bytes:
    """A tensor of any shape for each v2 datatype, named after it; each comes out as NAME_out."""
    types = {name.lower(): ONNX_TYPES[name] for name in datatypes}
    dims = {name: [f"{name}_{axis}" for axis in range(rank)] for name in types}
    return serialised(
        model(
            [node("Identity", name, f"{name}_out") for name in types],
            [tensor(name, dims[name], kind) for name, kind in types.items()],
            [tensor(f"{name}_out", dims[name], kind) for name, kind in types.items()],
        )
    )


@cache
def strings() -> bytes:
    """BYTES [N,2] to the same, and whether each equals "yes"."""
    kind = TensorProto.STRING
    return serialised(
        model(
            [node("Identity", "x", "y"), node("Equal", "x yes", "is_yes")],
            [tensor("x", ["N", 2], kind)],
            [tensor("y", ["N", 2], kind), tensor("is_yes", ["N", 2], TensorProto.BOOL)],
            {"yes": np.array(["yes"], dtype=object)},
            opset=19,
        )
    )


@cache
def two_in_two_out() -> bytes:
    """a, b FP32 [N,3] to sum and difference."""
    return serialised(
        model(
            [node("Add", "a b", "sum"), node("Sub", "a b", "difference")],
            [tensor("a", ["N", 3]), tensor("b", ["N", 3])],
            [tensor("sum", ["N", 3]), tensor("difference", ["N", 3])],
        )
    )


@cache
def scalar() -> bytes:
    """x FP32 [] to 2x: a model without rows."""
    return serialised(
        model([node("Mul", "x two", "y")], [tensor("x", [])], [tensor("y", [])], {"two": 2.0})
    )


@cache
def embedding() -> bytes:
    """index INT64 [N] to a row of a table of 100 by 8."""
    table = np.arange(EMBEDDING_ROWS * 8, dtype=np.float32).reshape(EMBEDDING_ROWS, 8)
    return serialised(
        model(
            [node("Gather", "table index", "y")],
            [tensor("index", ["N"], TensorProto.INT64)],
            [tensor("y", ["N", 8])],
            {"table": table},
        )
    )


@cache
def zero_free() -> bytes:
    """x INT64 [N]: looks up row x+50 of a table of 10, so that only samples near -45 run."""
    return serialised(
        model(
            [node("Add", "x fifty", "shifted"), node("Gather", "table shifted", "y")],
            [tensor("x", ["N"], TensorProto.INT64)],
            [tensor("y", ["N"])],
            {"fifty": 50, "table": np.arange(10, dtype=np.float32)},
        )
    )


def external_data(folder: Path, location: str = "weights.bin") -> Path:
    """A linear model FP32 [N,64] to [N,64] in `folder`, its weights in a file beside it."""
    weights = np.random.default_rng(0).standard_normal((64, 64)).astype(np.float32)
    proto = model(
        [node("MatMul", "x weights", "y")],
        [tensor("x", ["N", 64])],
        [tensor("y", ["N", 64])],
        {"weights": weights},
    )
    (held,) = proto.graph.initializer
    (folder / location).parent.mkdir(parents=True, exist_ok=True)
    (folder / location).write_bytes(held.raw_data)
    onnx.external_data_helper.set_external_data(held, location, offset=0, length=len(held.raw_data))
    held.ClearField("raw_data")
    path = folder / "model.onnx"
    path.write_bytes(serialised(proto))
    return path


@cache
def slow(layers: int = 8, width: int = 512, amount: int = 0) -> bytes:
    """x FP32 [N,width] through `layers` products of width by width; about 0.1 ms a layer at 512.

    `amount` is added at the end: it is the answer to zeros.
    """
    weights = np.random.default_rng(1).standard_normal((width, width)).astype(np.float32)
    # Of norm about 1, so that values neither vanish nor overflow on the way.
    weights /= np.float32(2 * np.sqrt(width))
    names = ["x", *(f"h{layer}" for layer in range(1, layers + 1))]
    return serialised(
        model(
            [
                *(node("MatMul", f"{a} w", b) for a, b in pairwise(names)),
                node("Add", f"h{layers} amount", "y"),
            ],
            [tensor("x", ["N", width])],
            [tensor("y", ["N", width])],
            {"w": weights, "amount": float(amount)},
        )
    )


@cache
def logarithm() -> bytes:
    """x FP32 [N,3] to log |x|, which rounds some values in another way in a batch."""
    return serialised(
        model(
            [node("Abs", "x", "size"), node("Log", "size", "y")],
            [tensor("x", ["N", 3])],
            [tensor("y", ["N", 3])],
        )
    )
