from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from tests.models.build import node
from tests.unit.store.rowwise.cases import PROVED, floats, verdict


@pytest.mark.parametrize("shape", [(), (1,), (4,), (1, 4), (1, 1)])
def test_constants_that_are_the_same_for_every_row(shape: tuple[int, ...]) -> None:
    assert verdict([node("Add", "x c", "y")], ["N", 4], c=floats(*shape)) == PROVED


@pytest.mark.parametrize("shape", [(5, 4), (5, 1)])
def test_constants_along_the_rows(shape: tuple[int, ...]) -> None:
    reason = verdict([node("Add", "x c", "y")], ["N", 4], c=floats(*shape))
    assert "lies along the rows" in reason


def test_rows_meet_rows_on_the_same_axis() -> None:
    assert verdict([node("Mul", "x x1", "y")], ["N", 4], ["N", 1]) == PROVED
    reason = verdict([node("Mul", "x x1", "y")], ["N", 4], ["N"])
    assert "rows meet on different axes: [rows,4] and [rows]" in reason


def test_a_constant_in_front_moves_the_rows() -> None:
    reason = verdict([node("Add", "x c", "y")], ["N", 4], c=floats(7, 1, 4))
    assert "output 'y' of shape [7,rows,4] does not have one entry a row" in reason


def test_dropout_in_training_is_random() -> None:
    nodes = [node("Dropout", "x ratio training", "y")]
    on: dict[str, Any] = {"ratio": 0.5, "training": np.array(True)}
    assert "training_mode is on" in verdict(nodes, ["N", 4], **on)
    assert verdict(nodes, ["N", 4], **{**on, "training": np.array(False)}) == PROVED
    assert verdict([node("Dropout", "x", "y")], ["N", 4]) == PROVED
    assert "training mode" in verdict([node("Dropout", "x", "y")], ["N", 4], opset=6)


def test_a_dropout_of_constants_is_not_followed() -> None:
    nodes = [node("Dropout", "c ratio training", "d"), node("Add", "x d", "y")]
    constants: dict[str, Any] = {"c": floats(4), "ratio": 0.5, "training": np.array(True)}
    assert "Dropout node 'd'" in verdict(nodes, ["N", 4], **constants)


def test_old_broadcasting_is_not_followed() -> None:
    nodes = [node("Add", "x c", "y", broadcast=1, axis=0)]
    assert "broadcasting of opset 6" in verdict(nodes, ["N", 4], opset=6, c=floats(4))


def test_quantization_by_a_constant_scale() -> None:
    nodes = [node("QuantizeLinear", "x s z", "q"), node("DequantizeLinear", "q s z", "y")]
    one: dict[str, Any] = {"s": np.float32(0.5), "z": np.uint8(3)}
    assert verdict(nodes, ["N", 4], **one) == PROVED
    a_row: dict[str, Any] = {"s": floats(4), "z": np.zeros(4, np.uint8)}
    nodes = [node("QuantizeLinear", "x s z", "q", axis=0)]
    assert "its scale differs from row to row" in verdict(
        [*nodes, node("DequantizeLinear", "q s z", "y", axis=0)], ["N", 4], **a_row
    )


def test_triangles_within_a_row() -> None:
    assert verdict([node("Trilu", "x", "y")], ["N", 4, 4]) == PROVED
    assert "one of the axes it cuts" in verdict([node("Trilu", "x", "y")], ["N", 4])


def test_where_by_rows() -> None:
    nodes = [node("Cast", "x", "b", to=TensorProto.BOOL), node("Where", "b x c", "y")]
    assert verdict(nodes, ["N", 4], c=0.0) == PROVED
