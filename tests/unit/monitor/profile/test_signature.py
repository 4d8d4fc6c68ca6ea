import ml_dtypes
import numpy as np
import pytest

from tiltyard.monitor.profile.signature import has_rows, numpy_type, row_shape, row_width
from tiltyard.store.datatype import BY_NAME
from tiltyard.store.manifest import Dimension, TensorSpec


@pytest.mark.parametrize(
    ("shape", "rows", "row", "width"),
    [
        ((None, 30), True, (30,), 30),
        (("N",), True, (), 1),
        ((1, 30), True, (30,), 30),
        ((None, 3, "h"), True, (3, None), None),
        ((30,), False, (30,), 30),
        ((), False, (), 1),
        ((None, 2, 3), True, (2, 3), 6),
    ],
)
def test_which_part_of_a_tensor_is_a_row(
    shape: tuple[Dimension, ...], rows: bool, row: tuple[int | None, ...], width: int | None
) -> None:
    spec = TensorSpec("x", "FP32", shape)
    assert (has_rows(spec), row_shape(spec), row_width(spec)) == (rows, row, width)


def test_every_datatype_has_a_numpy_type() -> None:
    for name, entry in BY_NAME.items():
        found = numpy_type(name)
        assert found.itemsize == (entry.item_bytes or 8)
    assert numpy_type("BF16") == ml_dtypes.bfloat16
    assert numpy_type("BYTES") == np.dtype(object)
