"""Versions of a workload: the same model at the same cost, with other answers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, helper, numpy_helper

from bench.models import Workload
from bench.paths import MODELS

# How much flatter each version's scores are than those of the one before it.
STEP = 0.1


def variant(work: Workload, number: int) -> Workload:
    """The workload as its `number`-th version, 1 being the workload itself.

    Raises ValueError when the model has nothing that can be scaled.
    """
    if number == 1:
        return work
    model = onnx.load(work.model_file)
    _scale(model, 1.0 - STEP * (number - 1), work.model_file)
    file = MODELS / f"{work.name.lower()}_v{number}.onnx"
    file.write_bytes(model.SerializeToString())
    return replace(work, model_file=file)


def _scale(model: ModelProto, factor: float, where: Path) -> None:
    for index, node in enumerate(model.graph.node):
        if node.op_type == "LinearClassifier":
            return _scale_coefficients(node, factor)
        if node.op_type == "Softmax":
            return _scale_input(model, index, factor)
    raise ValueError(f"{where}: expected a LinearClassifier or a Softmax, found neither")


def _scale_coefficients(node: NodeProto, factor: float) -> None:
    for attribute in node.attribute:
        if attribute.name in ("coefficients", "intercepts"):
            scaled = [value * factor for value in attribute.floats]
            del attribute.floats[:]
            attribute.floats.extend(scaled)


def _scale_input(model: ModelProto, index: int, factor: float) -> None:
    """Put a product with a constant in front of the node."""
    node = model.graph.node[index]
    constant = numpy_helper.from_array(np.array(factor, np.float32), "variant_factor")
    model.graph.initializer.append(constant)
    scaled = helper.make_node("Mul", [node.input[0], "variant_factor"], ["variant_scaled"])
    node.input[0] = "variant_scaled"
    model.graph.node.insert(index, scaled)
