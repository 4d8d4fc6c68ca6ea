from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from tests.models.build import node
from tests.unit.store.rowwise.cases import PROVED, floats, ints, verdict


@pytest.mark.parametrize(
    ("dims", "target", "expected"),
    [
        (["N", 30], (-1, 30), PROVED),
        (["N", 30], (0, 30), PROVED),
        (["N", 30], (0, -1), PROVED),
        (["N", 30], (-1, 5, 6), PROVED),
        (["N", 5, 6], (0, -1), PROVED),
        (["N", "s", 6], (0, -1), PROVED),
        (["N", "s", 6], (0, 0, 2, 3), PROVED),
        (["N", "s", 6], (-1, 6), "does not have one entry a row"),
        (["N", 30], (-1, 15), "output 'y' of shape [2*rows,15] does not have one entry a row"),
        (["N", 30], (30, -1), "[rows,30] to [30,rows] mixes the rows"),
        (["N", 30], (1, 30), "does not keep the rows"),
        (["N", 30], (-1, 7), "30*rows elements in parts of 7 need not keep the rows"),
        (["N", 30], (-1,), "does not have one entry a row"),
        (["N", 1], (-1,), PROVED),
    ],
)
def test_reshape_to_a_constant(
    dims: list[int | str], target: tuple[int, ...], expected: str
) -> None:
    nodes = [node("Reshape", "x shape", "y")]
    assert expected in verdict(nodes, dims, shape=ints(*target))


def test_reshape_there_and_back() -> None:
    nodes = [
        node("Reshape", "x flat", "tokens"),
        node("MatMul", "tokens w", "mixed"),
        node("Reshape", "mixed back", "y"),
    ]
    shapes: dict[str, Any] = {"flat": ints(-1, 6), "back": ints(-1, 5, 2), "w": floats(6, 2)}
    assert verdict(nodes, ["N", 5, 6], **shapes) == PROVED


def test_a_softmax_between_would_mix() -> None:
    nodes = [node("Reshape", "x flat", "t"), node("Softmax", "t", "y", axis=0)]
    assert "across the rows" in verdict(nodes, ["N", 5, 6], flat=ints(-1, 6))


def test_reshape_behind_a_transposed_axis() -> None:
    turned = node("Transpose", "x", "t", perm=[1, 0, 2])
    nodes = [turned, node("Reshape", "t shape", "y")]
    assert "mixes the rows" in verdict(nodes, ["N", 5, 6], shape=ints(-1, 30))


def test_reshape_by_rows_is_not_followed() -> None:
    nodes = [node("Cast", "x", "shape", to=TensorProto.INT64), node("Reshape", "x shape", "y")]
    assert "is not a known constant" in verdict(nodes, ["N"])


@pytest.mark.parametrize(("axis", "expected"), [(1, PROVED), (0, "[1,12*rows]"), (2, "[3*rows,4]")])
def test_flatten(axis: int, expected: str) -> None:
    assert expected in verdict([node("Flatten", "x", "y", axis=axis)], ["N", 3, 4])


def test_squeeze_and_unsqueeze() -> None:
    assert verdict([node("Squeeze", "x axes", "y")], ["N", 1], axes=ints(1)) == PROVED
    assert verdict([node("Squeeze", "x", "y", axes=[1])], ["N", 1], opset=11) == PROVED
    assert "drops the row axis" in verdict([node("Squeeze", "x axes", "y")], ["N", 1], axes=ints(0))
    assert "of a single row" in verdict([node("Squeeze", "x", "y")], ["N", 1])
    assert verdict([node("Unsqueeze", "x axes", "y")], ["N", 4], axes=ints(1, -1)) == PROVED
    assert "[1,rows,4]" in verdict([node("Unsqueeze", "x axes", "y")], ["N", 4], axes=ints(0))


def test_concat() -> None:
    assert verdict([node("Concat", "x x1", "y", axis=1)], ["N", 4], ["N", 2]) == PROVED
    assert "along the rows" in verdict([node("Concat", "x x1", "y", axis=0)], ["N", 4], ["N", 4])
    nodes = [node("Concat", "x c", "y", axis=1)]
    assert "does not carry the rows" in verdict(nodes, ["N", 4], c=floats(1, 2))


def test_split() -> None:
    assert verdict([node("Split", "x", "y z", axis=1, num_outputs=2)], ["N", 4]) == PROVED
    nodes = [node("Split", "x", "y z", num_outputs=2)]
    assert "cuts along the rows" in verdict(nodes, ["N", 4])


@pytest.mark.parametrize(
    ("start", "end", "axis", "step", "expected"),
    [
        (1, 3, 1, 1, PROVED),
        (3, 0, 1, -1, PROVED),
        (0, 2**31 - 1, 0, 1, PROVED),
        (0, 2**63 - 1, 0, 1, PROVED),
        (1, 2**63 - 1, 0, 1, "takes some of the rows"),
        (0, 1, 0, 1, "takes some of the rows"),
        (0, -1, 0, 1, "takes some of the rows"),
        (0, 2**63 - 1, 0, 2, "takes some of the rows"),
    ],
)
def test_slice(start: int, end: int, axis: int, step: int, expected: str) -> None:
    constants: dict[str, Any] = {"s": ints(start), "e": ints(end), "a": ints(axis), "t": ints(step)}
    assert expected in verdict([node("Slice", "x s e a t", "y")], ["N", 4], **constants)
    if step == 1:
        old = [node("Slice", "x", "y", starts=[start], ends=[end], axes=[axis])]
        assert expected in verdict(old, ["N", 4], opset=9)


def test_pad() -> None:
    nodes = [node("Pad", "x pads", "y")]
    assert verdict(nodes, ["N", 4], pads=ints(0, 1, 0, 2)) == PROVED
    assert "pads the rows" in verdict(nodes, ["N", 4], pads=ints(0, 0, 1, 0))
    nodes = [node("Pad", "x pads _ axes", "y")]
    assert verdict(nodes, ["N", 4], pads=ints(1, 1), axes=ints(1)) == PROVED


def test_gather_both_ways() -> None:
    table = node("Gather", "table x", "y")
    assert verdict([table], ["N", 3], kind=TensorProto.INT64, table=floats(9, 4)) == PROVED
    places = node("Gather", "x places", "y", axis=1)
    assert verdict([places], ["N", 4], places=ints(3, 0)) == PROVED
    assert verdict([places], ["N", 4], places=np.array(2)) == PROVED
    picked = node("Gather", "x places", "y", axis=0)
    assert "picks some of the rows" in verdict([picked], ["N", 4], places=ints(0))
    both = [node("Cast", "x", "i", to=TensorProto.INT64), node("Gather", "x i", "y", axis=1)]
    assert "by values that depend on the rows" in verdict(both, ["N", 4])


def test_gather_elements() -> None:
    cast = node("Cast", "x1", "i", to=TensorProto.INT64)
    inside = [cast, node("GatherElements", "x i", "y", axis=1)]
    assert verdict(inside, ["N", 4], ["N", 2]) == PROVED
    across = [cast, node("GatherElements", "x i", "y", axis=0)]
    assert "picks among the rows" in verdict(across, ["N", 4], ["N", 4])


def test_expand_by_constants() -> None:
    nodes = [node("Expand", "x shape", "y")]
    assert verdict(nodes, ["N", 1], shape=ints(1, 5)) == PROVED
    assert "repeats the rows" in verdict(nodes, ["N", 1], shape=ints(3, 5))


def test_tile() -> None:
    nodes = [node("Tile", "x times", "y")]
    assert verdict(nodes, ["N", 4], times=ints(1, 3)) == PROVED
    assert "repeats the rows" in verdict(nodes, ["N", 4], times=ints(2, 1))


def test_resize() -> None:
    nodes = [node("Resize", "x _ scales", "y")]
    twice = np.array([1, 1, 2, 2], np.float32)
    assert verdict(nodes, ["N", 3, 4, 4], scales=twice) == PROVED
    assert "scales the row axis" in verdict(nodes, ["N", 3, 4, 4], scales=twice[::-1].copy())


def test_depth_to_space() -> None:
    nodes = [node("DepthToSpace", "x", "y", blocksize=2)]
    assert verdict(nodes, ["N", 4, 3, 3]) == PROVED
