import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiltyard.cli.render.drift_spark import ASCII_BLOCKS, BLOCKS, bar, legend, level, spark

NAN = math.nan


def test_what_chance_does_lies_low_and_what_it_does_not_is_red() -> None:
    line = spark([0.0, 0.01, 0.011, 0.5], [0.01] * 4, 4, is_ascii=False)
    assert line.plain == "▁▂▃█"
    assert [str(span.style) for span in line.spans] == ["dim", "dim", "bold red", "bold red"]


def test_a_piece_without_rows_is_blank_and_the_newest_stands_right() -> None:
    assert spark([0.5, NAN, 0.0], [0.01, NAN, 0.01], 5, is_ascii=False).plain == "  █ ▁"
    assert spark([0.5, NAN, 0.0], [0.01, NAN, 0.01], 2, is_ascii=False).plain == " ▁"
    assert spark([], [], 3, is_ascii=False).plain == "   "


def test_without_blocks() -> None:
    assert spark([0.0, 0.5], [0.01] * 2, 2, is_ascii=True).plain == "_#"
    assert bar(0.5, 1.0, 10, is_ascii=True) == "#####"
    assert legend(is_ascii=True).isascii()
    assert len(set(ASCII_BLOCKS)) == len(set(BLOCKS)) == 8


@given(st.floats(0, 10), st.floats(0, 10), st.floats(1e-6, 1))
def test_more_is_never_lower(left: float, right: float, band: float) -> None:
    low, high = sorted((left, right))
    assert 0 <= level(low, band) <= level(high, band) <= 7
    assert (level(low, band) < 2) == (low <= band)


def test_a_stream_of_one_cell_has_no_band() -> None:
    assert level(0.0, 0.0) == 0


@given(st.floats(0, 1), st.floats(1e-6, 1), st.integers(1, 40), st.booleans())
def test_a_bar_has_room(share: float, full: float, width: int, is_ascii: bool) -> None:
    drawn = bar(share, full, width, is_ascii=is_ascii)
    assert len(drawn) <= width
    assert bool(drawn) == (share > 0)


@pytest.mark.parametrize(("share", "drawn"), [(1.0, "████"), (0.5, "██"), (0.03125, "▏"), (0, "")])
def test_bars(share: float, drawn: str) -> None:
    assert bar(share, 1.0, 4, is_ascii=False) == drawn
    assert bar(share, 0.0, 4, is_ascii=False) == ""
