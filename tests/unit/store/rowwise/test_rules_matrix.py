from typing import Any

import numpy as np
import pytest

from tests.models.build import Dims, node
from tests.unit.store.rowwise.cases import PROVED, floats, verdict


@pytest.mark.parametrize(
    ("dims", "shape", "expected"),
    [
        (["N", 4], (4, 2), PROVED),
        (["N", 4], (4,), PROVED),
        (["N", 5, 4], (4, 2), PROVED),
        (["N", 5, 4], (1, 4, 2), PROVED),
        (["N", 5, 4], (3, 4, 2), "lies along the rows"),
        (["N", 3, 5, 4], (3, 4, 2), PROVED),
        (["N"], (4, 2), "it sums over the rows"),
    ],
)
def test_rows_times_a_constant(dims: Dims, shape: tuple[int, ...], expected: str) -> None:
    assert expected in verdict([node("MatMul", "x w", "y")], dims, w=floats(*shape))


def test_a_constant_times_rows() -> None:
    nodes = [node("MatMul", "w x", "y")]
    assert verdict(nodes, ["N", 4, 5], w=floats(2, 4)) == PROVED
    assert "it sums over the rows" in verdict(nodes, ["N", 4], w=floats(2, 3))
    turned = [
        node("Transpose", "x", "t", perm=[1, 0]),
        node("MatMul", "w t", "m"),
        node("Transpose", "m", "y", perm=[1, 0]),
    ]
    assert verdict(turned, ["N", 4], w=floats(2, 4)) == PROVED


def test_rows_times_rows() -> None:
    nodes = [node("MatMul", "x x1", "y")]
    assert verdict(nodes, ["N", 3, 4], ["N", 4, 3]) == PROVED
    assert verdict(nodes, ["N", 2, 3, 4], ["N", 2, 4, 3]) == PROVED
    assert "multiplies rows with rows" in verdict(nodes, ["N", 4], ["N", 4])
    assert "rows meet on different axes" in verdict(nodes, ["N", 2, 3, 4], ["N", 4, 3])


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [({}, PROVED), ({"transB": 1}, PROVED), ({"transA": 1}, "it sums over the rows")],
)
def test_gemm(attributes: dict[str, int], expected: str) -> None:
    nodes = [node("Gemm", "x w b", "y", **attributes)]
    assert expected in verdict(nodes, ["N", 4], w=floats(4, 4), b=floats(4))


def test_gemm_with_a_bias_along_the_rows() -> None:
    nodes = [node("Gemm", "x w b", "y")]
    assert "lies along the rows" in verdict(nodes, ["N", 4], w=floats(4, 4), b=floats(3, 4))


def test_gemm_of_rows_with_rows() -> None:
    nodes = [node("Gemm", "x x1", "y", transB=1)]
    assert "multiplies rows with rows" in verdict(nodes, ["N", 4], ["N", 4])


def test_convolutions_and_pools() -> None:
    nodes = [
        node("Conv", "x w", "c", pads=[1, 1, 1, 1]),
        node("MaxPool", "c", "p", kernel_shape=[2, 2]),
        node("GlobalAveragePool", "p", "g"),
        node("Flatten", "g", "y"),
    ]
    assert verdict(nodes, ["N", 3, "H", "W"], w=floats(8, 3, 3, 3)) == PROVED


def test_a_kernel_that_depends_on_rows() -> None:
    nodes = [node("Conv", "x x1", "y")]
    assert "input 1 depends on the rows" in verdict(nodes, ["N", 3, 9, 9], ["N", 3, 3, 3])


def test_pool_indices_count_across_rows() -> None:
    nodes = [node("MaxPool", "x", "y i", kernel_shape=[2, 2])]
    assert "counts positions across the rows" in verdict(nodes, ["N", 3, 4, 4])


def test_recurrent_cells() -> None:
    weights: dict[str, Any] = {"w": floats(1, 20, 4), "r": floats(1, 20, 5)}
    turned = [
        node("Transpose", "x", "t", perm=[1, 0, 2]),
        node("LSTM", "t w r", "all last", hidden_size=5),
        node("Transpose", "last", "y", perm=[1, 0, 2]),
    ]
    assert verdict(turned, ["N", 7, 4], **weights) == PROVED
    nodes = [node("LSTM", "x w r", "all y", hidden_size=5, layout=1)]
    assert verdict(nodes, ["N", 7, 4], **weights) == PROVED
    nodes = [node("LSTM", "x w r", "y", hidden_size=5)]
    assert "not its batch axis" in verdict(nodes, ["N", 7, 4], **weights)


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        ("ni,nj->nij", PROVED),
        ("ni,ni->n", PROVED),
        ("ni,ni->i", "it sums over the rows"),
        ("ni,mi->nm", "pairs the rows of one input with another axis"),
        ("ni,ni", "is not followed"),
        ("...i,...i->...", "is not followed"),
    ],
)
def test_einsum(equation: str, expected: str) -> None:
    nodes = [node("Einsum", "x x1", "y", equation=equation)]
    assert expected in verdict(nodes, ["N", 4], ["N", 4])


def test_einsum_with_constants() -> None:
    nodes = [node("Einsum", "x w", "y", equation="nsi,ij->nsj")]
    assert verdict(nodes, ["N", 3, 4], w=floats(4, 2)) == PROVED
    nodes = [node("Einsum", "x w", "y", equation="ni,nj->nij")]
    assert "an axis that is not the rows" in verdict(nodes, ["N", 4], w=floats(1, 2))


def test_integer_products() -> None:
    nodes = [
        node("QuantizeLinear", "x s z", "q"),
        node("MatMulInteger", "q w z", "i"),
        node("Cast", "i", "y", to=1),
    ]
    constants: dict[str, Any] = {
        "s": np.float32(0.1),
        "z": np.uint8(0),
        "w": np.ones((4, 2), np.uint8),
    }
    assert verdict(nodes, ["N", 4], **constants) == PROVED
