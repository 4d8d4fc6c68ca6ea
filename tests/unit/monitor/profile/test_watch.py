from typing import Any

import numpy as np
import pytest

from tests.unit.monitor.profile.arrays import f32
from tests.unit.monitor.profile.references import MIXED, mixed_table
from tiltyard.monitor.profile.cells import Kind
from tiltyard.monitor.profile.declaration import Declaration
from tiltyard.monitor.profile.errors import ReferenceRefused
from tiltyard.monitor.profile.reference import Table, match
from tiltyard.monitor.profile.signature import Signature
from tiltyard.monitor.profile.stream import Slot
from tiltyard.monitor.profile.watch import Choice, Watch, choose
from tiltyard.store.manifest import Dimension, TensorSpec

ROWS = 400


def chosen(signature: Signature, table: dict[str, Any], **declared: Any) -> Choice:
    declaration = Declaration(**declared)
    return choose(match(Table(table), signature, declaration), signature, declaration)


def of_input(
    array: Any, *shape: Dimension, datatype: str = "FP32", **declared: Any
) -> tuple[list[Watch], list[str]]:
    found = chosen(Signature((TensorSpec("x", datatype, shape),)), {"x": array}, **declared)
    return found.watches, found.notes


def of_output(
    array: Any, *shape: Dimension, datatype: str = "FP32", labels: Any = (), **more: Any
) -> list[Watch]:
    signature = Signature(
        (TensorSpec("x", "FP32", (None,)),),
        (TensorSpec("y", datatype, shape), TensorSpec("q", "FP32", (None, 3))),
        {"y": labels} if labels else {},
    )
    table = {"x": np.arange(len(array)), "y": array, **more}
    return [w for w in chosen(signature, table).watches if w.slot.tensor == "y"]


def drawn(high: int, rows: int = ROWS) -> Any:
    return np.random.default_rng(0).integers(0, high, rows)


def test_streams_of_every_kind_in_the_order_of_the_slots() -> None:
    declared = {"groups": {"hue": ("color[0]", "color[1]", "color[2]")}}
    found = chosen(MIXED, mixed_table(), **declared)
    assert [(w.name, w.kind, w.slot) for w in found.watches] == [
        ("amount", Kind.numeric, Slot("input", "amount", 0, 1, "number")),
        ("count", Kind.discrete, Slot("input", "count", 0, 1, "number")),
        ("city", Kind.categorical, Slot("input", "city", 0, 1, "category")),
        ("hue", Kind.categorical, Slot("input", "color", 0, 3, "one_hot")),
        ("label", Kind.categorical, Slot("output", "label", 0, 1, "category")),
        ("p[0]", Kind.numeric, Slot("output", "p", 0, 1, "number")),
        ("p[1]", Kind.numeric, Slot("output", "p", 1, 1, "number")),
    ]
    assert found.watches[3].categories.labels == {0: "color[0]", 1: "color[1]", 2: "color[2]"}
    assert found.notes == []


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (drawn(50), Kind.discrete),
        (np.append(np.arange(51), drawn(50)), Kind.numeric),
        (np.arange(20), Kind.numeric),  # 20 rows with 20 values are no sign of few values
        (np.full(20, np.nan), Kind.numeric),
        (np.repeat([1.5, np.nan, np.inf], 9), Kind.discrete),
    ],
)
def test_few_different_numbers_are_discrete(values: Any, kind: Kind) -> None:
    (watch,), _ = of_input(values, None)
    assert watch.kind is kind


def test_strings_that_hardly_repeat_are_text() -> None:
    many = np.array([f"note {number}" for number in range(1500)], object)
    (watch,), _ = of_input(many, None, datatype="BYTES")
    assert (watch.kind, watch.slot.reads) == (Kind.text, "length")
    assert watch.words.view(np.float32)[0] == len("note 0")
    (watch,), _ = of_input(np.repeat(many, 3), None, datatype="BYTES")
    assert (watch.kind, watch.slot.reads) == (Kind.categorical, "category")
    (watch,), _ = of_input(many[:1000], None, datatype="BYTES")
    assert watch.kind is Kind.categorical


def test_numbers_can_be_declared_names() -> None:
    watches, _ = of_input(np.stack([drawn(5), drawn(9)], 1), None, 2, categorical={"x[1]"})
    assert [w.slot.reads for w in watches] == ["number", "category"]
    assert sorted(watches[1].categories.labels.values()) == [str(n) for n in range(9)]


def test_kinds_can_be_declared() -> None:
    (watch,), _ = of_input(drawn(5), None, kinds={"x": Kind.numeric})
    assert watch.kind is Kind.numeric
    words = np.array(["a", "b"] * 20, object)
    (watch,), _ = of_input(words, None, datatype="BYTES", kinds={"x": Kind.text})
    assert watch.slot.reads == "length"


@pytest.mark.parametrize(
    ("shape", "sizes", "reads", "why"),
    [
        ((None, 3, 4, 4), (3, 4, 4), "mean spread min max norm", "it has rank 4"),
        ((None, 300), (300,), "mean spread min max norm", "it is 300 wide"),
        ((None, None), (7,), "mean spread min max norm width", "its width is free"),
    ],
)
def test_wide_inputs_are_summarised(
    shape: tuple[Dimension, ...], sizes: tuple[int, ...], reads: str, why: str
) -> None:
    array = np.random.default_rng(0).normal(size=(ROWS, *sizes))
    watches, notes = of_input(array, *shape)
    length = 0 if None in shape[1:] else int(np.prod(sizes))
    assert [w.slot for w in watches] == [Slot("input", "x", 0, length, r) for r in reads.split()]
    assert [w.name for w in watches] == [f"x.{r}" for r in reads.split()]
    told = reads.replace(" ", ", ")
    assert notes == [f"input 'x' is watched by its {told} of each row, for {why}"]


def test_a_wide_input_of_strings_is_watched_by_lengths() -> None:
    array = np.full((ROWS, 4), "ab", object)
    watches, _ = of_input(array, None, None, datatype="BYTES")
    assert [w.slot.reads for w in watches] == ["count_length", "mean", "min", "max"]


def test_named_columns_say_how_wide_a_free_width_is() -> None:
    signature = Signature((TensorSpec("x", "FP32", (None, None)),))
    table = {"a": np.arange(ROWS), "b": drawn(3)}
    found = chosen(signature, table)
    assert [(w.name, w.slot.column) for w in found.watches] == [("a", 0), ("b", 1)]
    asked = chosen(signature, table, tensors={"x": "summaries"})
    assert asked.watches[0].name == "x.mean"
    array, _ = of_input(np.ones((ROWS, 2)), None, None, tensors={"x": "columns"})
    assert [w.name for w in array] == ["x[0]", "x[1]"]


@pytest.mark.parametrize(
    ("array", "shape", "datatype", "expected"),
    [
        (np.linspace(0, 1, ROWS), (None,), "FP32", [("y", Kind.numeric, "number")]),
        (np.linspace(0, 1, ROWS)[:, None], (None, 1), "FP64", [("y", Kind.numeric, "number")]),
        (drawn(3), (None,), "INT64", [("y", Kind.discrete, "number")]),
        (drawn(900), (None,), "INT64", [("y", Kind.numeric, "number")]),
        (drawn(2).astype(bool), (None,), "BOOL", [("y", Kind.discrete, "number")]),
        (
            np.array(["a", "b"], object)[drawn(2)],
            (None,),
            "BYTES",
            [("y", Kind.categorical, "category")],
        ),
        (
            np.random.default_rng(0).random((ROWS, 17)),
            (None, 17),
            "FP32",
            [("y.max", Kind.numeric, "max"), ("y.argmax", Kind.discrete, "argmax")],
        ),
        (
            np.random.default_rng(0).random((ROWS, 2, 2)),
            (None, 2, 2),
            "FP32",
            [(f"y.{r}", Kind.numeric, r) for r in ("mean", "spread", "min", "max", "norm")],
        ),
    ],
)
def test_outputs(array: Any, shape: Any, datatype: str, expected: Any) -> None:
    found = of_output(array, *shape, datatype=datatype)
    assert [(w.name, w.kind, w.slot.reads) for w in found] == expected


def test_columns_of_an_output_are_called_by_class() -> None:
    array = np.random.default_rng(0).random((ROWS, 2))
    assert [w.name for w in of_output(array, None, 2)] == ["y[0]", "y[1]"]
    found = of_output(array, None, 2, labels=("no", "yes"))
    assert [w.name for w in found] == ["y[no]", "y[yes]"]


def test_whole_numbers_that_index_the_columns_of_scores_are_classes() -> None:
    scores = np.random.default_rng(0).random((ROWS, 3))
    (watch,) = of_output(drawn(3), None, datatype="INT64", q=scores)
    assert watch.kind is Kind.categorical
    (watch,) = of_output(drawn(4), None, datatype="INT64", q=scores)
    assert watch.kind is Kind.discrete


def test_an_output_that_the_reference_has_not_is_told() -> None:
    found = chosen(MIXED, {k: v for k, v in mixed_table().items() if k != "label"})
    assert found.notes == ["output 'label' is not watched: the reference has none of it"]


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        ({"categorical": {"cuont"}}, "categorical: there is no 'cuont'; there are 'amount'"),
        ({"kinds": {"z": Kind.text}}, "kinds: there is no 'z'"),
        ({"scales": {"z": (1.0, "")}}, "scales: there is no 'z'"),
        ({"tensors": {"z": "columns"}}, "tensors: there is no input 'z'; there are 'amount'"),
        ({"groups": {"g": ("color[0]", "color[2]")}}, "'g': expected columns that lie side by"),
        ({"groups": {"g": ("color[1]", "count")}}, "'g': expected columns that lie side by side"),
        ({"groups": {"g": ("amount", "city")}}, "'g': expected columns that lie side by side"),
        ({"groups": {"g": ("u", "v")}}, "groups: there is no 'g'"),
        ({"kinds": {"city": Kind.numeric}}, "'city' has strings: expected categorical or text"),
        ({"kinds": {"count": Kind.text}}, "'count' has numbers: expected another kind than text"),
        (
            {"categorical": {"color[0]"}, "groups": {"g": ("color[0]", "color[1]")}},
            r"categorical: there is no 'color\[0\]' \(it is in a group\)",
        ),
    ],
)
def test_what_cannot_be_declared_is_named(declared: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ReferenceRefused, match=sentence):
        chosen(MIXED, mixed_table(), **declared)


def test_rows_without_elements_are_refused() -> None:
    with pytest.raises(ReferenceRefused, match="expected rows with elements, got empty ones"):
        of_input(f32(np.zeros((5, 0))), None, None)
