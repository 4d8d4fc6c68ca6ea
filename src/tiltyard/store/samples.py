"""Golden samples: read from a file, or made up for inputs that take anything.

Imports numpy: runs in the probe's child process only.
"""

import json
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt

from tiltyard.errors import PublishRefused
from tiltyard.store.datatype import BY_NAME
from tiltyard.store.golden import Tensor, frame_bytes, unframe_bytes
from tiltyard.store.manifest import TensorSpec

SAMPLE_ROWS_MAX = 256
RANDOM_ROWS = 16
RANDOM_SEED = 20
# Sizes tried in turn for free dimensions behind the first: sequences, images, signals.
FREE_SIZES = (8, 1, 32, 64, 224, 512)

Array = npt.NDArray[Any]


def read(path: Path, specs: Sequence[TensorSpec]) -> list[Array]:
    """The samples in `path` (.npz, .npy or .json), one array an input, in the order of `specs`.

    A .json file is {"input name": nested lists}. At most 256 rows are kept. Raises PublishRefused
    when the file does not fit the inputs.
    """
    given = _load(path, specs)
    names = [spec.name for spec in specs]
    if sorted(given) != sorted(names):
        raise PublishRefused(
            f"samples {path.name}: expected the inputs {names}, found {sorted(given)}"
        )
    arrays = [_fit(path, given[spec.name], spec) for spec in specs]
    if all(has_free_rows(spec) for spec in specs):
        rows = {array.shape[0] for array in arrays}
        if len(rows) > 1:
            raise PublishRefused(
                f"samples {path.name}: expected as many rows in every input, found {sorted(rows)}"
            )
        arrays = [array[:SAMPLE_ROWS_MAX] for array in arrays]
    return arrays


def made_up(specs: Sequence[TensorSpec]) -> Iterator[list[Array]]:
    """Samples to try until the model takes one: random ones first, then zeros, in several sizes."""
    free = any(dim for spec in specs for dim in spec.shape[1:] if not isinstance(dim, int))
    rows = RANDOM_ROWS if all(has_free_rows(spec) for spec in specs) else 1
    for random in (True, False):
        for row_count in sorted({rows, 1}, reverse=True):
            for size in FREE_SIZES if free else FREE_SIZES[:1]:
                generator = np.random.default_rng(RANDOM_SEED)
                yield [_make(spec, row_count, size, generator, random) for spec in specs]


def has_free_rows(spec: TensorSpec) -> bool:
    return bool(spec.shape) and not isinstance(spec.shape[0], int)


def to_tensor(array: Array, datatype: str) -> Tensor:
    """The array as the wire carries it. Strings are UTF-8."""
    if datatype == "BYTES":
        elements = [
            item if isinstance(item, bytes) else str(item).encode() for item in array.reshape(-1)
        ]
        return Tensor(datatype, tuple(array.shape), frame_bytes(elements))
    return Tensor(datatype, tuple(array.shape), np.ascontiguousarray(array).tobytes())


def from_tensor(tensor: Tensor) -> Array:
    """The reverse: an array in the dtype of the wire; BYTES are objects of bytes."""
    if tensor.datatype == "BYTES":
        found = np.empty(math.prod(tensor.shape), object)
        found[:] = unframe_bytes(tensor.raw)
        return found.reshape(tensor.shape)
    return np.frombuffer(tensor.raw, numpy_type(tensor.datatype)).reshape(tensor.shape)


def _load(path: Path, specs: Sequence[TensorSpec]) -> Mapping[str, Any]:
    try:
        if path.suffix == ".json":
            return _checked_json(json.loads(path.read_bytes()))
        return _named(np.load(path, allow_pickle=False), specs)
    except OSError as error:
        raise PublishRefused(f"samples {path}: {error.strerror or error}") from error
    except (ValueError, TypeError, EOFError, zipfile.BadZipFile, KeyError) as error:
        raise PublishRefused(
            f"samples {path.name}: expected a .npz, .npy or .json file: {error}"
        ) from error


def _checked_json(values: Any) -> Mapping[str, Any]:
    if not isinstance(values, dict):
        raise TypeError(f'expected {{"input name": nested lists}}, found {type(values).__name__}')
    return values


def _named(loaded: Any, specs: Sequence[TensorSpec]) -> Mapping[str, Any]:
    if not isinstance(loaded, np.ndarray):
        return {name: loaded[name] for name in loaded.files}
    if len(specs) != 1:
        raise ValueError(f"a .npy file has one array, and the model has {len(specs)} inputs")
    return {specs[0].name: loaded}


def _fit(path: Path, value: Any, spec: TensorSpec) -> Array:
    where = f"samples {path.name}: input {spec.name!r}"
    try:
        array = value if isinstance(value, np.ndarray) else _from_json(value, spec)
    except (ValueError, TypeError, OverflowError) as error:
        raise PublishRefused(f"{where}: expected {spec.datatype} values: {error}") from error
    wanted = numpy_type(spec.datatype)
    if spec.datatype == "BYTES":
        if array.dtype.kind not in "USO":
            raise PublishRefused(f"{where}: expected strings, found {array.dtype}")
        array = array.astype(object)
    elif not np.can_cast(array.dtype, wanted, "same_kind"):
        raise PublishRefused(f"{where}: expected {spec.datatype}, found {array.dtype}")
    else:
        array = array.astype(wanted)
    fits = len(array.shape) == len(spec.shape) and all(
        not isinstance(dim, int) or dim == size
        for dim, size in zip(spec.shape, array.shape, strict=False)
    )
    if not fits:
        raise PublishRefused(
            f"{where}: expected shape {list(spec.dims)}, found {list(array.shape)}"
        )
    return array


def _from_json(value: Any, spec: TensorSpec) -> Array:
    if spec.datatype == "BYTES":
        array = np.array(value, dtype=object)
        if not all(isinstance(item, str) for item in array.reshape(-1)):
            raise ValueError("found something that is no string")
        return array
    array = np.array(value)
    if array.size and not np.can_cast(array.dtype, numpy_type(spec.datatype), "same_kind"):
        if array.dtype.kind == "i" and np.dtype(numpy_type(spec.datatype)).kind in "uV":
            return np.array(value, dtype=numpy_type(spec.datatype))
        raise ValueError(f"found {array.dtype}")
    return np.array(value, dtype=numpy_type(spec.datatype))


def numpy_type(datatype: str) -> Any:
    """The numpy type of a v2 datatype; strings are objects."""
    if datatype == "BYTES":
        return np.dtype(object)
    return ml_dtypes.bfloat16 if datatype == "BF16" else np.dtype(BY_NAME[datatype].npy)


def _make(
    spec: TensorSpec, rows: int, size: int, generator: np.random.Generator, random: bool
) -> Array:
    shape = tuple(
        dim if isinstance(dim, int) else (rows if axis == 0 else size)
        for axis, dim in enumerate(spec.shape)
    )
    wanted = numpy_type(spec.datatype)
    if spec.datatype == "BYTES":
        letters = generator.choice(["a", "b", "c"], shape) if random else np.full(shape, "")
        return np.asarray(letters).astype(object)
    if not random:
        return np.zeros(shape, wanted)
    if spec.datatype in ("FP16", "BF16", "FP32", "FP64"):
        return np.asarray(generator.standard_normal(shape)).astype(wanted)
    # Small, so that the smallest table of an embedding and the shortest axis take it.
    return np.asarray(generator.integers(0, 2, shape)).astype(wanted)
