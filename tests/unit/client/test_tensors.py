"""numpy to raw tensors and back, for every datatype."""

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tiltyard.client.tensors import DTYPES, datatype_of, from_raw, to_raw
from tiltyard.errors import ClientError

SHAPES = npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


@given(st.data(), st.sampled_from(sorted(DTYPES)))
def test_numbers_come_back_bit_for_bit(data: st.DataObject, datatype: str) -> None:
    array = data.draw(npst.arrays(DTYPES[datatype], SHAPES))
    assert datatype_of(array) == datatype
    back = from_raw(to_raw(array, datatype), datatype, array.shape)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()


@given(st.lists(st.lists(st.binary(max_size=20), min_size=2, max_size=2), max_size=4))
def test_bytes_come_back_whole(rows: list[list[bytes]]) -> None:
    array = np.empty((len(rows), 2), dtype=object)
    for index, row in enumerate(rows):
        array[index] = row
    assert datatype_of(array) == "BYTES"
    back = from_raw(to_raw(array, "BYTES"), "BYTES", array.shape)
    assert back.tolist() == rows


def test_text_is_sent_as_utf8() -> None:
    assert to_raw(np.array(["é"]), "BYTES") == b"\x02\x00\x00\x00\xc3\xa9"
    assert to_raw(np.array(["a\0b"], dtype=object), "BYTES") == b"\x03\x00\x00\x00a\0b"


@given(npst.arrays(np.float32, SHAPES))
def test_bf16_rounds_as_ml_dtypes_does(array: np.ndarray[Any, np.dtype[np.float32]]) -> None:
    with np.errstate(all="ignore"):
        reference = array.astype(ml_dtypes.bfloat16)
    back = from_raw(to_raw(array, "BF16"), "BF16", array.shape)
    expected = reference.astype(np.float32)
    np.testing.assert_array_equal(np.isnan(expected), np.isnan(back))
    np.testing.assert_array_equal(expected[~np.isnan(expected)], back[~np.isnan(expected)])
    assert datatype_of(reference) == "BF16"
    finite = to_raw(reference, "BF16")
    np.testing.assert_array_equal(back, from_raw(finite, "BF16", array.shape))


def test_rows_need_not_be_contiguous() -> None:
    array = np.arange(12, dtype=np.int32).reshape(3, 4).T
    assert to_raw(array, "INT32") == np.ascontiguousarray(array).tobytes()


@pytest.mark.parametrize(
    ("values", "datatype", "sentence"),
    [
        (np.array([1.5]), "INT32", "float64 are not INT32"),
        (np.array([1]), "BF16", "expected floats"),
        (np.array([1]), "FP8", "datatype 'FP8' is unknown"),
        (np.array([1], dtype=object), "BYTES", "holds bytes or str, got 1 of type int"),
    ],
)
def test_values_that_do_not_fit_are_refused(
    values: np.ndarray[Any, Any], datatype: str, sentence: str
) -> None:
    with pytest.raises(ClientError, match=sentence):
        to_raw(values, datatype)


def test_dtypes_without_a_datatype_are_refused() -> None:
    with pytest.raises(ClientError, match="complex128 has no datatype"):
        datatype_of(np.array([1j]))


@pytest.mark.parametrize(
    ("raw", "datatype", "shape"),
    [
        (b"\0" * 7, "FP32", (2,)),
        (b"\0" * 8, "FP32", (3,)),
        (b"\x05\0\0\0abc", "BYTES", (1,)),
        (b"\x05\0", "BYTES", (1,)),
        (b"\0" * 8, "BYTES", (1,)),
        (b"", "WHAT", (0,)),
    ],
)
def test_replies_that_are_no_tensor_are_refused(
    raw: bytes, datatype: str, shape: tuple[int, ...]
) -> None:
    with pytest.raises(ClientError, match=f"no {datatype} tensor"):
        from_raw(raw, datatype, shape)
