"""The three workloads of design section 11: the ONNX files and the inputs that are sent to them.

W1 and W2 are the tests' own, trained on scikit-learn's breast-cancer data. W3 is SqueezeNet as the
`onnx` package ships it for its own tests; those files carry no weights (each is made by a
ConstantOfShape node), so every one is replaced by seeded random values, which makes each answer
depend on its image.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from bench.paths import MODELS
from tests.models import breast_cancer, w1, w2

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Workload:
    """A model and what is asked of it.

    `rows` are the inputs: float32, one request a row of the first axis. `tolerance` is the largest
    absolute error of a float output that counts as right: 0 where the same bits are owed.
    """

    name: str
    title: str
    model_file: Path
    rows: FloatArray
    tolerance: float

    @property
    def model_name(self) -> str:
        """The name the model is published under, everywhere."""
        return self.name.lower()


def _shipped_squeezenet() -> Path:
    package = Path(onnx.__file__).parent
    return package / "backend" / "test" / "data" / "light" / "light_squeezenet.onnx"


def _random_weight(shape: tuple[int, ...], random: np.random.Generator) -> FloatArray:
    fan_in = int(np.prod(shape[1:])) if len(shape) > 1 else 1
    scale = np.sqrt(2.0 / fan_in) if len(shape) > 1 else 0.01
    return (random.standard_normal(shape) * scale).astype(np.float32)


def _squeezenet() -> onnx.ModelProto:
    model = onnx.load(_shipped_squeezenet())
    graph = model.graph
    given = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    random = np.random.default_rng(0)
    nodes = []
    for node in graph.node:
        if node.op_type != "ConstantOfShape":
            nodes.append(node)
            continue
        shape = tuple(int(n) for n in given.pop(node.input[0]))
        given[node.output[0]] = _random_weight(shape, random)
    used = {name for node in nodes for name in node.input}
    inputs = [value for value in graph.input if value.name not in given and value.name in used]
    del graph.node[:], graph.input[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.input.extend(inputs)
    graph.initializer.extend(
        numpy_helper.from_array(array, name) for name, array in given.items() if name in used
    )
    model.ir_version = 8  # initializers need not be inputs since version 4
    onnx.checker.check_model(model)
    return model


def _write(name: str, model: bytes) -> Path:
    MODELS.mkdir(parents=True, exist_ok=True)
    file = MODELS / f"{name.lower()}.onnx"
    file.write_bytes(model)
    return file


@cache
def workload(name: str) -> Workload:
    """W1, W2 or W3; its model file is written anew. Raises KeyError for another name."""
    if name == "W3":
        images = np.random.default_rng(1).random((8, 3, 224, 224), dtype=np.float32)
        file = _write(name, _squeezenet().SerializeToString())
        return Workload(name, "SqueezeNet, 3x224x224", file, images, 1e-5)
    title, make = {
        "W1": ("logistic regression, 30 features", w1),
        "W2": ("gradient boosting, 100 trees", w2),
    }[name]
    return Workload(name, title, _write(name, make()), breast_cancer()[0], 0.0)
