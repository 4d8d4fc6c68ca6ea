from typing import Any

import numpy as np
import pytest

from tests.unit.monitor.profile.arrays import f32
from tiltyard.monitor.profile.declaration import Declaration
from tiltyard.monitor.profile.errors import ReferenceRefused
from tiltyard.monitor.profile.reference import Reference, Table, match, some
from tiltyard.monitor.profile.signature import Signature
from tiltyard.store.manifest import TensorSpec

WIDE = Signature(
    (TensorSpec("X", "FP32", (None, 3)),),
    (TensorSpec("label", "INT64", (None,)), TensorSpec("p", "FP32", (None, 2))),
    {"p": ("no", "yes")},
)
NARROW = Signature((TensorSpec("age", "INT64", ("N", 1)), TensorSpec("city", "BYTES", ("N",))))


def columns(*names: str, rows: int = 4) -> dict[str, Any]:
    return {name: np.arange(rows) + 10.0 * index for index, name in enumerate(names)}


def matched(
    table: dict[str, Any] | np.ndarray[Any, Any],
    signature: Signature = WIDE,
    **declared: Any,
) -> Reference:
    found = Table({}, table) if isinstance(table, np.ndarray) else Table(table)
    return match(found, signature, Declaration(**declared))


def test_a_tensor_takes_columns_in_their_order() -> None:
    found = matched(columns("c", "a", "b"))
    assert found.names == {"X": ("c", "a", "b")}
    assert found.inputs["X"][0].tolist() == [0, 10, 20]
    assert found.inputs["X"].dtype == np.float32
    assert (found.rows, found.times, found.outputs) == (4, None, {})


def test_inputs_of_width_1_take_columns_by_name() -> None:
    table = {"city": np.array(["a", "b"]), "age": np.array([3, 4])}
    found = matched(table, NARROW)
    assert found.inputs["age"].tolist() == [[3], [4]]
    assert found.inputs["city"].tolist() == [b"a", b"b"]
    assert found.names == {"age": ("age",), "city": ("city",)}


def test_arrays_are_taken_by_the_names_of_inputs() -> None:
    found = matched({"X": np.ones((5, 3)), "label": np.zeros(5), "p": np.ones((5, 2))})
    assert found.names == {}
    assert {name: array.shape for name, array in found.outputs.items()} == {
        "label": (5,),
        "p": (5, 2),
    }


@pytest.mark.parametrize("names", [("p[0]", "p[1]"), ("p[no]", "p[yes]")])
def test_outputs_are_taken_by_column(names: tuple[str, str]) -> None:
    found = matched(columns("a", "b", "c", "label", *names))
    assert found.outputs["label"].tolist() == [30, 31, 32, 33]
    assert found.outputs["p"][0].tolist() == [40, 50]


def test_columns_that_say_their_place_may_lie_anywhere() -> None:
    found = matched(columns("X[2]", "X[0]", "X[1]"))
    assert found.inputs["X"][0].tolist() == [10, 20, 0]


def test_an_array_without_names_is_the_only_input_or_a_column_each() -> None:
    assert matched(np.ones((4, 3))).inputs["X"].shape == (4, 3)
    two = Signature((TensorSpec("a", "FP32", (None,)), TensorSpec("b", "FP32", (None, 1))))
    found = matched(np.array([[1, 2], [3, 4]]), two)
    assert (found.inputs["a"].tolist(), found.inputs["b"].tolist()) == ([1, 3], [[2], [4]])
    assert matched(np.arange(3), Signature(two.inputs[:1])).rows == 3


def test_names_can_be_declared() -> None:
    assert matched(np.ones((4, 3)), names=("a", "b", "c")).names == {"X": ("a", "b", "c")}
    assert matched({"X": np.ones((4, 3))}, names=("a", "b", "c")).names == {"X": ("a", "b", "c")}
    with pytest.raises(ReferenceRefused, match="names: expected one for each of 3, got 2"):
        matched(np.ones((4, 3)), names=("a", "b"))
    with pytest.raises(ReferenceRefused, match="names: expected different ones"):
        matched({"X": np.ones((4, 3))}, names=("a", "b", "a"))
    with pytest.raises(ReferenceRefused, match="names: expected one array of columns without"):
        matched(columns("u", "v", "w"), names=("a", "b", "c"))


def test_time_and_what_is_ignored_are_left_out() -> None:
    table = {"at": np.array([5, 6, 7, 8]), **columns("a", "id", "b", "c")}
    found = matched(table, time_column="at", ignored=frozenset({"id"}))
    assert found.times is not None
    assert found.times.tolist() == [5, 6, 7, 8]
    assert found.names == {"X": ("a", "b", "c")}


def test_a_row_without_a_dimension_of_rows() -> None:
    one = Signature((TensorSpec("x", "FP32", (3,)), TensorSpec("bias", "FP32", ())))
    found = matched({"x": np.ones((5, 3)), "bias": np.ones(5)}, one)
    assert (found.inputs["x"].shape, found.inputs["bias"].shape) == ((5, 3), (5,))


def test_a_free_width_takes_all_that_is_left() -> None:
    free = Signature((TensorSpec("X", "FP32", (None, None)),))
    assert matched(columns("a", "b"), free).names == {"X": ("a", "b")}


@pytest.mark.parametrize(
    ("table", "signature", "declared", "sentence"),
    [
        (
            columns("a", "b", "c", "target"),
            WIDE,
            {},
            r"'X' \(FP32 \[-1, 3\]\) takes 3 columns, and 4 are left: .* 'target'; leave out what",
        ),
        (
            {**columns("age", "extra"), "city": np.array(list("abcd"))},
            NARROW,
            {},
            "no input or output takes 'extra': leave such columns out with --ignore NAME",
        ),
        (
            columns("age"),
            NARROW,
            {},
            r"input 'city' \(BYTES \[-1\]\) takes 1 columns, and 0 are left: none",
        ),
        (
            columns("a", "b"),
            NARROW,
            {},
            r"'age' \(INT64 \[-1, 1\]\) has no column of its name: the columns left are 'a', 'b'",
        ),
        ({"X": np.ones((4, 2))}, WIDE, {}, r"column 'X': expected shape \[rows, 3\], got \[4, 2\]"),
        ({"X": np.ones((1, 3))}, WIDE, {}, "expected at least 2 rows, got 1"),
        (
            {"X": np.ones((4, 3)), "label": np.ones(5)},
            WIDE,
            {},
            "output 'label' has 5 rows, and others have 4",
        ),
        (columns("a"), WIDE, {"time_column": "t"}, "no time column 't': the columns are 'a'"),
        (columns("a"), WIDE, {"ignored": frozenset({"t"})}, "cannot ignore column 't'"),
        (np.ones((4, 3)), NARROW, {}, r"an array \[4, 3\] without names fits no model of 2 inputs"),
        (np.array(1.0), WIDE, {}, "got a single value"),
        (
            {"a": np.ones(4), "b": np.ones((4, 2)), "c": np.ones(4)},
            WIDE,
            {},
            r"column 'b': expected one value in each of 4 rows, got shape \[4, 2\]",
        ),
    ],
)
def test_what_does_not_fit_is_named(
    table: Any, signature: Signature, declared: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ReferenceRefused, match=sentence):
        matched(table, signature, **declared)


def test_outputs_of_the_model_are_added() -> None:
    found = matched(columns("a", "b", "c")).with_outputs({"label": f32([1, 2, 3, 4])})
    assert list(found.outputs) == ["label"]


def test_many_names_are_not_all_told() -> None:
    assert some([]) == "none"
    assert some("ab") == "'a', 'b'"
    assert some(map(str, range(50))).endswith("'5' and 44 more, the last '49'")
