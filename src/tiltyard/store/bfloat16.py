"""Running a session with bfloat16 tensors, which onnxruntime's numpy interface does not know.

Runs in the probe's child process only.
"""

import ctypes
import math
from collections.abc import Mapping

import ml_dtypes
import numpy as np
import onnxruntime as ort

from tiltyard.store.datatype import BY_NAME
from tiltyard.store.samples import Array

_BF16 = BY_NAME["BF16"]


def run(session: ort.InferenceSession, feeds: Mapping[str, Array]) -> list[Array]:
    """The outputs for `feeds`, with bfloat16 as ml_dtypes has it. Strings cannot be among them."""
    binding = session.io_binding()
    for name, array in feeds.items():
        binding.bind_ortvalue_input(name, _value(array))
    for argument in session.get_outputs():
        binding.bind_output(argument.name)
    session.run_with_iobinding(binding)
    return [_array(value) for value in binding.get_outputs()]


def _value(array: Array) -> ort.OrtValue:
    if array.dtype == ml_dtypes.bfloat16:
        bits = array.view(np.uint16)
        return ort.OrtValue.ortvalue_from_numpy_with_onnx_type(bits, _BF16.onnx_elem_type)
    return ort.OrtValue.ortvalue_from_numpy(array)


def _array(value: ort.OrtValue) -> Array:
    if value.data_type() != _BF16.ort_type:
        return np.asarray(value.numpy())
    shape = value.shape()
    data = ctypes.string_at(value.data_ptr(), math.prod(shape) * _BF16.item_bytes)
    return np.frombuffer(data, ml_dtypes.bfloat16).reshape(shape)
