"""Shapes computed in the graph, as exporters of transformers write them."""

from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto

from tests.models.build import node
from tests.unit.store.rowwise.cases import PROVED, floats, ints, verdict

HIDDEN = 8


def _attention() -> list[NodeProto]:
    """Self-attention with 2 heads of 4, batch and sequence taken from the input's shape."""
    nodes = [
        node("Shape", "x", "shape"),
        node("Gather", "shape zero", "rows"),
        node("Gather", "shape one", "seq"),
        node("Unsqueeze", "rows first", "rows1"),
        node("Unsqueeze", "seq first", "seq1"),
        node("Concat", "rows1 seq1 heads width", "split", axis=0),
        node("Concat", "rows1 seq1 hidden", "join", axis=0),
    ]
    for name in ("q", "k", "v"):
        nodes += [
            node("MatMul", "x w", f"{name}0"),
            node("Reshape", f"{name}0 split", f"{name}1"),
            node("Transpose", f"{name}1", f"{name}2", perm=[0, 2, 1, 3]),
        ]
    return [
        *nodes,
        node("Transpose", "k2", "k3", perm=[0, 1, 3, 2]),
        node("MatMul", "q2 k3", "scores"),
        node("Softmax", "scores", "weights", axis=-1),
        node("MatMul", "weights v2", "mixed"),
        node("Transpose", "mixed", "back", perm=[0, 2, 1, 3]),
        node("Reshape", "back join", "y"),
    ]


ATTENTION: dict[str, Any] = {
    "zero": np.array(0),
    "one": np.array(1),
    "first": ints(0),
    "heads": ints(2),
    "width": ints(4),
    "hidden": ints(HIDDEN),
    "w": floats(HIDDEN, HIDDEN),
}


def test_attention_is_row_wise() -> None:
    assert verdict(_attention(), ["N", "s", HIDDEN], **ATTENTION) == PROVED


def test_attention_over_the_rows_is_not() -> None:
    """The same graph with rows and sequence exchanged in the shape."""
    swapped: dict[str, Any] = {**ATTENTION, "zero": np.array(1), "one": np.array(0)}
    reason = verdict(_attention(), ["N", "s", HIDDEN], **swapped)
    assert "Reshape node 'q1'" in reason


def test_heads_folded_into_the_rows() -> None:
    """Some exporters view [rows*heads, ..]: rows still own blocks."""
    nodes = [
        node("Shape", "x", "shape"),
        node("Gather", "shape first", "rows"),
        node("Mul", "rows heads", "blocks"),
        node("Concat", "blocks rest", "folded", axis=0),
        node("Reshape", "x folded", "f"),
        node("Softmax", "f", "s", axis=1),
        node("Reshape", "s back", "y"),
    ]
    constants: dict[str, Any] = {
        "first": ints(0),
        "heads": ints(2),
        "rest": ints(5, 4),
        "back": ints(-1, 10, 4),
    }
    assert verdict(nodes, ["N", 10, 4], **constants) == PROVED


def test_a_state_of_zeros_for_every_row() -> None:
    nodes = [
        node("Shape", "x", "shape", end=1),
        node("Concat", "shape width", "dims", axis=0),
        node("ConstantOfShape", "dims", "zeros"),
        node("Concat", "x zeros", "y", axis=1),
    ]
    assert verdict(nodes, ["N", 4], width=ints(3)) == PROVED


def test_a_token_expanded_to_every_row() -> None:
    nodes = [
        node("Shape", "x", "shape", end=1),
        node("Concat", "shape ones", "asked", axis=0),
        node("Equal", "asked minus", "free"),
        node("Where", "free fill asked", "dims"),
        node("Expand", "token dims", "tokens"),
        node("Concat", "tokens x", "y", axis=1),
    ]
    constants: dict[str, Any] = {
        "ones": ints(-1, -1),
        "minus": ints(-1),
        "fill": ints(1, 1, 1),
        "token": floats(1, 1, 4),
    }
    assert verdict(nodes, ["N", 3, 4], **constants) == PROVED


def test_positions_within_a_row() -> None:
    nodes = [
        node("Shape", "x", "shape"),
        node("Gather", "shape one", "seq"),
        node("Range", "start seq step", "places"),
        node("Gather", "table places", "embedded"),
        node("Add", "x embedded", "y"),
    ]
    constants: dict[str, Any] = {
        "one": np.array(1),
        "start": np.array(0),
        "step": np.array(1),
        "table": floats(512, 4),
    }
    assert verdict(nodes, ["N", "s", 4], **constants) == PROVED


def test_arithmetic_on_the_number_of_rows_is_not_followed() -> None:
    for operator, reason in (
        ("Add", "it adds to the number of rows"),
        ("Div", "depends on the number of rows"),
        ("Max", "it computes with the number of rows"),
    ):
        nodes = [
            node("Shape", "x", "rows", end=1),
            node(operator, "rows two", "odd"),
            node("Concat", "odd rest", "shape", axis=0),
            node("Reshape", "x shape", "y"),
        ]
        assert reason in verdict(nodes, ["N", 4], two=ints(2), rest=ints(-1))


def test_the_number_of_rows_as_data_is_not_followed() -> None:
    nodes = [
        node("Size", "x", "count"),
        node("Cast", "count", "c", to=TensorProto.FLOAT),
        node("Mul", "x c", "y"),
    ]
    assert "turns the number of rows into data" in verdict(nodes, ["N", 4])


def test_half_of_the_columns_by_their_size() -> None:
    nodes = [
        node("Shape", "x", "shape"),
        node("Gather", "shape place", "columns"),
        node("Div", "columns two", "half"),
        node("Slice", "x start half place", "y"),
    ]
    constants: dict[str, Any] = {"place": ints(1), "two": ints(2), "start": ints(0)}
    assert verdict(nodes, ["N", "F"], **constants) == PROVED
    rows: dict[str, Any] = {**constants, "place": ints(0)}
    assert "depends on the number of rows" in verdict(nodes, ["N", "F"], **rows)
