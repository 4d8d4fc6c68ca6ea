import re
from itertools import pairwise

import pytest

from tiltyard.report.charts.heat_row import HEIGHT, heat_row, level
from tiltyard.report.charts.picture import WIDTH


@pytest.mark.parametrize(
    ("ratio", "wanted"), [(0.0, 0), (1.0, 0), (1.001, 1), (2.5, 2), (20.0, 3), (20.1, 4), (1e9, 4)]
)
def test_levels_begin_beyond_their_least_ratio(ratio: float, wanted: int) -> None:
    assert level(ratio) == wanted


def boxes(chart: str, css: str) -> list[tuple[int, int, int]]:
    """Left, width and height of each box of a class."""
    found = re.search(rf'class={css} d="([^"]*)"', chart)
    steps = found[1] if found else ""
    return [(int(x), int(w), int(h)) for x, w, h in re.findall(r"M(\d+) \d+h(\d+)v(\d+)", steps)]


def test_neighbours_of_a_level_are_one_box() -> None:
    chart = heat_row([0.5, 3.0, 4.0, 0.5, 3.0, None], [])
    assert boxes(chart, "h2") == [(100, 200, 12), (400, 100, 12)]
    assert boxes(chart, "none") == [(500, 100, 2)]
    assert "class=h0" not in chart


def test_a_higher_level_is_higher_so_that_colour_is_not_all() -> None:
    heights = [boxes(heat_row([r], []), f"h{k}")[0][2] for k, r in enumerate((1.5, 3, 9, 99), 1)]
    assert heights == sorted(set(heights))
    assert heights[-1] == HEIGHT


def test_marks_are_lines_over_the_whole_height() -> None:
    assert f'class=mark d="M150 0v{HEIGHT}M{WIDTH} 0v{HEIGHT}"' in heat_row([0.1], [0.25, 1.0])


def test_a_long_history_has_no_gaps_between_boxes() -> None:
    chart = heat_row([1.5 if k % 2 else 3.0 for k in range(1_009)], [])
    edges = sorted(boxes(chart, "h1") + boxes(chart, "h2"))
    assert all(a[0] + a[1] == b[0] for a, b in pairwise(edges))
    assert edges[-1][0] + edges[-1][1] == WIDTH


def test_nothing_is_drawn_of_no_pieces() -> None:
    assert "path" not in heat_row([], [])
