from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tiltyard.monitor.profile.column import as_datatype
from tiltyard.monitor.profile.errors import ReferenceRefused
from tiltyard.monitor.profile.reading import file_digest, read_table
from tiltyard.monitor.profile.reference import Table


def text(table: Table, name: str) -> list[object]:
    found: list[object] = as_datatype(name, table.columns[name], "BYTES").tolist()
    return found


def numbers(table: Table, name: str) -> list[float]:
    found: list[float] = as_datatype(name, table.columns[name], "FP64").tolist()
    return found


def test_csv_columns_are_text_until_they_are_wanted(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text('zip,amount,note\n00123,1.5,"a, b"\n,,\n99,-2e3,"""q"""\n')
    table = read_table(path)
    assert list(table.columns) == ["zip", "amount", "note"]
    assert text(table, "zip") == [b"00123", b"", b"99"]
    np.testing.assert_array_equal(numbers(table, "zip"), [123, np.nan, 99])
    np.testing.assert_array_equal(numbers(table, "amount"), [1.5, np.nan, -2000])
    assert text(table, "note") == [b"a, b", b"", b'"q"']


def test_a_csv_file_of_one_column_and_windows_lines(tmp_path: Path) -> None:
    path = tmp_path / "r.CSV"
    path.write_bytes(b"\xef\xbb\xbfa\r\n1\r\n2\r\n")
    assert numbers(read_table(path), "a") == [1, 2]


def test_parquet_columns_have_types(tmp_path: Path) -> None:
    path = tmp_path / "r.parquet"
    table = pa.table(
        {
            "n": [1, None, 3],
            "c": pa.array(["x", "y", "x"]).dictionary_encode(),
            "__index_level_0__": [0, 1, 2],
        }
    )
    parquet.write_table(table, path)
    found = read_table(path)
    assert list(found.columns) == ["n", "c"]
    np.testing.assert_array_equal(numbers(found, "n"), [1, np.nan, 3])
    assert text(found, "c") == [b"x", b"y", b"x"]


def test_numpy_files(tmp_path: Path) -> None:
    np.savez(tmp_path / "r.npz", a=np.ones(3), b=np.zeros((3, 2)))
    found = read_table(tmp_path / "r.npz").columns
    assert {name: array.shape for name, array in found.items()} == {"a": (3,), "b": (3, 2)}
    np.save(tmp_path / "r.npy", np.ones((3, 4)))
    unnamed = read_table(tmp_path / "r.npy").unnamed
    assert unnamed is not None
    assert unnamed.shape == (3, 4)


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("r.csv", b"", "expected a csv file in UTF-8, with names in its first line: Empty CSV"),
        ("r.csv", b"a,b\n1\n", "expected a csv file .*: CSV parse error"),
        ("r.csv", b"a,a\n1,2\n", "expected different columns, found more than one named 'a'"),
        ("r.csv", b"a\n\xff\n", "expected a csv file in UTF-8"),
        ("r.parquet", b"PAR1", "expected a parquet file"),
        ("r.npy", b"x", "expected a .npy file of plain arrays"),
        ("r.npz", b"PK", "expected a .npz file of plain arrays"),
        ("r.xlsx", b"", "expected a file that ends in .npz, .npy, .csv, .parquet"),
    ],
)
def test_what_is_no_reference_is_refused(
    tmp_path: Path, name: str, data: bytes, sentence: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ReferenceRefused, match=sentence):
        read_table(tmp_path / name)


def test_no_code_is_run_that_comes_with_a_file(tmp_path: Path) -> None:
    np.save(tmp_path / "r.npy", np.array([print], object), allow_pickle=True)
    with pytest.raises(ReferenceRefused, match=r"expected a \.npy file of plain arrays"):
        read_table(tmp_path / "r.npy")


def test_files_that_are_not_there(tmp_path: Path) -> None:
    for read in (read_table, file_digest):
        with pytest.raises(ReferenceRefused, match=r"reference .*none.csv: .*[Nn]o such file"):
            read(tmp_path / "none.csv")
