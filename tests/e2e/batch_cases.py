"""Every model of the tests that can be served, with rows to ask it: ordinary ones and extremes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import ml_dtypes
import numpy as np
import numpy.typing as npt
from onnx import TensorProto

from tests import models

Array = npt.NDArray[np.generic]
Inputs = dict[str, Array]

EXTREMES = (
    *(np.nan, np.inf, -np.inf, 0.0, -0.0, 1e30, -1e30, 1e6, -1e3),
    *(3.4028235e38, -3.4028235e38, 1.1754944e-38, 1e-40, -1e-42, 1e-45),
)
# Rows of a request, in turn; the last is more than a batch may have.
ROW_COUNTS = (2, 1, 3, 1, 1, 8, 5, 1, 200)


@dataclass(frozen=True)
class Case:
    """A model and requests of one row each. `model` may be a file that lies beside its weights."""

    model: bytes | Path
    rows: list[Inputs]
    samples: Inputs | None = None
    batching: str = "bitwise"  # what the gateway has to say of it

    def requests_of_many(self) -> list[Inputs]:
        """The rows again, in another order, several in a request; those of one shape together."""
        by_shape: dict[tuple[tuple[int, ...], ...], list[Inputs]] = {}
        for row in self.rows:
            by_shape.setdefault(tuple(array.shape for array in row.values()), []).append(row)
        shuffled = np.random.default_rng(3)
        requests = []
        for rows in by_shape.values():
            for count in ROW_COUNTS * 3:
                chosen = [rows[index] for index in shuffled.integers(0, len(rows), count)]
                requests.append(
                    {name: np.concatenate([row[name] for row in chosen]) for name in rows[0]}
                )
        return requests


def _floats(width: int, ordinary: Array | None = None) -> list[Array]:
    """Rows of 32 bits: ordinary ones, ones of one extreme, ones with one extreme, and mixtures."""
    generator = np.random.default_rng(7)
    usual = generator.standard_normal((40, width)) if ordinary is None else ordinary
    rows = [*usual]
    for extreme in EXTREMES:
        rows.append(np.full(width, extreme))
        one = usual[generator.integers(len(usual))].copy()
        one[generator.integers(width)] = extreme
        rows.append(one)
    rows += [generator.choice(EXTREMES, width) for _ in range(8)]
    return [np.asarray(row, np.float32).reshape(1, width) for row in rows]


def _named(name: str, rows: list[Array]) -> list[Inputs]:
    return [{name: row} for row in rows]


def _classifier(model: Callable[[], bytes]) -> Case:
    features, _ = models.breast_cancer()
    return Case(model(), _named("X", _floats(30, features[:80])), {"X": features[:64]})


def _identity(kind: int, dtype: npt.DTypeLike) -> Case:
    """Every value of a kind goes through as it is: bytes drawn at random, BOOL aside."""
    generator = np.random.default_rng(9)
    item = np.dtype(dtype).itemsize
    rows = []
    for _ in range(64):
        drawn = generator.integers(0, 2 if dtype == np.bool_ else 256, 4 * item, dtype=np.uint8)
        rows.append(np.frombuffer(drawn.tobytes(), dtype).reshape(1, 4))
    return Case(models.identity(kind), _named("x", rows))


def _echo(*datatypes: str) -> Case:
    """Inputs whose dimensions are all free: rows of one shape share a batch, of others do not.

    Two inputs could have different numbers of rows, and so are never batched.
    """
    generator = np.random.default_rng(11)
    rows: list[Inputs] = []
    for width in (3, 5):
        for _ in range(24):
            floats = generator.standard_normal((1, width)).astype(np.float64)
            words = np.array([[b"w" * int(n) for n in generator.integers(0, 4, width)]], object)
            row = {"FP64": floats, "BYTES": words}
            rows.append({name.lower(): row[name] for name in datatypes})
    batching = "bitwise" if len(datatypes) == 1 else "off"
    return Case(models.echo(2, *datatypes), rows, batching=batching)


def _strings() -> Case:
    words = [b"yes", b"no", b"", b"y\0es", b"yes\0", "nö".encode(), b"\xff\xfe", b"long" * 20_000]
    rows = [np.array([[a, b]], dtype=object) for a in words for b in words]
    return Case(models.strings(), _named("x", rows), {"x": np.array([["yes", "no"], ["", "b"]])})


def _embedding() -> Case:
    """Some of the indices lie outside the table: their own requests fail, and no others."""
    index = [*range(-3, models.EMBEDDING_ROWS, 2), models.EMBEDDING_ROWS, -101, 2**62, -(2**63)]
    rows: list[Array] = [np.array([value]) for value in index]
    return Case(models.embedding(), _named("index", rows), {"index": np.arange(16)})


def _zero_free() -> Case:
    rows: list[Array] = [np.array([value]) for value in range(-64, -36)]
    return Case(models.zero_free(), _named("x", rows), {"x": np.array([-45, -50, -41])})


def _scalar() -> Case:
    rows: list[Array] = [np.asarray(value, np.float32) for value in EXTREMES]
    return Case(models.scalar(), _named("x", rows), batching="off")


def _two() -> Case:
    pairs = zip(_floats(3), reversed(_floats(3)), strict=True)
    return Case(models.two_in_two_out(), [{"a": a, "b": b} for a, b in pairs])


def _w3() -> Case:
    rows = [*models.w3_rows(8), *(np.full(models.w3_rows(1)[0].shape, e) for e in EXTREMES)]
    arrays: list[Array] = [np.asarray([row], np.float32) for row in rows]
    return Case(models.w3_path(), _named("x", arrays))


def cases(folder: Path) -> dict[str, Case]:
    """By name; `folder` is for a model that is more than one file."""
    return {
        "w1": _classifier(models.w1),
        "w1_zipmap": _classifier(models.w1_zipmap),
        "w2": _classifier(models.w2),
        "mlp": _classifier(models.mlp),
        "w3": _w3(),
        "identity": Case(models.identity(), _named("x", _floats(4))),
        "adds": Case(models.adds(2), _named("x", _floats(4))),
        "identity_fp64": _identity(TensorProto.DOUBLE, np.float64),
        "identity_fp16": _identity(TensorProto.FLOAT16, np.float16),
        "identity_bf16": _identity(TensorProto.BFLOAT16, ml_dtypes.bfloat16),
        "identity_int64": _identity(TensorProto.INT64, np.int64),
        "identity_bool": _identity(TensorProto.BOOL, np.bool_),
        "echo": _echo("FP64"),
        "echo_two": _echo("FP64", "BYTES"),
        "two_in_two_out": _two(),
        "logarithm": Case(models.logarithm(), _named("x", _floats(3)), batching="within error"),
        "slow": Case(models.slow(), _named("x", _floats(512))),
        "external_data": Case(models.external_data(folder), _named("x", _floats(64))),
        "strings": _strings(),
        "embedding": _embedding(),
        "zero_free": _zero_free(),
        "scalar": _scalar(),
    }


CASES = (
    *("w1", "w1_zipmap", "w2", "mlp", "w3", "identity", "adds", "identity_fp64", "identity_fp16"),
    *(
        "identity_bf16",
        "identity_int64",
        "identity_bool",
        "echo",
        "echo_two",
        "two_in_two_out",
        "logarithm",
    ),
    *("slow", "external_data", "strings", "embedding", "zero_free", "scalar"),
)
