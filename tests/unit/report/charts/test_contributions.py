from tiltyard.monitor.statistics.measure import CellMeasure
from tiltyard.report.charts.contributions import HEIGHT, contributions


def cell(before: float, after: float, psi: float) -> CellMeasure:
    return CellMeasure("c", "finite", 0, 0, before, after, psi)


def test_more_rows_go_up_and_fewer_down() -> None:
    chart = contributions([cell(0.1, 0.2, 0.4), cell(0.2, 0.1, 0.2)], 0.4, "x")
    middle, full = HEIGHT // 2, HEIGHT // 2 - 1
    assert f'class=more d="M0 {middle - full}h296v{full}h-296z"' in chart
    assert f'class=less d="M300 {middle}h296v{round(full / 2)}' in chart


def test_what_rounds_to_nothing_has_no_column() -> None:
    chart = contributions([cell(0.1, 0.1, 0.0), cell(0.1, 0.1, 1e-6)], 1.0, "x")
    assert "class=more" not in chart
    assert "class=zero" in chart


def test_a_scale_of_0_divides_by_nothing() -> None:
    assert "class=more" not in contributions([cell(0.1, 0.2, 0.3)], 0.0, "x")
