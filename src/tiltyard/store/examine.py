"""Examining one model, inside the probe's child process: check, load, run, describe.

The session is made from bytes, external data in memory, as the server will make it.
"""

import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import ModelProto

from tiltyard import __version__
from tiltyard.errors import PublishRefused
from tiltyard.store import bfloat16, golden, graph_check, samples, zipmap
from tiltyard.store.datatype import BY_NAME, BY_ORT_TYPE
from tiltyard.store.golden import Golden, Tensor
from tiltyard.store.manifest import (
    Description,
    GoldenNote,
    RowwiseVerdict,
    TensorSpec,
    file_entry,
)
from tiltyard.store.names import GOLDEN_FILE, MODEL_FILE
from tiltyard.store.rowwise import prove
from tiltyard.store.sandbox import OUT_OF_MEMORY_TEXTS

GOLDEN_BYTES_MAX = 256 << 20
# Begins a stage: its name, and the bytes of the model with its external data.
Begin = Callable[[str, int], None]


def examine(path: Path, given: Path | None, out: Path, begin: Begin) -> dict[str, Any]:
    """Examine the model at `path`, put golden.npz (and model.onnx, if changed) into `out`.

    Returns the description and the digests of the files read, JSON-ready. Raises PublishRefused.
    """
    data = path.read_bytes()
    model = graph_check.parse(data)
    names = graph_check.external_names(model)
    external = graph_check.read_external(path.parent, names)
    size = len(data) + sum(map(len, external.values()))
    begin("check", size)
    graph_check.check_operators(model)
    graph_check.check_inputs(model)
    changes, labels = zipmap.remove(model)
    graph_check.check_output_types(model)
    graph_check.check_structure(path, data)
    served = model.SerializeToString() if changes else data
    verdict = prove(model, external)
    begin("load", size)
    session = load_session(served, external)
    begin("run", size)
    description, tensors = _run(session, model, given, verdict, changes, labels)
    (out / GOLDEN_FILE).write_bytes(golden.encode(tensors))
    if changes:
        (out / MODEL_FILE).write_bytes(served)
    files = {MODEL_FILE: data, **external}
    return {
        **asdict(description),
        "files": {name: asdict(file_entry(content)) for name, content in files.items()},
    }


def load_session(model: bytes, external: dict[str, bytes]) -> ort.InferenceSession:
    """A session of one thread, as the server makes it. Raises PublishRefused."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    if external:
        contents = list(external.values())
        options.add_external_initializers_from_files_in_memory(
            list(external), contents, [len(content) for content in contents]
        )
    try:
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise _refusal("ONNX Runtime refuses to load it", error) from error


def _run(
    session: ort.InferenceSession,
    model: ModelProto,
    given: Path | None,
    verdict: RowwiseVerdict,
    changes: list[str],
    labels: zipmap.ClassLabels,
) -> tuple[Description, Golden]:
    inputs = tuple(_spec("input", argument) for argument in session.get_inputs())
    kinds = [_datatype("output", argument) for argument in session.get_outputs()]
    if given is not None:
        arrays = samples.read(given, inputs)
        results = infer(session, inputs, arrays)
    else:
        arrays, results = _first_that_runs(session, inputs)
    outputs = tuple(
        TensorSpec(argument.name, kind, _shape(argument, result))
        for argument, kind, result in zip(session.get_outputs(), kinds, results, strict=True)
    )
    tensors = Golden(_tensors(arrays, inputs), _tensors(results, outputs))
    if sum(len(item.raw) for item in tensors.inputs + tensors.outputs) > GOLDEN_BYTES_MAX:
        raise PublishRefused(
            f"its samples and their outputs take more than {GOLDEN_BYTES_MAX >> 20} MB:"
            " give fewer or smaller rows with --samples"
        )
    description = Description(
        inputs=inputs,
        outputs=outputs,
        opset=graph_check.opsets(model),
        ir_version=model.ir_version,
        producer=f"{model.producer_name} {model.producer_version}".strip(),
        rowwise=verdict,
        golden=GoldenNote(
            "random" if given is None else "given", golden.outputs_digest(tensors.outputs)
        ),
        changes=tuple(changes),
        class_labels=labels,
        runtime=_runtime(),
    )
    return description, tensors


def _first_that_runs(
    session: ort.InferenceSession, inputs: Sequence[TensorSpec]
) -> tuple[list[samples.Array], list[samples.Array]]:
    refusal: PublishRefused | None = None
    for arrays in samples.made_up(inputs):
        try:
            return arrays, infer(session, inputs, arrays)
        except PublishRefused as error:
            refusal = refusal or error
    raise PublishRefused(
        f"no random or zero input runs, so give real rows with --samples ({refusal})"
    )


def infer(
    session: ort.InferenceSession, inputs: Sequence[TensorSpec], arrays: Sequence[samples.Array]
) -> list[samples.Array]:
    """The outputs for arrays of the inputs, in the model's order. Raises PublishRefused."""
    feeds = {
        spec.name: np.array(array, order="C") for spec, array in zip(inputs, arrays, strict=True)
    }
    kinds = [argument.type for argument in [*session.get_inputs(), *session.get_outputs()]]
    try:
        if BY_NAME["BF16"].ort_type in kinds:
            return bfloat16.run(session, feeds)
        return [_array(value) for value in session.run(None, feeds)]
    except PublishRefused:
        raise
    except Exception as error:
        raise _refusal("ONNX Runtime fails to run it", error) from error


def _array(value: object) -> samples.Array:
    if not isinstance(value, np.ndarray | np.generic):
        raise PublishRefused(f"an output came out as {type(value).__name__}: expected a tensor")
    return np.asarray(value)


def _tensors(arrays: Sequence[samples.Array], specs: Sequence[TensorSpec]) -> tuple[Tensor, ...]:
    return tuple(
        samples.to_tensor(array, spec.datatype) for array, spec in zip(arrays, specs, strict=True)
    )


def _spec(what: str, argument: ort.NodeArg) -> TensorSpec:
    shape = tuple(_dimension(dim) for dim in argument.shape or [])
    return TensorSpec(argument.name, _datatype(what, argument), shape)


def _shape(argument: ort.NodeArg, result: samples.Array) -> tuple[int | str | None, ...]:
    """The declared shape, or free dimensions of the rank that came out when none is declared."""
    shape = tuple(_dimension(dim) for dim in argument.shape or [])
    return shape if len(shape) == result.ndim else (None,) * result.ndim


def _dimension(dim: int | str | None) -> int | str | None:
    if isinstance(dim, int):
        return dim if dim >= 0 else None
    return None if dim in ("", "?") else dim  # '?' is what some exporters call every dimension


def _datatype(what: str, argument: ort.NodeArg) -> str:
    kind = BY_ORT_TYPE.get(argument.type)
    if kind is None:
        raise PublishRefused(
            f"{what} {argument.name!r} is a {argument.type}: expected a tensor of one of"
            f" {', '.join(BY_NAME)}"
        )
    return kind.name


def _refusal(what: str, error: Exception) -> Exception:
    """A refusal with the sentence of `error`; memory errors pass as they are."""
    text = " ".join(str(error).split())
    if isinstance(error, MemoryError) or any(sign in text for sign in OUT_OF_MEMORY_TEXTS):
        return error
    return PublishRefused(f"{what}: {text[:600]}")


def _runtime() -> dict[str, str]:
    return {
        "tiltyard": __version__,
        "onnx": onnx.__version__,
        "onnxruntime": ort.__version__,
        "python": platform.python_version(),
    }
