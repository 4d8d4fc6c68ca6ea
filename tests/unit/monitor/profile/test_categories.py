import numpy as np
import pytest

from tests.unit.monitor.profile.arrays import f32, i64
from tiltyard.monitor.profile import categories
from tiltyard.monitor.profile.categories import categories_of, make_category_cells
from tiltyard.monitor.profile.codes import category_code, category_codes


def test_labels_are_what_a_person_writes() -> None:
    found = categories_of(np.array([b"red", "blü".encode(), b"\xff", b""], object))
    assert set(found.labels.values()) == {"red", "blü", "\\xff"}
    assert found.labels[category_code(b"red")] == "red"
    assert list(categories_of(i64([3, -1])).labels.values()) == ["-1", "3"]
    some = categories_of(f32([2, 0.1, np.nan, np.inf])).labels
    assert list(some.values()) == ["0.1", "2"]
    assert set(categories_of(np.array([True, False])).labels.values()) == {"true", "false"}


def test_labels_differ_and_are_short() -> None:
    values = np.array([b"\\xff", b"\xff", b"a" * 300, b"a" * 301], object)
    labels = categories_of(values).labels
    assert len(set(labels.values())) == 4
    assert max(map(len, labels.values())) <= categories.LABEL_CHARACTERS_MAX


def test_values_with_one_code_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(categories, "category_code", len)
    found = categories_of(np.array([b"ab", b"cd", b"x"], object))
    assert found.collisions == (("ab", "cd"),)
    assert found.labels == {1: "x", 2: "ab or cd"}


def test_the_most_frequent_have_cells_of_their_own() -> None:
    values = np.array([b"a"] * 5 + [b"b"] * 3 + [b"c"] * 3 + [b"d"] + [b""], object)
    words = category_codes(values)
    cells = make_category_cells(words, categories_of(values).labels, 2)
    assert cells.labels == ("a", "b")
    by_code = dict(zip(cells.codes.tolist(), cells.code_cells.tolist(), strict=True))
    assert [by_code[category_code(value)] for value in (b"a", b"b", b"c", b"d")] == [0, 1, 2, 2]
    assert cells.codes.tolist() == sorted(cells.codes.tolist())


def test_only_so_many_codes_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(categories, "CODES_MAX", 3)
    values = np.array([b"%d" % number for number in range(10)] + [b"9"], object)
    cells = make_category_cells(category_codes(values), categories_of(values).labels, 2)
    assert len(cells.codes) == 3
    assert cells.labels[0] == "9"
