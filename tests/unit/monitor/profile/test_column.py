from typing import Any

import ml_dtypes
import numpy as np
import pytest

from tiltyard.monitor.profile.column import as_datatype, as_unix_seconds
from tiltyard.monitor.profile.errors import ReferenceRefused


@pytest.mark.parametrize(
    ("values", "datatype", "expected"),
    [
        (np.array([1, 2]), "FP32", np.array([1, 2], np.float32)),
        (np.array([0.1, np.nan]), "FP64", np.array([0.1, np.nan])),
        (np.array([1e300]), "FP32", np.array([np.inf], np.float32)),
        (np.array([1.0, 2.0]), "INT64", np.array([1, 2])),
        (np.array([True, False]), "FP32", np.array([1, 0], np.float32)),
        (np.array([1.0, 0.0]), "BOOL", np.array([True, False])),
        (np.array([200]), "UINT8", np.array([200], np.uint8)),
        (np.array([2**64 - 1], np.uint64), "UINT64", np.array([2**64 - 1], np.uint64)),
        (np.array([1.5, None], object), "FP32", np.array([1.5, np.nan], np.float32)),
        (np.array([2**60 + 1, 3], object), "INT64", np.array([2**60 + 1, 3])),
        (np.array([1.5]), "FP16", np.array([1.5], np.float16)),
    ],
)
def test_values_come_in_the_dtype_of_the_input(
    values: Any, datatype: str, expected: np.ndarray[Any, Any]
) -> None:
    found = as_datatype("column 'c'", values, datatype)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype


def test_bfloat16_is_rounded_as_clients_round_it() -> None:
    found = as_datatype("column 'c'", np.array([1 / 3]), "BF16")
    assert found.dtype == ml_dtypes.bfloat16
    assert float(found[0]) == 0.333984375


def test_strings_are_bytes_and_missing_ones_empty() -> None:
    values = np.array(["é", b"x", None, float("nan")], object)
    assert as_datatype("c", values, "BYTES").tolist() == ["é".encode(), b"x", b"", b""]
    assert as_datatype("c", np.array([["a"], ["bc"]]), "BYTES").tolist() == [[b"a"], [b"bc"]]


@pytest.mark.parametrize(
    ("values", "datatype", "sentence"),
    [
        (np.array(["1"]), "FP32", "column 'c': expected FP32 values, got <U1"),
        (np.array([1]), "BYTES", "column 'c': expected strings, got int64"),
        (np.array(["a", 3], object), "BYTES", "column 'c': expected strings, got 3 in row 2"),
        (np.array([1, 2.5]), "INT32", "data row 2: expected INT32 .* never missing, got 2.5"),
        (np.array([[1, 2], [np.nan, 1]]), "INT8", "data row 2: expected INT8 values"),
        (np.array([0, 300]), "UINT8", "expected UINT8 values, 0 to 255, got 300"),
        (np.array([-1]), "UINT64", "expected UINT64 values, 0 to 18446744073709551615, got -1"),
        (np.array([2]), "BOOL", "expected BOOL values, 0 to 1, got 2"),
        (np.array([1e30]), "INT64", "expected INT64 values"),
        (np.array([1, "x"], object), "FP32", "data row 2: expected FP32 values, got 'x'"),
        (np.array(["2020"], "datetime64[D]"), "FP32", "expected FP32 values, got datetime64"),
    ],
)
def test_what_would_change_a_value_is_refused(values: Any, datatype: str, sentence: str) -> None:
    with pytest.raises(ReferenceRefused, match=sentence):
        as_datatype("column 'c'", values, datatype)


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        (np.array([0, 1_700_000_000]), [0, 1_700_000_000]),
        (np.array(["1970-01-02T00:00:00"], "datetime64[s]"), [86_400]),
        (np.array(["1970-01-01T01:00:00+01:00", "1970-01-01", "12.5"]), [0, 0, 12.5]),
        (np.array([b"1970-01-01 00:00:01Z"], object), [1]),
    ],
)
def test_times_are_unix_seconds(values: Any, seconds: list[float]) -> None:
    assert as_unix_seconds("column 't'", values).tolist() == seconds


@pytest.mark.parametrize(
    "values",
    [
        np.array([1.0, 1_700_000_000_000.0]),
        np.array(["1970-01-01", "soon"]),
        np.array(["1970-01-01", "NaT"], "datetime64[s]"),
        np.array(["1970-01-01", None], object),
        np.array([1.0, np.nan]),
    ],
)
def test_what_is_no_time_is_refused_with_its_row(values: Any) -> None:
    with pytest.raises(ReferenceRefused, match="column 't', data row 2: expected unix seconds"):
        as_unix_seconds("column 't'", values)
