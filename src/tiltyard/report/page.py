"""The drift report as one HTML page that needs nothing but itself: no network, and no script.

Everything on it that is a statistic comes from tiltyard.monitor.statistics, and the counts behind
it are in the page, as JSON.
"""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tiltyard.cli.render.formats import percent, timestamp
from tiltyard.monitor.snapshot import Snapshot
from tiltyard.monitor.statistics.merge import merge
from tiltyard.report import figures
from tiltyard.report.charts.heat_row import LEVELS
from tiltyard.report.definitions import RECOMPUTE, terms
from tiltyard.report.exported_counts import exported
from tiltyard.report.plane import models_of, plane


def render(snapshots: Sequence[Snapshot], *, generated_at: float) -> str:
    """The page of these planes, in their order; `generated_at` in unix seconds.

    Snapshots of one plane and profile, which several gateways gave, are merged. Raises
    StatisticsError where they cannot be (a gateway twice, pieces of different lengths), and
    ValueError where counts are not of their profile's layout.
    """
    merged = _merged(snapshots)
    planes = tuple(
        plane(snapshot, f"p{number}", generated_at) for number, snapshot in enumerate(merged, 1)
    )
    text = (
        _environment()
        .get_template("page.html")
        .render(
            planes=planes,
            models=models_of(planes),
            generated_at=generated_at,
            terms=terms(),
            recompute=RECOMPUTE,
            counts=_as_script(exported(merged, generated_at)),
            levels=LEVELS,
        )
    )
    # Half of a surrogate pair, as undecodable bytes leave in a name, cannot be written to a file.
    return text.encode("utf-8", "replace").decode("utf-8")


def _merged(snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    planes: dict[tuple[Any, str], list[Snapshot]] = {}
    for snapshot in snapshots:
        planes.setdefault((snapshot.key, snapshot.profile.digest), []).append(snapshot)
    return [merge(of_one) for of_one in planes.values()]


def _as_script(value: dict[str, Any]) -> Markup:
    """JSON that can stand in a `script` element: nothing in it can end it, or begin a comment."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tiltyard.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        decimal=figures.decimal,
        signed=figures.signed,
        probability=figures.probability,
        rate=figures.rate,
        count=figures.count,
        rows=figures.rows,
        short=figures.short,
        percent=percent,
        timestamp=timestamp,
    )
    return environment
