"""The three workloads of design section 11: the ONNX files and the inputs that are sent to them.

W1 and W2 are trained on scikit-learn's breast-cancer data. W3 is SqueezeNet as the `onnx` package
ships it for its own tests; those files carry no weights (each is made by a ConstantOfShape node),
so every one is replaced by seeded random values, which makes each answer depend on its image.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from bench.paths import MODELS

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


def breast_cancer() -> tuple[FloatArray, NDArray[np.int64]]:
    """The data of W1 and W2: 569 rows of 30 features (float32), and their labels (int64)."""
    from sklearn.datasets import load_breast_cancer

    features, labels = load_breast_cancer(return_X_y=True)
    return features.astype(np.float32), labels.astype(np.int64)


def _write_once(file: Path, make: Callable[[], onnx.ModelProto]) -> Path:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".unfinished")
        unfinished.write_bytes(make().SerializeToString())
        unfinished.rename(file)
    return file


def _classifier(estimator: object) -> onnx.ModelProto:
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType

    return convert_sklearn(
        estimator,
        initial_types=[("X", FloatTensorType([None, 30]))],
        options={id(estimator): {"zipmap": False}},
        target_opset=17,
    )


def _logistic_regression() -> onnx.ModelProto:
    from sklearn.linear_model import LogisticRegression

    return _classifier(LogisticRegression(max_iter=10_000).fit(*breast_cancer()))


def _gradient_boosting() -> onnx.ModelProto:
    from sklearn.ensemble import GradientBoostingClassifier

    model = GradientBoostingClassifier(n_estimators=100, random_state=0)
    return _classifier(model.fit(*breast_cancer()))


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


@cache
def workload(name: str) -> Workload:
    """W1, W2 or W3. Makes the model file the first time. Raises KeyError for another name."""
    if name == "W3":
        images = np.random.default_rng(1).random((8, 3, 224, 224), dtype=np.float32)
        file = _write_once(MODELS / "w3.onnx", _squeezenet)
        return Workload("W3", "SqueezeNet, 3x224x224", file, images, 1e-5)
    title, make = {
        "W1": ("logistic regression, 30 features", _logistic_regression),
        "W2": ("gradient boosting, 100 trees", _gradient_boosting),
    }[name]
    file = _write_once(MODELS / f"{name.lower()}.onnx", make)
    return Workload(name, title, file, breast_cancer()[0], 0.0)
