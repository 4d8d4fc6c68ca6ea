import struct

import numpy as np
import pytest
import xxhash
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.monitor.profile.arrays import f32
from tiltyard import _core
from tiltyard.monitor.profile.cells import CODE_INVALID, CODE_MISSING
from tiltyard.monitor.profile.codes import category_code, category_codes


def low(data: bytes) -> int:
    code = xxhash.xxh3_64(data).intdigest() % 2**32
    return code if code < CODE_INVALID else code - 2


@given(st.integers(-(2**63), 2**63 - 1))
@example(-1)
def test_whole_numbers_are_hashed_as_int64(value: int) -> None:
    assert low(struct.pack("<q", value)) == category_code(value)


@given(st.integers(2**63, 2**64 - 1))
def test_the_bits_of_uint64_are_hashed(value: int) -> None:
    assert low(struct.pack("<Q", value)) == category_code(value)
    assert category_codes(np.array([value], np.uint64)).tolist() == [category_code(value)]


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(-0.0)
def test_floats_are_hashed_as_float64(value: float) -> None:
    assert low(struct.pack("<d", value or 0.0)) == category_code(value)


@given(st.binary(min_size=1, max_size=40))
def test_strings_are_hashed_as_they_are(value: bytes) -> None:
    assert low(value) == category_code(value)


def test_what_is_missing_or_invalid_has_a_code_of_its_own() -> None:
    assert category_code(float("nan")) == category_code(b"") == CODE_MISSING
    assert category_code(float("inf")) == category_code(float("-inf")) == CODE_INVALID


@pytest.mark.parametrize(
    ("hashed", "code"), [(2**32 - 1, 2**32 - 3), (2**32 - 2, 2**32 - 4), (2**32 - 3, 2**32 - 3)]
)
def test_no_value_has_a_reserved_code(
    monkeypatch: pytest.MonkeyPatch, hashed: int, code: int
) -> None:
    monkeypatch.setattr(xxhash, "xxh3_64_intdigest", lambda _: (7 << 32) | hashed)
    assert category_code(b"x") == code


@pytest.mark.parametrize("dtype", ["?", "i1", "u2", "i8", "u8", "f2", "f4", "f8"])
def test_arrays_have_the_codes_of_their_values(dtype: str) -> None:
    values = np.array([0, 1, 1, 0, 3, 100]).astype(dtype)
    exact = [value.item() for value in values]
    expected = [category_code(int(v) if values.dtype.kind in "biu" else float(v)) for v in exact]
    found = category_codes(values)
    assert found.tolist() == expected
    assert found.dtype == np.uint32


def test_arrays_of_strings_and_floats_with_nothing_in_them() -> None:
    assert category_codes(np.array([b"a", b"", b"a"], object)).tolist() == [
        category_code(b"a"),
        CODE_MISSING,
        category_code(b"a"),
    ]
    odd = category_codes(f32([np.nan, np.inf, -0.0, 0.0]))
    assert odd[:2].tolist() == [CODE_MISSING, CODE_INVALID]
    assert odd[2] == odd[3]
    assert category_codes(np.zeros(0, np.float32)).tolist() == []


@given(
    st.integers(-(2**63), 2**64 - 1) | st.floats() | st.binary(max_size=300) | st.booleans(),
)
def test_the_data_plane_hashes_the_same(value: bytes | float) -> None:
    assert _core.category_code(value) == category_code(value)
