"""The three workloads of design section 11: the ONNX files and the inputs that are sent to them.

They are the tests' own: W1 and W2 are trained on scikit-learn's breast-cancer data, W3 is a
pretrained CNN that a PyPI package ships (tests/models/w3.py).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.paths import MODELS
from tests.models import breast_cancer, w1, w2, w3_path, w3_rows

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


def _write(name: str, model: bytes) -> Path:
    MODELS.mkdir(parents=True, exist_ok=True)
    file = MODELS / f"{name.lower()}.onnx"
    file.write_bytes(model)
    return file


@cache
def workload(name: str) -> Workload:
    """W1, W2 or W3; its model file is written anew. Raises KeyError for another name."""
    if name == "W3":
        file = _write(name, w3_path().read_bytes())
        return Workload(name, "PP-OCR direction CNN, 3x48x192", file, w3_rows(8), 1e-5)
    title, make = {
        "W1": ("logistic regression, 30 features", w1),
        "W2": ("gradient boosting, 100 trees", w2),
    }[name]
    return Workload(name, title, _write(name, make()), breast_cancer()[0], 0.0)
