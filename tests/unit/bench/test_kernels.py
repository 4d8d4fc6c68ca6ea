import pytest

from bench.results import Measurement
from bench.scenarios.kernels import SCENARIO, read_cases


def test_cases_with_their_numbers() -> None:
    output = '{"bench": "full", "row_ns": 90.5}\n{"bench": "one_row", "row_ns": 9, "x": 1}\n'
    assert read_cases(output) == {"full": {"row_ns": 90.5}, "one_row": {"row_ns": 9.0, "x": 1.0}}


def test_anything_else_is_an_error() -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        read_cases("counted")


def test_the_bar_is_rows_a_second() -> None:
    values = [4e6, 6e6, 7e6]
    found = [
        Measurement("kernels", "full", "tiltyard", run, {"rows_per_s": value})
        for run, value in enumerate(values)
    ]
    full, without = SCENARIO.bars(found)
    assert (full.value, full.met) == (6e6, True)
    assert (without.value, without.met) == (None, None)
