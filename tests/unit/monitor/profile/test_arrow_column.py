from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tiltyard.monitor.profile.column import as_datatype, as_unix_seconds
from tiltyard.monitor.profile.errors import ReferenceRefused

NAN = float("nan")


@pytest.mark.parametrize(
    ("column", "datatype", "expected"),
    [
        (pa.array([1, None, 3]), "FP32", [1, NAN, 3]),
        (
            pa.array(["1", " 2.5 ", None, "", "-inf", "NaN"]),
            "FP64",
            [1, 2.5, NAN, NAN, -np.inf, NAN],
        ),
        (pa.array([str(2**53 + 1)]), "INT64", [2**53 + 1]),
        (pa.array([str(2**64 - 1)]), "UINT64", [2**64 - 1]),
        (pa.array(["3.0", "4"]), "INT32", [3, 4]),
        (pa.array(["true", "0"]), "BOOL", [True, False]),
        (pa.array([True, False]), "INT8", [1, 0]),
        (pa.array([Decimal("1.25")]), "FP32", [1.25]),
        (pa.array([None, None]), "FP32", [NAN, NAN]),
        (pa.array(["a", "b", "a", None]).dictionary_encode(), "BYTES", [b"a", b"b", b"a", b""]),
        (pa.array(["007"]), "BYTES", [b"007"]),
        (pa.array([b"\xff"]), "BYTES", [b"\xff"]),
        (pa.array([None, None]), "BYTES", [b"", b""]),
        (pa.chunked_array([[1.5], [], [2.5]]), "FP32", [1.5, 2.5]),
        (pa.array([[1, 2], [3, 4]]), "FP32", [[1, 2], [3, 4]]),
        (pa.array([[1, 2]], pa.list_(pa.int8(), 2)), "FP32", [[1, 2]]),
    ],
)
def test_columns_of_files(column: Any, datatype: str, expected: list[Any]) -> None:
    found = as_datatype("column 'c'", column, datatype)
    np.testing.assert_array_equal(found, np.array(expected, found.dtype))


@pytest.mark.parametrize(
    ("column", "datatype", "sentence"),
    [
        (pa.array(["1", "NA"]), "FP32", "'c', data row 2: expected a number or .*, got 'NA'"),
        (pa.array(["1", "x y"]), "INT64", "'c', data row 2: expected a number or .*, got 'x y'"),
        (pa.array(["yes"]), "BOOL", "data row 1: expected true or false or .*, got 'yes'"),
        (pa.array([1, None]), "INT64", "data row 2: expected INT64 values, .* never missing"),
        (pa.array([1]), "BYTES", "expected strings, got int64"),
        (pa.array([date(2020, 1, 1)]), "FP32", "expected FP32 values, got date32"),
        (pa.array([[1], [1, 2]]), "FP32", "expected lists of one length, got lengths 1, 2"),
        (pa.array([[1], None]), "FP32", "expected lists of one length, got lengths 1, null"),
        (pa.array([{"a": 1}]), "FP32", "expected FP32 values, got struct"),
    ],
)
def test_what_does_not_fit_is_named(column: Any, datatype: str, sentence: str) -> None:
    with pytest.raises(ReferenceRefused, match=sentence):
        as_datatype("column 'c'", column, datatype)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([86_400, 86_401]),
        pa.array([86_400.0, 86_401.0]),
        pa.array(["86400", "1970-01-02T00:00:01Z"]),
        pa.array([datetime(1970, 1, 2, tzinfo=UTC), datetime(1970, 1, 2, 0, 0, 1, tzinfo=UTC)]),
        pa.array([86_400_000, 86_401_000], pa.timestamp("ms", "Europe/Berlin")),
    ],
)
def test_times(column: Any) -> None:
    assert as_unix_seconds("column 't'", column).tolist() == [86_400, 86_401]


def test_days_and_missing_times() -> None:
    assert as_unix_seconds("t", pa.array([date(1970, 1, 3)])).tolist() == [172_800]
    with pytest.raises(ReferenceRefused, match="'t', data row 2: expected unix seconds"):
        as_unix_seconds("column 't'", pa.array([date(1970, 1, 3), None]))
