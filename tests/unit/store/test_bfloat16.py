"""bfloat16 through a session, which numpy cannot hold."""

import ml_dtypes
import numpy as np
import onnxruntime as ort
import pytest
from onnx import TensorProto

from tests import models
from tests.models.build import model, node, serialised, tensor
from tiltyard.store import bfloat16


@pytest.mark.parametrize("shape", [(1, 4), (3, 4), (0, 4)])
def test_every_bit_goes_through(shape: tuple[int, ...]) -> None:
    session = ort.InferenceSession(models.identity(TensorProto.BFLOAT16))
    bits = np.random.default_rng(0).integers(0, 2**16, shape, dtype=np.uint16)
    (found,) = bfloat16.run(session, {"x": bits.view(ml_dtypes.bfloat16)})
    assert found.dtype == ml_dtypes.bfloat16
    assert found.shape == shape
    np.testing.assert_array_equal(bits, found.view(np.uint16))


def test_other_datatypes_beside_it() -> None:
    data = serialised(
        model(
            [
                node("Cast", "x", "wide", to=TensorProto.FLOAT),
                node("Add", "wide n", "y"),
                node("Cast", "y", "z", to=TensorProto.BFLOAT16),
            ],
            [tensor("x", ["N"], TensorProto.BFLOAT16), tensor("n", ["N"])],
            [tensor("y", ["N"]), tensor("z", ["N"], TensorProto.BFLOAT16)],
        )
    )
    feeds = {
        "x": np.array([1.5, -2], ml_dtypes.bfloat16),
        "n": np.array([0.25, 0.5], np.float32),
    }
    wide, narrow = bfloat16.run(ort.InferenceSession(data), feeds)
    assert wide.dtype == np.float32
    assert wide.tolist() == [1.75, -1.5]
    assert narrow.tolist() == [1.75, -1.5]
