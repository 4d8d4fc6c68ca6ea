"""Reading a reference from a file: npz, npy, csv or parquet.

Columns of csv files stay text until the model says what they are, so that a postcode for a BYTES
input keeps its zeros. An empty field is missing.
"""

import hashlib
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np

from tiltyard.monitor.profile.errors import ReferenceRefused
from tiltyard.monitor.profile.reference import Table, some

SUFFIXES = (".npz", ".npy", ".csv", ".parquet")


def read_table(path: Path) -> Table:
    """The columns in the file at `path`. Raises ReferenceRefused that says what is wrong with it.

    npz: an array a name. npy: one array [rows, columns]. csv: a header line, then text. parquet:
    numbers, strings, dictionaries, lists of one length, timestamps; nulls are missing.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ReferenceRefused(
            f"reference {path}: expected a file that ends in {', '.join(SUFFIXES)}"
        )
    if not path.is_file():
        raise ReferenceRefused(f"reference {path}: there is no such file")
    try:
        match path.suffix.lower():
            case ".csv":
                return _csv(path)
            case ".parquet":
                return _parquet(path)
            case _:
                return _numpy(path)
    except OSError as error:
        raise ReferenceRefused(f"reference {path}: {error.strerror or error}") from error


def file_digest(path: Path) -> str:
    """The sha256 of the file in lowercase hex. Raises ReferenceRefused."""
    try:
        with path.open("rb") as reader:
            return hashlib.file_digest(reader, "sha256").hexdigest()
    except OSError as error:
        raise ReferenceRefused(f"reference {path}: {error.strerror or error}") from error


def _numpy(path: Path) -> Table:
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return Table({}, loaded)
        with loaded:
            return Table({name: loaded[name] for name in loaded.files})
    except (ValueError, EOFError, zipfile.BadZipFile, KeyError, TypeError) as error:
        raise ReferenceRefused(
            f"reference {path.name}: expected a {path.suffix} file of plain arrays: {error}"
        ) from error


def _csv(path: Path) -> Table:
    # Imported here: pyarrow is needed for these files alone.
    import pyarrow as pa
    from pyarrow import csv

    try:
        with csv.open_csv(path) as reader:
            names = reader.schema.names
        _check_names(path, names)
        table = csv.read_csv(
            path,
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        sentence = str(error).strip().partition("\n")[0]
        raise ReferenceRefused(
            f"reference {path.name}: expected a csv file in UTF-8, with names in its first line:"
            f" {sentence}"
        ) from error
    return Table(dict(zip(names, table.columns, strict=True)))


def _parquet(path: Path) -> Table:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(path)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        sentence = str(error).strip().partition("\n")[0]
        raise ReferenceRefused(
            f"reference {path.name}: expected a parquet file: {sentence}"
        ) from error
    _check_names(path, table.column_names)
    # An index that pandas has put there is no column of the model's.
    kept = [name for name in table.column_names if not name.startswith("__index_level_")]
    return Table({name: table.column(name) for name in kept})


def _check_names(path: Path, names: list[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ReferenceRefused(
            f"reference {path.name}: expected different columns, found more than one named"
            f" {some(twice)}"
        )
