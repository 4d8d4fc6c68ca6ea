import numpy as np

from tests.unit.report.charts.test_picture import points
from tiltyard.report.charts.density import Layer, density
from tiltyard.report.charts.picture import HEIGHT, WIDTH


def drawn(edges: list[float], shares: list[float]) -> list[tuple[int, int]]:
    found = density(np.array(edges), [Layer("before", np.array(shares))], "x")
    assert found is not None
    return points(found.chart.split('d="')[1].split('"')[0])


def test_heights_are_shares_by_width() -> None:
    corners = drawn([0, 1, 2, 4, 5, 6], [0.2, 0.2, 0.4, 0.1, 0.1])
    # The third cell has twice the rows on twice the width: as dense as the first two.
    assert corners[1:-1:2] == [(0, 2), (100, 2), (200, 2), (400, 51), (500, 51)]
    assert corners[-1] == (WIDTH, HEIGHT)


def test_outermost_cells_are_cut_at_the_ends() -> None:
    edges = np.array([-1_000.0, 0, 1, 2, 3, 4, 900.0])
    found = density(edges, [Layer("a", np.full(6, 1 / 6))], "x")
    assert found is not None
    assert (found.low, found.high) == (-1.0, 5.0)
    xs = [x for x, _ in points(found.chart.split('d="')[1].split('"')[0])]
    assert min(xs) == 0
    assert max(xs) == WIDTH


def test_cells_that_one_axis_cannot_show_are_refused() -> None:
    layer = [Layer("a", np.full(8, 1 / 8))]
    spread = np.array([0, 0.01, 0.1, 1, 10, 100, 1_000, 10_000, 1e5])
    assert density(spread, layer, "x") is None
    assert density(np.array([0, 0, 1, 2, 3, 4, 5, 6, 7.0]), layer, "x") is None
    assert density(np.arange(4.0), [Layer("a", np.full(3, 1 / 3))], "x") is None


def test_a_point_mass_is_refused_and_so_is_nothing() -> None:
    edges = np.array([0, 1e-6, 1, 2, 3, 4, 5, 6.0])
    assert density(edges, [Layer("a", np.full(7, 1 / 7))], "x") is None
    assert density(np.arange(8.0), [Layer("a", np.zeros(7))], "x") is None


def test_all_layers_have_one_scale() -> None:
    layers = [Layer("a", np.full(6, 0.05)), Layer("b", np.full(6, 0.1))]
    found = density(np.arange(7.0), layers, "x")
    assert found is not None
    low, high = (points(part.split('"')[0]) for part in found.chart.split('d="')[1:])
    assert HEIGHT - min(y for _, y in high) == 2 * (HEIGHT - min(y for _, y in low))
