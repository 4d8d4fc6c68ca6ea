import doctest
import math

import pytest

from tiltyard.monitor.statistics.measure import Rate
from tiltyard.report import figures
from tiltyard.report.charts import heat_row, picture
from tiltyard.report.figures import MINUS, UNDEFINED


@pytest.mark.parametrize("module", [figures, heat_row, picture])
def test_examples(module: object) -> None:
    found = doctest.testmod(module)  # type: ignore[arg-type]  # a module, as an object of a list
    assert found.failed == 0
    assert found.attempted > 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, UNDEFINED),
        (math.nan, UNDEFINED),
        (-math.inf, f"{MINUS}∞"),
        (-2.0, f"{MINUS}2.00"),
        (1.5e-7, f"1.5e{MINUS}07"),
        (0.000123, "0.000123"),
        (1e9, "1.0e+09"),
        (999_999.6, "1,000,000"),
    ],
)
def test_what_is_not_defined_is_a_dash_and_never_0(value: float | None, text: str) -> None:
    assert figures.decimal(value) == text


def test_signs_are_shown() -> None:
    assert figures.signed(0.421) == "+0.42"
    assert figures.signed(-0.421) == f"{MINUS}0.42"
    assert figures.signed(0.0) == "0"
    assert figures.signed(None) == UNDEFINED


def test_a_rate_without_rows_is_a_dash() -> None:
    assert figures.rate(Rate(1, 16, 0.0625, 0.0, 0.3, 0.0)) == "6.25 %"
    assert figures.rate(Rate(0, 0, math.nan, 0.0, 1.0, 0.0)) == UNDEFINED
    assert figures.rate(None) == UNDEFINED


def test_p_values_that_are_certain_are_not_told_apart() -> None:
    assert figures.probability(1e-300) == f"< 1e{MINUS}12"
    assert figures.probability(0.0123) == "0.012"
    assert figures.probability(None) == UNDEFINED


def test_long_text_is_cut() -> None:
    assert figures.short("x" * 80) == "x" * 80
    assert figures.short("x" * 81) == "x" * 79 + "…"


def test_ticks_have_the_digits_that_the_span_has_room_for() -> None:
    assert figures.ticks(1_000_000.0, 1_000_001.0, 3) == ("1,000,000", "1,000,000", "1,000,001")
    assert figures.ticks(0.0, 0.0, 2) == ("0", "0")


def test_one_row_is_no_rows() -> None:
    assert figures.rows(1) == "1 row"
    assert figures.rows(24_000) == "24,000 rows"
