"""Distributions by cell: a column each, all of one width."""

from collections.abc import Sequence

from markupsafe import Markup

from tiltyard.report.charts.density import Layer
from tiltyard.report.charts.picture import HEIGHT, WIDTH, path, picture, staircase


def columns(layers: Sequence[Layer], label: str) -> Markup:
    """Every layer has as many shares, float64[cells]; the highest of all fills the height."""
    cells = len(layers[0].shares)
    peak = max((float(layer.shares.max(initial=0.0)) for layer in layers), default=0.0) or 1.0
    xs = [round(WIDTH * k / max(1, cells)) for k in range(cells + 1)]
    body = []
    for layer in layers:
        ys = [HEIGHT - round(float(share) / peak * (HEIGHT - 2)) for share in layer.shares]
        body.append(path(layer.css, staircase(xs, ys, HEIGHT)))
    return picture("density", label, body)
