from pathlib import Path

import pytest

from tiltyard.errors import ConfigError
from tiltyard.monitor.profile.cells import Kind
from tiltyard.monitor.profile.declaration import Declaration, Scale, read_declaration

WHOLE = """
categorical = ["region"]
ignore = ["id"]
time_column = "at"
names = ["a", "b"]
cells = 50
delta = 1
groups.color = ["red", "blue"]
kinds.age = "numeric"
scales.amount = { scale = 0.01, unit = "EUR" }
scales.rate = 100
tensors.image = "summaries"
"""


def read(tmp_path: Path, text: str) -> Declaration:
    (tmp_path / "s.toml").write_text(text)
    return read_declaration(tmp_path / "s.toml")


def test_a_file_says_all_of_it(tmp_path: Path) -> None:
    assert read(tmp_path, WHOLE) == Declaration(
        categorical=frozenset({"region"}),
        groups={"color": ("red", "blue")},
        kinds={"age": Kind.numeric},
        scales={"amount": Scale(0.01, "EUR"), "rate": Scale(100.0)},
        names=("a", "b"),
        tensors={"image": "summaries"},
        ignored=frozenset({"id"}),
        time_column="at",
        cells=50,
        delta=1.0,
    )
    assert read(tmp_path, "") == Declaration()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("columns = 3", "there is no key 'columns'; known: categorical, ignore"),
        ("categorical = 'a'", "categorical: expected a list of strings, got 'a'"),
        ("groups.c = ['a']", "group 'c': expected two or more different columns, got a"),
        ("groups = ['a']", r"groups: expected a table, got \['a'\]"),
        ("kinds.a = 'float'", "kinds.a: expected one of numeric, .*, got 'float'"),
        ("cells = 1", "cells: expected 2 to 100, got 1"),
        ("cells = true", "cells: expected a whole number, got True"),
        ("delta = 0.0", "delta: expected more than 0 and at most 10, got 0.0"),
        ("delta = nan", "delta: expected more than 0"),
        ("scales.a = 'x'", "scales.a: expected { scale = NUMBER"),
        ("scales.a = 0", "scales.a.scale: expected a finite number that is not 0, got 0"),
        ("scales.a = { unit = 3 }", "scales.a.unit: expected a string, got 3"),
        ("tensors.x = 'all'", "tensors.x: expected columns or summaries, got 'all'"),
        ("time_column = 3", "time_column: expected a string, got 3"),
        ("= 3", "is not TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=rf"streams .*s\.toml.*{sentence}"):
        read(tmp_path, text)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read_declaration(tmp_path / "none.toml")
