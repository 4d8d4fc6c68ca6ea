"""Walks a graph from its inputs to its outputs and carries the row axis along.

Imports onnx: runs in the probe's child process only.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnx.inliner import inline_local_functions
from onnx.reference import ReferenceEvaluator

from tiltyard.store.graph_check import describe
from tiltyard.store.manifest import RowwiseVerdict
from tiltyard.store.rowwise.dim import ROWS, Dim, text
from tiltyard.store.rowwise.step import Step, opaque
from tiltyard.store.rowwise.table import COUPLING, FOLDED, RANDOM, ROW_RULES, SIZE_RULES
from tiltyard.store.rowwise.value import Array, Fixed, NotProved, Rows, Sizes, Value, demoted

KNOWN_ELEMENTS_MAX = 4096
# Sizes known from shape inference: a whole number, or None.
Hints = Mapping[str, tuple[int | None, ...]]


def prove(model: ModelProto, external: Mapping[str, bytes]) -> RowwiseVerdict:
    """Whether every output has one block a row on axis 0 that depends on that row alone.

    `external` has the model's external data by file name. The reason names the first node that
    stops the proof.
    """
    try:
        Prover(model, external).run()
    except NotProved as reason:
        return RowwiseVerdict(False, str(reason))
    return RowwiseVerdict(True, "every output carries the rows on axis 0, by row-wise operators")


class Prover:
    """One proof of one model."""

    def __init__(self, model: ModelProto, external: Mapping[str, bytes]) -> None:
        self._model = inline_local_functions(model) if model.functions else model
        self._external = external
        self._opsets = {
            "" if entry.domain == "ai.onnx" else entry.domain: entry.version
            for entry in model.opset_import
        }
        self._values: dict[str, Value] = {}
        self._hints: Hints = {}

    def run(self) -> None:
        """Raises NotProved with the reason."""
        graph = self._model.graph
        for node in graph.node:
            _refuse_at_sight(node)
        self._read_constants()
        self._read_inputs()
        self._hints = _infer_sizes(self._model)
        for node in graph.node:
            try:
                self._step(node)
            except NotProved as reason:
                raise NotProved(f"{describe(node)}: {reason}") from None
            except (IndexError, KeyError, TypeError, ValueError) as error:
                # A malformed node: no rule follows it, and no proof is always a sound answer.
                raise NotProved(f"{describe(node)}: it is not followed ({error!r})") from error
        for info in graph.output:
            self._check_output(info.name)

    def _read_constants(self) -> None:
        for tensor in self._model.graph.initializer:
            dims = tuple(Dim(size) for size in tensor.dims)
            self._values[tensor.name] = Fixed(dims, self._contents(tensor))
        for sparse in self._model.graph.sparse_initializer:
            self._values[sparse.values.name] = Fixed(tuple(Dim(size) for size in sparse.dims))

    def _contents(self, tensor: TensorProto) -> Array | None:
        if np.prod(tensor.dims, dtype=float) > KNOWN_ELEMENTS_MAX:
            return None
        if tensor.data_location != TensorProto.EXTERNAL:
            return _array(tensor)
        entries = {entry.key: entry.value for entry in tensor.external_data}
        data = self._external.get(str(PurePosixPath(entries["location"])))
        if data is None:
            return None
        at = int(entries.get("offset", 0))
        whole = TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims)
        whole.raw_data = data[at : at + int(entries.get("length", len(data) - at))]
        return _array(whole)

    def _read_inputs(self) -> None:
        inputs = [info for info in self._model.graph.input if info.name not in self._values]
        if not inputs:
            raise NotProved("the model has no inputs")
        firsts = set()
        others = set()
        for info in inputs:
            shape = info.type.tensor_type.shape.dim
            if not shape:
                raise NotProved(f"input {info.name!r} is a scalar or has no declared shape")
            if shape[0].HasField("dim_value") and shape[0].dim_value >= 0:
                raise NotProved(
                    f"input {info.name!r} has a first dimension fixed to {shape[0].dim_value}"
                )
            firsts.add(shape[0].dim_param)
            others |= {dim.dim_param for dim in shape[1:]}
            # Free dimensions are apart even under one name: nobody checks names in a request.
            self._values[info.name] = Rows((ROWS, *map(_dimension, shape[1:])), 0)
        for name in sorted((firsts & others) - {"", "?"}):
            raise NotProved(f"dimension {name!r} is the first of an input and another one too")
        named = sorted(firsts - {"", "?"})
        if len(named) > 1:
            # A request may then have more of the one than of the other, which no batch can.
            raise NotProved(f"the inputs' first dimensions have different names: {named}")

    def _step(self, node: NodeProto) -> None:
        domain = "" if node.domain == "ai.onnx" else node.domain
        inputs = [self._values[name] if name else None for name in node.input]
        step = Step(node, inputs, self._opsets.get(domain, 1))
        key = (domain, node.op_type)
        present = step.present()
        if any(isinstance(value, Rows) for value in present):
            results = self._rows_results(step, key)
        else:
            results = self._plain_results(step, key)
        for name, value in zip(node.output, results, strict=False):
            if name:
                self._values[name] = self._settled(name, value)
        for name in node.output:
            if name and name not in self._values:
                raise NotProved(f"its output {name!r} is not followed")

    def _rows_results(self, step: Step, key: tuple[str, str]) -> Sequence[Value]:
        rule = ROW_RULES.get(key)
        if rule is None:
            name = f"{key[0]}.{key[1]}" if key[0] else key[1]
            raise NotProved(
                COUPLING.get(key[1], f"{name} is not on the list of row-wise operators")
            )
        return rule(step)

    def _plain_results(self, step: Step, key: tuple[str, str]) -> Sequence[Value]:
        """Results of a node none of whose inputs carries rows."""
        if step.node.op_type == "Dropout":
            raise NotProved("a dropout of constants is not followed")
        folded = self._folded(step)
        if folded is not None:
            return folded
        sizes = [value for value in step.present() if isinstance(value, Sizes)]
        shape_only = key in (("", "Shape"), ("", "Size"))
        if sizes or shape_only:
            rule = ROW_RULES[key] if shape_only else SIZE_RULES.get(key)
            try:
                if rule is not None:
                    return rule(step)
            except NotProved:
                if any(value.has_batch for value in sizes):
                    raise
        for value in sizes:
            demoted(value)
        return [Fixed(self._hinted(name)) for name in step.node.output]

    def _folded(self, step: Step) -> Sequence[Value] | None:
        """The node's value, if it has small known inputs; Constant nodes among them."""
        arrays = [value.array if isinstance(value, Fixed) else None for value in step.present()]
        if step.node.op_type == "Constant":
            if step.has(0) or "sparse_value" in step.attributes:
                return None
            if "value" in step.attributes:
                tensor = step.attributes["value"]
                dims = tuple(Dim(size) for size in tensor.dims)
                return [Fixed(dims, self._contents(tensor))]
        elif step.node.domain or step.node.op_type not in FOLDED or not arrays:
            return None
        known = [array for array in arrays if array is not None]
        if len(known) < len(arrays) or not _stays_small(step, known):
            return None
        names = [name for name in step.node.input if name]
        try:
            results = self._evaluate(step.node, dict(zip(names, known, strict=True)))
        except Exception:  # noqa: BLE001 - unknown contents are always a sound answer
            return None
        return [_fixed(np.asarray(result)) for result in results]

    def _evaluate(self, node: NodeProto, feeds: dict[str, Array]) -> list[Any]:
        inputs = [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), None)
            for name, array in feeds.items()
        ]
        outputs = [helper.make_empty_tensor_value_info(name) for name in node.output]
        graph = helper.make_graph([node], "fold", inputs, outputs)
        model = helper.make_model(graph, opset_imports=list(self._model.opset_import))
        with np.errstate(all="ignore"):
            return list(ReferenceEvaluator(model).run(None, feeds))

    def _hinted(self, name: str) -> tuple[Dim, ...] | None:
        hint = self._hints.get(name)
        if hint is None:
            return None
        return tuple(opaque() if size is None else Dim(size) for size in hint)

    def _settled(self, name: str, value: Value) -> Value:
        """The value with unknown dimensions replaced where shape inference knows better."""
        hint = self._hints.get(name)
        if isinstance(value, Sizes) and all(item.is_int for item in value.elements):
            numbers = np.array([item.coefficient for item in value.elements], np.int64)
            return Fixed(value.dims, numbers if value.dims else numbers.reshape(()))
        if hint is None or isinstance(value, Sizes) or value.dims is None:
            return value
        if len(hint) != len(value.dims):
            return value
        dims = tuple(
            Dim(size) if size is not None and _is_opaque(dim) else dim
            for dim, size in zip(value.dims, hint, strict=True)
        )
        return Rows(dims, value.axis) if isinstance(value, Rows) else Fixed(dims, value.array)

    def _check_output(self, name: str) -> None:
        value = self._values[name]
        if not isinstance(value, Rows):
            raise NotProved(f"output {name!r} is the same whatever the rows are")
        if value.axis != 0 or value.size != ROWS:
            raise NotProved(
                f"output {name!r} of shape {text(value.dims)} does not have one entry a row"
                " on axis 0"
            )


def _refuse_at_sight(node: NodeProto) -> None:
    """Control flow and randomness end every proof, wherever they stand."""
    if any(item.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS) for item in node.attribute):
        raise NotProved(f"{describe(node)}: control flow is never proved row-wise")
    if node.op_type in RANDOM:
        raise NotProved(f"{describe(node)}: it is random")


def _dimension(dim: Any) -> Dim:
    # Some exporters write -1 for a free dimension.
    return Dim(dim.dim_value) if dim.HasField("dim_value") and dim.dim_value >= 0 else opaque()


def _is_opaque(dim: Dim) -> bool:
    return len(dim.symbols) == 1 and dim.symbols[0].startswith("?")


def _infer_sizes(model: ModelProto) -> Hints:
    """Whole-number sizes by ONNX shape inference; the file's own claims are not believed."""
    copy = ModelProto()
    copy.CopyFrom(model)
    del copy.graph.value_info[:]
    for info in copy.graph.output:
        info.type.tensor_type.ClearField("shape")
    try:
        inferred = onnx.shape_inference.infer_shapes(copy, data_prop=True)
    except Exception:  # noqa: BLE001 - without hints the proof only gets weaker
        return {}
    hints = {}
    for info in [*inferred.graph.value_info, *inferred.graph.output]:
        if info.type.tensor_type.HasField("shape"):
            hints[info.name] = tuple(
                dim.dim_value if dim.HasField("dim_value") else None
                for dim in info.type.tensor_type.shape.dim
            )
    return hints


def _array(tensor: TensorProto) -> Array | None:
    try:
        return np.asarray(numpy_helper.to_array(tensor))
    except (ValueError, TypeError):
        return None


def _fixed(array: Array) -> Fixed:
    dims = tuple(Dim(size) for size in array.shape)
    return Fixed(dims, array if array.size <= KNOWN_ELEMENTS_MAX else None)


def _stays_small(step: Step, known: list[Array]) -> bool:
    """Whether the result cannot be large; sizes stand in the inputs of three of them."""
    if step.node.op_type in ("ConstantOfShape", "Expand"):
        return float(np.prod(known[-1].astype(float))) <= KNOWN_ELEMENTS_MAX
    if step.node.op_type == "Range":
        start, limit, delta = (float(item) for item in known)
        return delta != 0 and abs((limit - start) / delta) <= KNOWN_ELEMENTS_MAX
    return True
