import io
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiltyard.errors import IntegrityError
from tiltyard.store import golden
from tiltyard.store.datatype import BY_NAME, TYPES
from tiltyard.store.golden import Golden, Tensor
from tiltyard.store.manifest import TensorSpec

SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)


@st.composite
def tensors(draw: st.DrawFn) -> Tensor:
    kind = draw(st.sampled_from(TYPES))
    shape = draw(SHAPES)
    count = math.prod(shape)
    if kind.name == "BYTES":
        elements = draw(st.lists(st.binary(max_size=9), min_size=count, max_size=count))
        return Tensor(kind.name, shape, golden.frame_bytes(elements))
    size = count * kind.item_bytes
    return Tensor(kind.name, shape, draw(st.binary(min_size=size, max_size=size)))


def _spec(tensor: Tensor) -> TensorSpec:
    return TensorSpec("t", tensor.datatype, (None,) * len(tensor.shape))


@given(st.lists(tensors(), max_size=3), st.lists(tensors(), max_size=3))
def test_samples_come_back(inputs: list[Tensor], outputs: list[Tensor]) -> None:
    expected = Golden(tuple(inputs), tuple(outputs))
    found = golden.decode(
        golden.encode(expected), list(map(_spec, inputs)), list(map(_spec, outputs)), "here"
    )
    assert expected == found


@given(tensors())
def test_numpy_reads_the_file(tensor: Tensor) -> None:
    with np.load(io.BytesIO(golden.encode(Golden((tensor,), ())))) as loaded:
        array = loaded["input_0"]
        assert np.dtype(BY_NAME[tensor.datatype].npy) == array.dtype
        assert tensor.raw == array.tobytes()
        shape = loaded["input_0_shape"] if tensor.datatype == "BYTES" else array.shape
        assert tensor.shape == tuple(shape)


def test_the_same_samples_give_the_same_bytes() -> None:
    sample = Golden((Tensor("FP32", (1,), b"abcd"),), ())
    assert golden.encode(sample) == golden.encode(sample)


@given(st.lists(st.binary(max_size=20)))
def test_framing_comes_back(elements: list[bytes]) -> None:
    assert elements == golden.unframe_bytes(golden.frame_bytes(elements))


@pytest.mark.parametrize("raw", [b"\1", b"\5\0\0\0abc", b"\0\0\0\0\1\0\0"])
def test_broken_framing_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="expected"):
        golden.unframe_bytes(raw)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (TensorSpec("t", "FP64", (None,)), "expected <f8"),
        (TensorSpec("t", "FP32", (None, None)), "expected rank 2, found 1"),
    ],
)
def test_samples_of_another_model_are_refused(spec: TensorSpec, reason: str) -> None:
    data = golden.encode(Golden((Tensor("FP32", (2,), bytes(8)),), ()))
    with pytest.raises(IntegrityError, match=f"here: .*{reason}"):
        golden.decode(data, [spec], [], "here")


def test_a_file_that_is_no_archive_is_refused() -> None:
    with pytest.raises(IntegrityError, match="here"):
        golden.decode(b"nothing", [], [], "here")


def test_missing_samples_are_refused() -> None:
    data = golden.encode(Golden((), ()))
    with pytest.raises(IntegrityError, match="input_0"):
        golden.decode(data, [TensorSpec("t", "FP32", ())], [], "here")


def test_outputs_digest_sees_type_shape_and_bytes() -> None:
    variants = [
        Tensor("FP32", (2,), bytes(8)),
        Tensor("FP32", (2, 1), bytes(8)),
        Tensor("INT32", (2,), bytes(8)),
        Tensor("FP32", (2,), bytes(7) + b"\1"),
    ]
    assert len(variants) == len({golden.outputs_digest([tensor]) for tensor in variants})
