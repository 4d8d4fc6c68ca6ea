"""Challengers with W1's signature that nobody would want to serve: slow, failing, NaN, huge.

Each takes X FP32 [N,30] and gives label INT64 [N] and probabilities FP32 [N,2]. What is wrong with
them shows with W1's own rows alone (their first value, a radius, is above 5), so that they can be
published and loaded.
"""

import time
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from onnx import NodeProto, TensorProto, helper

from bench.corpus import open_session
from bench.paths import MODELS
from tests.models.build import model, node, serialised, tensor

FEATURES = 30
RADIUS_MIN = 5.0
SLOW_S = 0.05
HUGE_BYTES = 100_000_000
TRIPS_TRIED = 20_000

_X = tensor("X", ["N", FEATURES])
_LABEL = tensor("label", ["N"], TensorProto.INT64)
_PROBABILITIES = tensor("probabilities", ["N", 2])


def slow() -> Path:
    """Takes 50 ms a run on this machine, whatever the rows."""
    trips = TRIPS_TRIED
    for _ in range(2):
        file = _slow(trips)
        trips = 2 * max(1, int(trips * SLOW_S / _run_seconds(file) / 2))  # even: signs stay
    return _slow(trips)


def failing() -> Path:
    """Looks up a row that is not there."""
    nodes = [
        *_scores(),
        node("ReduceMax", "radius", "largest", keepdims=0),
        node("Greater", "largest limit", "is_real"),
        node("Cast", "is_real", "index", to=TensorProto.INT64),
        node("Mul", "index far", "far_index"),
        node("Gather", "table far_index", "nothing"),
        node("Add", "scores nothing", "probabilities"),
    ]
    return _write("failing", nodes, far=1_000, table=np.zeros(10, np.float32))


def not_a_number() -> Path:
    """Its probabilities are NaN, the logarithm of what is below zero."""
    nodes = [
        *_scores(),
        node("Sub", "limit radius", "below_zero"),
        node("Log", "below_zero", "undefined"),
        node("Add", "scores undefined", "probabilities"),
    ]
    return _write("not_a_number", nodes)


def huge() -> Path:
    """Gives 100 MB of probabilities."""
    nodes = [
        *_scores(),
        node("ReduceMax", "scores", "largest", keepdims=0),
        node("Expand", "largest shape", "probabilities"),
    ]
    shape = np.array([1, HUGE_BYTES // 4], np.int64)
    return _write("huge", nodes, probabilities=tensor("probabilities", ["A", "B"]), shape=shape)


def _scores() -> list[NodeProto]:
    return [
        node("Gather", "X first", "radius", axis=1),
        node("MatMul", "X weights", "logits"),
        node("Softmax", "logits", "scores"),
        node("ArgMax", "scores", "label", axis=1, keepdims=0),
    ]


def _slow(trips: int) -> Path:
    body = helper.make_graph(
        [node("Identity", "go", "go_on"), node("Neg", "held", "next")],
        "body",
        [
            tensor("trip", [], TensorProto.INT64),
            tensor("go", [], TensorProto.BOOL),
            tensor("held", ["N", 2]),
        ],
        [tensor("go_on", [], TensorProto.BOOL), tensor("next", ["N", 2])],
    )
    nodes = [*_scores(), node("Loop", "trips always scores", "probabilities", body=body)]
    return _write("slow", nodes, trips=np.array(trips), always=np.array(True))


def _run_seconds(file: Path) -> float:
    session = open_session(file)
    rows = np.zeros((1, FEATURES), np.float32)
    session.run(None, {"X": rows})
    start = time.monotonic()
    session.run(None, {"X": rows})
    return time.monotonic() - start


def _write(
    name: str,
    nodes: list[NodeProto],
    probabilities: object = _PROBABILITIES,
    **constants: ArrayLike,
) -> Path:
    weights = np.random.default_rng(0).standard_normal((FEATURES, 2)).astype(np.float32) / 1_000
    fixed: dict[str, ArrayLike] = {"weights": weights, "first": np.array([0]), "limit": RADIUS_MIN}
    made = model(nodes, [_X], [_LABEL, probabilities], {**fixed, **constants})
    used = {given for entry in made.graph.node for given in entry.input}
    kept = [entry for entry in made.graph.initializer if entry.name in used]
    del made.graph.initializer[:]
    made.graph.initializer.extend(kept)
    MODELS.mkdir(parents=True, exist_ok=True)
    file = MODELS / f"shadow_{name}.onnx"
    file.write_bytes(serialised(made))
    return file
