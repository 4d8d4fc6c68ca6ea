from typing import Any

import numpy as np
import pytest

from tests.models.build import node
from tests.unit.store.rowwise.cases import PROVED, floats, ints, verdict

ACROSS = "it works across the rows"


@pytest.mark.parametrize(
    ("opset", "axis", "expected"),
    [
        (13, None, PROVED),
        (13, 1, PROVED),
        (13, 0, ACROSS),
        (13, -3, ACROSS),
        (12, None, PROVED),
        (12, 1, PROVED),
        (12, 2, PROVED),
        (12, 0, ACROSS),
    ],
)
@pytest.mark.parametrize("operator", ["Softmax", "LogSoftmax", "Hardmax"])
def test_softmax(operator: str, opset: int, axis: int | None, expected: str) -> None:
    attributes = {} if axis is None else {"axis": axis}
    nodes = [node(operator, "x", "y", **attributes)]
    assert expected in verdict(nodes, ["N", 3, 4], opset=opset)


def test_before_opset_13_softmax_took_all_axes_from_its_own_on() -> None:
    """Rows on axis 1 behind a softmax axis 0 would be mixed; behind axis 2 they are not."""
    for axis, expected in ((1, ACROSS), (2, PROVED)):
        nodes = [
            node("Transpose", "x", "t", perm=[1, 0, 2]),
            node("Softmax", "t", "s", axis=axis),
            node("Transpose", "s", "y", perm=[1, 0, 2]),
        ]
        assert expected in verdict(nodes, ["N", 3, 4], opset=11)


@pytest.mark.parametrize(
    ("axes", "expected"), [([1], PROVED), ([-1], PROVED), ([0], ACROSS), ([-2], ACROSS)]
)
def test_reductions_by_attribute_and_by_input(axes: list[int], expected: str) -> None:
    by_attribute = [node("ReduceSum", "x", "y", axes=axes)]
    assert expected in verdict(by_attribute, ["N", 4], opset=11)
    by_input = [node("ReduceSum", "x axes", "y")]
    assert expected in verdict(by_input, ["N", 4], opset=13, axes=ints(*axes))


def test_reductions_without_axes() -> None:
    assert "over all axes" in verdict([node("ReduceMean", "x", "y")], ["N", 4])
    noop = [node("ReduceMean", "x", "y", noop_with_empty_axes=1)]
    assert verdict(noop, ["N", 4]) == PROVED


def test_axes_that_are_computed_from_rows_are_not_followed() -> None:
    nodes = [node("Cast", "x", "axes", to=7), node("ReduceMean", "x axes", "y")]
    assert "is not a known constant" in verdict(nodes, ["N"])


def test_reductions_move_the_rows() -> None:
    nodes = [
        node("Transpose", "x", "t", perm=[1, 0, 2]),
        node("ReduceMax", "t axes", "y", keepdims=0),
    ]
    assert verdict(nodes, ["N", 3, 4], axes=ints(0)) == PROVED


@pytest.mark.parametrize(("axis", "expected"), [(1, PROVED), (0, ACROSS)])
def test_arg_extremes_and_top(axis: int, expected: str) -> None:
    assert expected in verdict([node("ArgMax", "x", "y", axis=axis)], ["N", 4])
    assert expected in verdict([node("TopK", "x k", "y i", axis=axis)], ["N", 4], k=ints(2))
    nodes = [node("CumSum", "x axis", "y")]
    assert expected in verdict(nodes, ["N", 4], axis=np.array(axis))
    assert expected in verdict([node("LpNormalization", "x", "y", axis=axis)], ["N", 4])


def test_arg_max_goes_over_the_rows_by_default() -> None:
    assert ACROSS in verdict([node("ArgMax", "x", "y")], ["N", 4])


@pytest.mark.parametrize(("axis", "expected"), [(-1, PROVED), (1, PROVED), (0, ACROSS)])
def test_layer_norm(axis: int, expected: str) -> None:
    nodes = [node("LayerNormalization", "x s", "y", axis=axis)]
    assert expected in verdict(nodes, ["N", 3, 4], s=floats(4))


def test_layer_norm_with_a_scale_along_the_rows() -> None:
    nodes = [node("LayerNormalization", "x s", "y")]
    assert "lies along the rows" in verdict(nodes, ["N", 3, 4], s=floats(2, 3, 4))


def test_batch_norm_in_inference_and_in_training() -> None:
    constants: dict[str, Any] = {name: floats(3) for name in ("s", "b", "m", "v")}
    nodes = [node("BatchNormalization", "x s b m v", "y")]
    assert verdict(nodes, ["N", 3, 4, 4], **constants) == PROVED
    nodes = [node("BatchNormalization", "x s b m v", "y m1 v1", training_mode=1)]
    assert "in training mode" in verdict(nodes, ["N", 3, 4, 4], **constants)
    nodes = [node("BatchNormalization", "x s b m v", "y m1 v1 m2 v2")]
    assert "in training mode" in verdict(nodes, ["N", 3, 4, 4], opset=9, **constants)


def test_instance_norm_and_mean_variance() -> None:
    nodes = [node("InstanceNormalization", "x s b", "y")]
    assert verdict(nodes, ["N", 3, 4, 4], s=floats(3), b=floats(3)) == PROVED
    nodes = [node("MeanVarianceNormalization", "x", "y")]
    assert ACROSS in verdict(nodes, ["N", 3, 4, 4])
    nodes = [node("MeanVarianceNormalization", "x", "y", axes=[2, 3])]
    assert verdict(nodes, ["N", 3, 4, 4]) == PROVED


@pytest.mark.parametrize(("axis", "expected"), [(-1, PROVED), (1, PROVED), (0, "[3,rows]")])
def test_one_hot(axis: int, expected: str) -> None:
    nodes = [node("OneHot", "x depth values", "y", axis=axis)]
    found = verdict(nodes, ["N"], depth=np.array(3), values=floats(2))
    assert expected in found


def test_skip_layer_norm_of_microsoft() -> None:
    nodes = [node("SkipLayerNormalization", "x x1 s", "y", domain="com.microsoft")]
    assert verdict(nodes, ["N", 3, 4], ["N", 3, 4], s=floats(4)) == PROVED
