import numpy as np
import onnx
import pytest

from tiltyard.store.datatype import TYPES, DataType


@pytest.mark.parametrize("entry", TYPES, ids=lambda entry: entry.name)
def test_table_agrees_with_numpy_and_onnx(entry: DataType) -> None:
    onnx_dtype = onnx.helper.tensor_dtype_to_np_dtype(entry.onnx_elem_type)
    if entry.name == "BYTES":
        assert np.dtype(object) == onnx_dtype
    elif entry.name == "BF16":
        assert entry.item_bytes == onnx_dtype.itemsize == np.dtype(entry.npy).itemsize
    else:
        assert np.dtype(entry.npy) == onnx_dtype
        assert entry.item_bytes == onnx_dtype.itemsize
