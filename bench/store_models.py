"""Models that are made to be in a store: a large one, and many small ones."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.models import Workload, workload
from bench.paths import MODELS
from bench.servers import make_store
from tests.models.build import model, node, serialised, tensor
from tiltyard.store import manifest
from tiltyard.store.names import MANIFEST_FILE

FEATURES = 64
LAYERS = 4


def large_model(megabytes: int) -> Path:
    """An ONNX file of that size: x FP32 [N,64] through four dense layers to y [N,8]."""
    width = int((megabytes * 1e6 / 4 / LAYERS) ** 0.5)
    generator = np.random.default_rng(0)

    def weights(rows: int, columns: int) -> np.ndarray:
        drawn = generator.standard_normal((rows, columns), dtype=np.float32)
        return drawn / np.float32(rows**0.5)  # so that values keep their size on the way

    constants = {f"w{layer}": weights(width, width) for layer in range(LAYERS)}
    constants |= {"first": weights(FEATURES, width), "last": weights(width, 8)}
    nodes = [node("MatMul", "x first", "h0")]
    for layer in range(LAYERS):
        nodes.append(node("MatMul", f"h{layer} w{layer}", f"m{layer}"))
        nodes.append(node("Relu", f"m{layer}", f"h{layer + 1}"))
    nodes.append(node("MatMul", f"h{LAYERS} last", "y"))
    made = model(nodes, [tensor("x", ["N", FEATURES])], [tensor("y", ["N", 8])], constants)
    MODELS.mkdir(parents=True, exist_ok=True)
    file = MODELS / f"large_{megabytes}mb.onnx"
    file.write_bytes(serialised(made))
    return file


def model_names(count: int) -> list[str]:
    """m000, m001, and so on."""
    return [f"m{index:03}" for index in range(count)]


def make_many(versions: list[Workload], count: int) -> Path:
    """A fresh store with so many models, each with these versions of a workload.

    Publishing would examine each in a process of its own; here what has been published once is
    copied under the other names. Raises ServerError.
    """
    first, *others = model_names(count)
    store = make_store([as_model(work, first) for work in versions])
    for name in others:
        shutil.copytree(store / first, store / name)
        for file in (store / name).glob(f"*/{MANIFEST_FILE}"):
            said = manifest.decode(file.read_bytes(), str(file))
            file.write_bytes(manifest.encode(replace(said, model=name)))
    return store


def as_model(work: Workload, name: str) -> Workload:
    """The workload under another model's name."""
    return replace(work, name=name.upper())


def small_beside_large(megabytes: int) -> list[Workload]:
    """Two versions of one model, LARGE: the large one, and then a small one, which serves."""
    rows = np.zeros((1, FEATURES), np.float32)
    files = [large_model(megabytes), workload("W1").model_file]
    return [Workload("LARGE", f"{megabytes} MB", file, rows, 0.0) for file in files]
