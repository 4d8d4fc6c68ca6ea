import contextlib
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from tiltyard.monitor.counting.errors import CountingError
from tiltyard.monitor.counting.named_arrays import NamedArrays, arrays_from_blob, arrays_to_blob

TYPES = st.sampled_from(["f8", "f4", "i8", "u1", "?", "U5"])
SHAPES = stn.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)


@given(st.dictionaries(st.text(max_size=5), stn.arrays(TYPES, SHAPES), max_size=4))
def test_what_went_in_comes_out(arrays: NamedArrays) -> None:
    found = arrays_from_blob(arrays_to_blob(arrays))
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()


def test_objects_are_refused() -> None:
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        arrays_to_blob({"x": np.array([{}])})


BLOB = arrays_to_blob({"a": np.arange(100), "b": np.zeros(3)})


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        BLOB[:-5],
        b"x" + BLOB,
        zlib.compress(zlib.decompress(BLOB)[:-9]),
        zlib.compress(zlib.decompress(BLOB) + b"more"),
        zlib.compress(b'["a"]\nno array'),
        zlib.compress(b"17\n"),
    ],
)
def test_other_blobs_are_refused(blob: bytes) -> None:
    with pytest.raises(CountingError, match="saved arrays"):
        arrays_from_blob(blob)


@given(st.binary(max_size=200))
def test_no_bytes_do_harm(data: bytes) -> None:
    with contextlib.suppress(CountingError):
        assert arrays_from_blob(zlib.compress(zlib.decompress(BLOB)[:30] + data)).keys() == {"a"}
