import re

from tiltyard.report.charts.picture import WIDTH
from tiltyard.report.charts.sparkline import HEIGHT, RATIO_MAX, sparkline


def line_of(chart: str) -> str:
    found = re.search(r'class=line d="([^"]*)"', chart)
    assert found is not None
    return found[1]


def test_the_band_is_at_a_third_of_the_height() -> None:
    line = line_of(sparkline([1.0], "x"))
    assert line == f"M{WIDTH // 2 - 2} {HEIGHT - HEIGHT // 3}h2"
    assert f"M0 {HEIGHT - HEIGHT // 3}h{WIDTH}v{HEIGHT // 3}" in sparkline([1.0], "x")


def test_pieces_without_rows_are_gaps_and_not_zero() -> None:
    line = line_of(sparkline([0.0, None, 0.0, 0.0], "x"))
    assert line.count("M") == 2
    assert line.count("l") == 1


def test_lines_are_relative_to_the_piece_before() -> None:
    assert line_of(sparkline([0.0, RATIO_MAX], "x")).endswith(f"l{WIDTH // 2} -{HEIGHT}")


def test_what_is_beyond_the_scale_is_cut_and_marked() -> None:
    assert "class=cut" not in sparkline([RATIO_MAX], "x")
    cut = sparkline([RATIO_MAX + 0.1], "x")
    assert "class=cut" in cut
    assert line_of(cut) == line_of(sparkline([RATIO_MAX], "x"))


def test_no_pieces_have_no_line() -> None:
    assert "class=line" not in sparkline([], "x")
    assert "class=line" not in sparkline([None, None], "x")
