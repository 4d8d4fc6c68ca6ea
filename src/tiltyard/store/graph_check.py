"""What a graph must be before it is run: well-formed ONNX, known operators, no path that leaves.

Runs in the probe's child process only: it imports onnx.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto

from tiltyard.errors import PublishRefused
from tiltyard.store.names import check_external_name

PROTOBUF_BYTES_MAX = 2**31 - 1
DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})


def parse(data: bytes) -> ModelProto:
    """The model in `data`, external data not loaded. Raises PublishRefused."""
    if len(data) > PROTOBUF_BYTES_MAX:
        raise PublishRefused(
            f"the file has {len(data)} bytes, and ONNX files end at {PROTOBUF_BYTES_MAX}:"
            " export the weights as external data"
        )
    model = ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError as error:
        raise PublishRefused(f"not an ONNX file: {error}") from error
    if not model.HasField("graph") or not model.opset_import:
        raise PublishRefused("not an ONNX file: it has no graph or no opset")
    return model


def check_operators(model: ModelProto) -> None:
    """Refuse operators this server cannot have: custom domains, and training."""
    own = {(function.domain, function.name) for function in model.functions}
    for node in all_nodes(model):
        if node.domain not in DOMAINS and (node.domain, node.op_type) not in own:
            raise PublishRefused(
                f"{describe(node)} is a custom operator of domain {node.domain!r}:"
                f" expected only {', '.join(sorted(DOMAINS - {''}))}"
            )


def check_structure(path: Path, data: bytes) -> None:
    """The ONNX checker with strict shape inference, on the file and its external data."""
    model = parse(data)
    bare = [info for info in model.graph.output if _lacks_shape(info)]
    try:
        if bare:
            # The checker wants what ONNX Runtime and exporters do not: a shape for every output.
            # External data are found from the working folder then.
            known = _give_shapes(model, bare)
            with contextlib.chdir(path.parent):
                onnx.checker.check_model(model, full_check=known)
        else:
            onnx.checker.check_model(str(path), full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise PublishRefused(f"the ONNX checker refuses it: {_sentence(error)}") from error
    except (RuntimeError, ValueError, TypeError) as error:
        raise PublishRefused(f"the ONNX checker fails on it: {_sentence(error)}") from error


def _lacks_shape(info: ValueInfoProto) -> bool:
    kind = info.type
    return kind.HasField("tensor_type") and not kind.tensor_type.HasField("shape")


def _give_shapes(model: ModelProto, bare: Sequence[ValueInfoProto]) -> bool:
    """Fill in the inferred shapes of outputs that have none; False if one cannot be inferred."""
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    shapes = {info.name: info.type.tensor_type.shape for info in inferred.graph.output}
    ranks = {info.name: not _lacks_shape(info) for info in inferred.graph.output}
    for info in bare:
        info.type.tensor_type.shape.CopyFrom(shapes[info.name])
    return all(ranks[info.name] for info in bare)


def external_names(model: ModelProto) -> list[str]:
    """The external data files of the model, each checked to stay in its folder."""
    names: dict[str, None] = {}
    for tensor in all_tensors(model):
        if tensor.data_location == TensorProto.EXTERNAL:
            entries = {entry.key: entry.value for entry in tensor.external_data}
            if "location" not in entries:
                raise PublishRefused(f"tensor {tensor.name!r} is external and names no file")
            names[check_external_name(entries["location"])] = None
    return list(names)


def read_external(folder: Path, names: Iterable[str]) -> dict[str, bytes]:
    """The external files, read without following symbolic links."""
    files = {}
    for name in names:
        path = folder
        for part in name.split("/"):
            path = path / part
            if path.is_symlink():
                raise PublishRefused(f"external data file {name!r} is reached by a symbolic link")
        if not path.is_file():
            raise PublishRefused(f"external data file {name!r} is missing beside the model")
        files[name] = path.read_bytes()
    return files


def check_inputs(model: ModelProto) -> None:
    """Refuse inputs of unknown rank: a request could not be checked against them."""
    constants = {tensor.name for tensor in model.graph.initializer}
    for info in model.graph.input:
        if info.name not in constants and _lacks_shape(info):
            raise PublishRefused(
                f"input {info.name!r} has no declared rank: export the model with input shapes"
            )


def check_output_types(model: ModelProto) -> None:
    """Refuse outputs that are no tensors, naming the node they come from."""
    makers = {name: node for node in model.graph.node for name in node.output}
    for info in model.graph.output:
        kind = info.type.WhichOneof("value")
        if kind != "tensor_type":
            maker = makers.get(info.name)
            source = describe(maker) if maker is not None else "an input of the graph"
            raise PublishRefused(
                f"output {info.name!r} is a {_kind_text(kind)} made by {source}:"
                " expected a tensor, and this one cannot be turned into one"
            )


def opsets(model: ModelProto) -> dict[str, int]:
    return {entry.domain or "ai.onnx": entry.version for entry in model.opset_import}


def describe(node: NodeProto) -> str:
    """`Softmax node 'probs'`; a node without a name is called by its first output."""
    name = f"{node.name!r}" if node.name else f"that makes {(list(node.output) or ['?'])[0]!r}"
    return f"{node.op_type} node {name}"


def all_nodes(model: ModelProto) -> Iterator[NodeProto]:
    """Every node: of the graph, of its subgraphs, of the model's functions."""
    yield from _nodes(model.graph.node)
    for function in model.functions:
        yield from _nodes(function.node)


def all_tensors(model: ModelProto) -> Iterator[TensorProto]:
    """Every stored tensor: initializers and attributes, at any depth."""
    yield from _graph_tensors(model.graph)
    for node in all_nodes(model):
        for attribute in node.attribute:
            yield from attribute.tensors
            if attribute.type == AttributeProto.TENSOR:
                yield attribute.t
            for graph in _graphs(attribute):
                yield from _graph_tensors(graph)


def _graph_tensors(graph: GraphProto) -> Iterator[TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield sparse.values
        yield sparse.indices


def _nodes(nodes: Iterable[NodeProto]) -> Iterator[NodeProto]:
    for node in nodes:
        yield node
        for attribute in node.attribute:
            for graph in _graphs(attribute):
                yield from _nodes(graph.node)


def _graphs(attribute: AttributeProto) -> Iterator[GraphProto]:
    if attribute.type == AttributeProto.GRAPH:
        yield attribute.g
    yield from attribute.graphs


def _kind_text(kind: str | None) -> str:
    return (kind or "value of no type").removesuffix("_type").replace("_", " ")


def _sentence(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines)[:400] or type(error).__name__
