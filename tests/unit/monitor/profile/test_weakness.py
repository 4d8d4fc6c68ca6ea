import re
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from tiltyard.monitor.profile import categories, codes
from tiltyard.monitor.profile.build import build_profile, profile_of_columns
from tiltyard.monitor.profile.declaration import Declaration
from tiltyard.monitor.profile.reference import Table, match
from tiltyard.monitor.profile.signature import Signature
from tiltyard.store.manifest import TensorSpec


def warned(columns: dict[str, Any], **declared: Any) -> str:
    declared.setdefault("delta", 5.0)
    return "\n".join(profile_of_columns(columns, None, Declaration(**declared)).warnings)


def noise(rows: int = 2000) -> Any:
    return np.random.default_rng(0).normal(size=rows)


def test_few_rows_are_told_with_what_they_support() -> None:
    told = warned({"a": noise(1000)}, delta=0.05)
    z = norm.ppf(1 - 0.01 / (4 * 3))
    assert f"1,000 rows support delta >= {z / np.sqrt(1000):.3g}; for delta = 0.05," in told
    assert f"{int(np.ceil((z / 0.05) ** 2)):,} reference rows are needed" in told
    told = warned({"a": noise(5000)}, delta=0.05)
    assert told.startswith("'mahalanobis', which has half of the rows, supports delta >= ")
    assert told.count("\n") == 0, "surprise has all rows"
    assert warned({"a": noise(10_000)}, delta=0.05) == ""


@pytest.mark.parametrize(
    ("column", "sentence"),
    [
        (np.full(2000, 7.0), "constant in the reference, so any other value is out of range: 'b'"),
        (np.full(2000, np.nan), "never has a value in the reference: 'b'"),
        (np.where(np.arange(2000) % 4, noise(), np.nan), "missing in the .*: 'b'; at most 25 % of"),
        (np.where(np.arange(2000) > 1, noise(), np.inf), r"\+inf in the .*: 'b'; at most 0.1 %"),
        (np.where(np.arange(2000) > 1, noise(), -np.inf), "-inf in the reference: 'b'; at most"),
        (
            np.where(np.arange(2000) % 10, 0, noise()),
            "quantiles coincide, so there are fewer than 32 cells: 'b'; the fewest, 4, of 'b'",
        ),
    ],
)
def test_what_a_column_cannot_show_is_told(column: Any, sentence: str) -> None:
    assert warned({"a": noise()}) == ""
    assert re.search(sentence, warned({"a": noise(), "b": column}))


def test_numbers_that_are_one_as_float32_are_told() -> None:
    signature = Signature(
        (TensorSpec("id", "INT64", (None,)), TensorSpec("at", "FP64", (None,))), ()
    )

    def told(ids: Any, times: Any) -> str:
        declaration = Declaration(delta=5.0)
        reference = match(Table({"id": ids, "at": times}), signature, declaration)
        return "\n".join(build_profile(reference, signature, declaration).warnings)

    row = np.arange(2000)
    assert "as float32" not in told(row % 40, noise())
    found = told(2**24 + row % 40, 1e9 + noise())
    assert "'id': 40 different values become 21 as float32" in found
    assert "'at': 2,000 different values become 1 as float32" in found
    assert "as float32" not in warned({"a": noise()})


@pytest.mark.parametrize(
    ("both", "none", "sentence"),
    [
        (0, 0, ""),
        (0, 9, ""),
        (
            0,
            10,
            "'hue' is not one-hot: of 2,000 rows 0 have several of its columns set, .* and 10 ",
        ),
        (1, 0, "'hue' is not one-hot: of 2,000 rows 1 have several .* and 0 none"),
        (2000, 0, "'hue' is not one-hot: of 2,000 rows 2,000 have several"),
    ],
)
def test_a_block_that_is_not_one_hot_is_told(both: int, none: int, sentence: str) -> None:
    red = np.arange(2000) % 2
    blue = 1 - red
    red[:both] = blue[:both] = 1
    red[both : both + none] = blue[both : both + none] = 0
    told = warned({"a": noise(), "red": red, "blue": blue}, groups={"hue": ("red", "blue")})
    assert bool(re.search(sentence, told))
    assert ("one-hot" in told) is bool(sentence)


def test_categories_beyond_what_is_known_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(categories, "CODES_MAX", 100)
    told = warned({"a": np.arange(2000) % 500}, categorical=frozenset("a"))
    assert "'a' has 500 categories; the 100 most frequent are known, and the other 400" in told


def test_categories_with_one_code_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def nearly(value: float) -> int:
        return int(value) // 2

    monkeypatch.setattr(categories, "category_code", nearly)
    monkeypatch.setattr(codes, "category_code", nearly)
    told = warned({"a": np.arange(2000) % 4}, categorical=frozenset("a"))
    assert "'a': 2 times, categories share one code and count as one, such as '0', '1'" in told
