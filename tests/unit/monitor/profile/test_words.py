"""Words of slots, each against the sentence that defines it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.models.build import model, node, serialised, tensor
from tests.unit.monitor.profile.arrays import f32, f64
from tiltyard import _core
from tiltyard.app import _ort_library
from tiltyard.client import InferenceClient
from tiltyard.config import Config
from tiltyard.monitor.profile.cells import CODE_INVALID, CODE_MISSING
from tiltyard.monitor.profile.codes import category_code
from tiltyard.monitor.profile.signature import numpy_type
from tiltyard.monitor.profile.stream import Slot
from tiltyard.monitor.profile.words import slot_words
from tiltyard.store import samples
from tiltyard.store.datatype import BY_NAME, TYPES

Array = npt.NDArray[Any]


def read(reads: str, tensor: Array, column: int = 0, length: int = 1) -> Array:
    words = slot_words(Slot("input", "x", column, length, reads), tensor)
    assert words.dtype == np.uint32
    assert len(words) == len(tensor)
    return words if reads in ("category", "one_hot") else words.view(np.float32)


@pytest.mark.parametrize("dtype", ["?", "i1", "u2", "i4", "f2", "f4", "f8"])
def test_numbers_become_float32(dtype: str) -> None:
    tensor = np.array([[0, 1], [1, 0], [1, 1]]).astype(dtype)
    assert read("number", tensor, column=1).tolist() == [1, 0, 1]


def test_numbers_are_rounded_to_nearest_and_beyond_range_infinite() -> None:
    tensor = f64([[16777217.0], [1e300], [-1e300], [np.nan], [1e-46]])
    found = read("number", tensor)
    np.testing.assert_array_equal(found, f32([16777216, np.inf, -np.inf, np.nan, 0]))
    whole = np.array([[2**24 + 1], [2**53 + 1]], np.int64)
    assert read("number", whole).tolist() == [16777216.0, 2.0**53]


def test_a_column_counts_elements_of_the_flattened_row() -> None:
    tensor = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    assert read("number", tensor, column=5).tolist() == [5, 17]


def test_categories_are_hashed_in_the_dtype_of_the_input() -> None:
    tensor = np.array([[1], [2]], np.int32)
    assert read("category", tensor).tolist() == [category_code(1), category_code(2)]
    assert read("category", tensor.astype(np.float32))[0] == category_code(1.0)
    assert read("category", np.array([b"a", b""], object)).tolist() == [
        category_code(b"a"),
        CODE_MISSING,
    ]


def test_one_hot_is_the_index_of_the_one() -> None:
    tensor = f64([[9, 1, 0, 0], [9, 0, 0, 1e-300], [9, 0, 0, 0], [9, 1, 1, 0], [9, np.nan, 0, 0]])
    found = read("one_hot", tensor, column=1, length=3)
    assert found.tolist() == [0, 2, CODE_MISSING, CODE_INVALID, CODE_INVALID]


def test_lengths_are_of_bytes() -> None:
    tensor = np.array([["héllo".encode()], [b""]], object)
    assert read("length", tensor).tolist() == [6, 0]


def test_summaries() -> None:
    rng = np.random.default_rng(0)
    tensor = rng.normal(size=(50, 3, 8, 8)).astype(np.float32)
    rows = tensor.reshape(50, -1).astype(np.float64)
    for reads, expected in {
        "mean": rows.mean(axis=1),
        "spread": rows.std(axis=1),
        "min": rows.min(axis=1),
        "max": rows.max(axis=1),
        "norm": np.linalg.norm(rows, axis=1),
        "argmax": rows.argmax(axis=1),
        "width": np.full(50, 192),
    }.items():
        found = read(reads, tensor, length=0)
        np.testing.assert_allclose(found, expected.astype(np.float32), rtol=2e-7, err_msg=reads)
    np.testing.assert_allclose(
        read("mean", tensor, column=10, length=7), rows[:, 10:17].mean(axis=1), rtol=1e-6
    )


def test_the_sums_run_over_the_columns_one_after_another() -> None:
    tensor = f64([[1e16, 1.0, 1.0, -1e16]])
    assert read("mean", tensor, length=4).tolist() == [0.0]  # in pairs it would be 0.25 or more


@pytest.mark.parametrize("reads", ["mean", "spread", "norm", "argmax"])
def test_a_nan_makes_a_summary_nan(reads: str) -> None:
    assert np.isnan(read(reads, f32([[1, np.nan, 2]]), length=3)).all()


def test_extremes_are_of_what_is_there() -> None:
    tensor = f32([[np.nan, 1, 2], [np.nan, np.nan, np.nan]])
    np.testing.assert_array_equal(read("min", tensor, length=3), f32([1, np.nan]))
    np.testing.assert_array_equal(read("max", tensor, length=3), f32([2, np.nan]))


def test_an_infinity_makes_a_spread_nan_without_a_warning() -> None:
    tensor = f32([[1, np.inf, 2]])
    assert read("mean", tensor, length=3).tolist() == [np.inf]
    assert np.isnan(read("spread", tensor, length=3)).all()


def test_summaries_of_strings_are_of_their_lengths() -> None:
    tensor = np.array([[b"a", b"bcd"], [b"", b"ef"]], object)
    found = {read_: read(read_, tensor, length=2).tolist() for read_ in ("mean", "min", "max")}
    assert found == {"mean": [2, 1], "min": [1, 0], "max": [3, 2]}
    assert read("count_length", tensor, length=2).tolist() == [2, 2]


def test_many_wide_rows_are_read_in_blocks() -> None:
    tensor = np.ones((7, 1 << 20), np.int8)
    tensor[3] = 2
    assert read("mean", tensor, length=0).tolist() == [1, 1, 1, 2, 1, 1, 1]


READS = ("number", "category", "one_hot", "argmax", "mean", "spread", "min", "max", "norm", "width")
STRING_READS = ("category", "length", "count_length", "mean", "min", "max", "width")


@pytest.fixture
def engine() -> Iterator[_core.Engine]:
    made = _core.Engine(str(_ort_library()), Config().engine_options())
    yield made
    made.stop()


def sent(datatype: str, rows: int) -> Array:
    """Rows of 6 elements with whatever the datatype has that is odd."""
    rng = np.random.default_rng(7)
    if datatype == "BYTES":
        texts = np.array([b"", b"a", "é".encode(), b"a\0b", b"x" * 300, b"\xff"], object)
        return texts[rng.integers(0, 6, (rows, 6))]
    dtype = numpy_type(datatype)
    if datatype == "BOOL":
        return rng.random((rows, 6)) < 0.2
    if np.dtype(dtype).kind in "iu":
        info = np.iinfo(dtype)
        ends = np.array([info.min, info.max, 0, 1, info.max // 3, 7], dtype)
        return ends[rng.integers(0, 6, (rows, 6))]
    values = rng.normal(size=(rows, 6)) * 10.0 ** rng.integers(-3, 4, (rows, 6))
    values[rng.random(values.shape) < 0.4] = 0
    for odd in (np.nan, np.inf, -np.inf, -0.0, 1e-40, 1e-310, 6e4, 1e300, 16777217.0):
        values[rng.random(values.shape) < 0.01] = odd
    with np.errstate(over="ignore", under="ignore"):
        return values.astype(dtype)


@pytest.mark.parametrize("datatype", [entry.name for entry in TYPES])
def test_the_data_plane_writes_the_same_words(engine: _core.Engine, datatype: str) -> None:
    """Bit by bit, but for the sign and payload of NaN."""
    reads = STRING_READS if datatype == "BYTES" else READS
    slots = []
    for one in reads:
        wide = one not in ("number", "category", "length")
        slots.append(Slot("input", "x", 1, 4 if wide else 1, one))
        slots.append(Slot("output", "y", 2, 0 if wide and one != "one_hot" else 1, one))
    kind = BY_NAME[datatype].onnx_elem_type
    made = model(
        [node("Identity", "x", "y")], [tensor("x", ["N", 6], kind)], [tensor("y", ["N", 6], kind)]
    )
    array = sent(datatype, 400)
    example = samples.to_tensor(array[:1], datatype)
    version = engine.load_version(
        "m",
        1,
        serialised(made),
        {},
        rowwise_proved=True,
        samples=[(datatype, (1, 6), example.raw)],
    )
    engine.record(version, slots, (1, 2, 3, 4))
    reader = engine.open_records()
    rollouts = [engine.make_rollout(version, 1)]
    engine.publish([version], [], _core.Replies({}), ready=True, rollouts=rollouts)
    with InferenceClient(f"127.0.0.1:{engine.listen('127.0.0.1', 0)}") as client:
        for at in range(0, 400, 50):
            client.infer("m", {"x": array[at : at + 50]}, datatypes={"x": datatype})
    (block,) = reader.take()
    words = np.frombuffer(memoryview(block), np.uint32).reshape(block.records, block.words)
    found = words[:, 8 : 8 + len(slots)].copy()
    reader.release()
    for index, slot in enumerate(slots):
        expected = slot_words(slot, array)
        if slot.reads not in ("category", "one_hot"):
            both_nan = np.isnan(expected.view(np.float32)) & np.isnan(found[:, index].view("f4"))
            expected = np.where(both_nan, found[:, index], expected)
        np.testing.assert_array_equal(expected, found[:, index], err_msg=str(slot))
