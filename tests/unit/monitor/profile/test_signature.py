import ml_dtypes
import numpy as np
import pytest

from tiltyard.monitor.profile.signature import Signature, numpy_type, row_shape, row_width
from tiltyard.store.datatype import BY_NAME
from tiltyard.store.manifest import Dimension, TensorSpec

Shape = tuple[Dimension, ...]


def spec(shape: Shape) -> TensorSpec:
    return TensorSpec("x", "FP32", shape)


@pytest.mark.parametrize(
    ("shape", "has_rows", "row", "width"),
    [
        ((None, 30), True, (30,), 30),
        (("N",), True, (), 1),
        ((1, 30), True, (30,), 30),
        ((None, 3, "h"), True, (3, None), None),
        ((30,), False, (30,), 30),
        ((), True, (), 1),
        ((None, 2, 3), True, (2, 3), 6),
        ((2, None), False, (2, None), None),
    ],
)
def test_which_part_of_a_tensor_is_a_row(
    shape: Shape, has_rows: bool, row: tuple[int | None, ...], width: int | None
) -> None:
    signature = Signature((spec(shape),))
    (found,) = signature.by_row().inputs
    assert signature.has_rows is has_rows
    assert found.shape[0] is None
    assert (row_shape(found), row_width(found)) == (row, width)
    assert signature.by_row().by_row() == signature.by_row()


def test_one_input_without_rows_makes_all_of_a_request_one_row() -> None:
    signature = Signature((spec((None, 3)), spec((30,))), (spec((None, 2)), spec(())))
    assert [row_shape(one) for one in signature.by_row().inputs] == [(None, 3), (30,)]
    assert [row_shape(one) for one in signature.by_row().outputs] == [(None, 2), ()]


def test_an_output_that_has_no_rows_is_a_row() -> None:
    signature = Signature((spec((None, 3)),), (spec((5,)), spec((None,))))
    assert [row_shape(one) for one in signature.by_row().outputs] == [(5,), ()]


def test_every_datatype_has_a_numpy_type() -> None:
    for name, entry in BY_NAME.items():
        assert numpy_type(name).itemsize == (entry.item_bytes or 8)
    assert numpy_type("BF16") == ml_dtypes.bfloat16
    assert numpy_type("BYTES") == np.dtype(object)
