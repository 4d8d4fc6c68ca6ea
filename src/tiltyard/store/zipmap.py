"""Removing ZipMap, which scikit-learn exports end in: a tensor comes out instead of dictionaries.

The graph output keeps its name and becomes the tensor that went into ZipMap. Imports onnx: runs in
the probe's child process only.
"""

from onnx import ModelProto, NodeProto, TensorProto, helper

from tiltyard.errors import PublishRefused
from tiltyard.store.graph_check import all_nodes, describe

# Labels of the columns of each output that a ZipMap made.
ClassLabels = dict[str, tuple[int | str, ...]]


def remove(model: ModelProto) -> tuple[list[str], ClassLabels]:
    """Take every ZipMap out of `model`, in place; returns sentences that say so, and the labels.

    Raises PublishRefused when something else than a graph output uses a ZipMap.
    """
    changes: list[str] = []
    labels: ClassLabels = {}
    for node in [node for node in model.graph.node if node.op_type == "ZipMap"]:
        name = node.output[0]
        users = [user for user in all_nodes(model) if name in user.input]
        info = next((info for info in model.graph.output if info.name == name), None)
        if users or info is None:
            user = describe(users[0]) if users else "nothing"
            raise PublishRefused(
                f"{describe(node)} feeds {user}: expected it to feed an output of the graph"
            )
        labels[name] = _labels(node)
        columns = len(labels[name]) or None
        tensor = helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, columns])
        info.CopyFrom(tensor)
        _bypass(model, node)
        changes.append(f"removed {describe(node)}: output {name!r} is the tensor that went into it")
    return changes, labels


def _labels(node: NodeProto) -> tuple[int | str, ...]:
    for attribute in node.attribute:
        if attribute.name == "classlabels_int64s":
            return tuple(attribute.ints)
        if attribute.name == "classlabels_strings":
            return tuple(text.decode("utf-8", "replace") for text in attribute.strings)
    return ()


def _bypass(model: ModelProto, node: NodeProto) -> None:
    """Make the node that feeds `node` give its output, or an Identity where others need it too."""
    graph = model.graph
    source, target = node.input[0], node.output[0]
    producer = next((other for other in graph.node if source in other.output), None)
    wanted = any(info.name == source for info in graph.output) or any(
        source in other.input for other in all_nodes(model) if other != node
    )
    position = list(graph.node).index(node)
    if producer is None or wanted:
        identity = helper.make_node("Identity", [source], [target], name=f"{node.name}_tensor")
        graph.node[position].CopyFrom(identity)
        return
    for index, name in enumerate(producer.output):
        if name == source:
            producer.output[index] = target
    del graph.node[position]
    for info in [info for info in graph.value_info if info.name == source]:
        graph.value_info.remove(info)
