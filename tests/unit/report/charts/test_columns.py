import numpy as np

from tests.unit.report.charts.test_picture import points
from tiltyard.report.charts.columns import columns
from tiltyard.report.charts.density import Layer
from tiltyard.report.charts.picture import HEIGHT, WIDTH


def test_columns_are_equally_wide_and_of_one_scale() -> None:
    before, after = np.array([0.5, 0.25, 0.25]), np.array([0.25, 0.25, 0.5])
    chart = columns([Layer("before", before), Layer("after", after)], "x")
    first, second = (points(part.split('"')[0]) for part in chart.split('d="')[1:])
    assert (WIDTH // 3, 2) in first
    assert (WIDTH, 2) in second
    assert (WIDTH // 3, 2) not in second
    assert (WIDTH // 3, 51) in second


def test_no_rows_and_no_cells_are_drawn_flat() -> None:
    chart = columns([Layer("before", np.zeros(2))], "x")
    assert {y for _, y in points(chart.split('d="')[1].split('"')[0])} == {HEIGHT}
    assert "svg" in columns([Layer("before", np.zeros(0))], "x")
