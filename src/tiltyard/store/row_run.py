"""Running a model over the rows of a reference, inside the probe's child process.

The session is made as examining makes it. What goes in and comes out lies in files of the form of
golden.npz: inputs with the rows first, outputs likewise.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tiltyard.errors import PublishRefused
from tiltyard.monitor.profile.signature import Signature, can_be_rows
from tiltyard.store import golden, graph_check, samples, zipmap
from tiltyard.store.examine import Begin, infer, load_session
from tiltyard.store.golden import Golden
from tiltyard.store.manifest import TensorSpec


def run_rows(
    path: Path, signature: Signature, inputs: Path, out: Path, step: int, begin: Begin
) -> dict[str, Any]:
    """Run all rows of the file `inputs`, `step` at a time, and write the outputs to `out`.

    Returns how many rows there were, JSON-ready. Raises PublishRefused.
    """
    data = path.read_bytes()
    model = graph_check.parse(data)
    external = graph_check.read_external(path.parent, graph_check.external_names(model))
    size = len(data) + sum(map(len, external.values()))
    begin("load", size + inputs.stat().st_size)
    changes, _ = zipmap.remove(model)
    session = load_session(model.SerializeToString() if changes else data, external)
    given = golden.decode(inputs.read_bytes(), signature.by_row().inputs, (), inputs.name)
    arrays = [_as_text(samples.from_tensor(tensor)) for tensor in given.inputs]
    begin("run", size + inputs.stat().st_size)
    found: list[list[samples.Array]] = [[] for _ in signature.outputs]
    rows = len(arrays[0])
    for at in range(0, rows, step):
        part = [array[at : at + step] for array in arrays]
        count = len(part[0])
        results = infer(session, signature.inputs, _requested(signature, part))
        for index, (spec, result) in enumerate(zip(signature.outputs, results, strict=True)):
            found[index].append(_by_row(signature, spec, result, count))
    outputs = [_joined(spec, parts) for spec, parts in zip(signature.outputs, found, strict=True)]
    tensors = tuple(
        samples.to_tensor(array, spec.datatype)
        for spec, array in zip(signature.outputs, outputs, strict=True)
    )
    out.write_bytes(golden.encode(Golden((), tensors)))
    return {"rows": rows}


def _requested(signature: Signature, part: Sequence[samples.Array]) -> list[samples.Array]:
    """Rows as a request has them: a tensor without a dimension of rows is the one row itself."""
    return [
        array if signature.has_rows and spec.shape else array[0]
        for spec, array in zip(signature.inputs, part, strict=True)
    ]


def _by_row(
    signature: Signature, spec: TensorSpec, result: samples.Array, rows: int
) -> samples.Array:
    """An output with the rows first. Raises PublishRefused when it has not as many."""
    if signature.has_rows and spec.shape and can_be_rows(spec):
        if result.shape[:1] != (rows,):
            raise PublishRefused(
                f"output {spec.name!r}: expected {rows} rows for as many, got shape"
                f" {list(result.shape)}"
            )
        return result
    return result[None]


def _joined(spec: TensorSpec, parts: Sequence[samples.Array]) -> samples.Array:
    shapes = sorted({part.shape[1:] for part in parts})
    if len(shapes) > 1:
        raise PublishRefused(
            f"output {spec.name!r}: expected rows of one shape, got {list(shapes[0])} and"
            f" {list(shapes[1])}"
        )
    return np.concatenate(parts)


def _as_text(array: samples.Array) -> samples.Array:
    """Strings as ONNX Runtime's Python interface takes them. Raises PublishRefused."""
    if array.dtype.kind != "O":
        return array
    found = np.empty(array.size, object)
    for index, value in enumerate(array.reshape(-1).tolist()):
        try:
            found[index] = value.decode()
        except UnicodeDecodeError as error:
            raise PublishRefused(
                f"strings can only be run here if they are UTF-8, got {value[:40]!r}"
            ) from error
    return found.reshape(array.shape)
