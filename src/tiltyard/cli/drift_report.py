"""`tiltyard drift report`: all of it as one HTML page."""

import os
from pathlib import Path

import click

from tiltyard.cli import screen
from tiltyard.cli.admin_options import Place
from tiltyard.cli.drift_places import ROLES, asks_several, nothing_watched, read_planes
from tiltyard.cli.drift_span import SPAN
from tiltyard.cli.gateways import Gateways
from tiltyard.cli.render.as_json import document
from tiltyard.cli.render.formats import one_line
from tiltyard.cli.version_number import VERSION
from tiltyard.errors import ClientError
from tiltyard.monitor.interface import WINDOW_S, DriftQuery

PIECES = 48
HISTORY_S = 86_400.0


@click.command()
@click.argument("name")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The file to write; one that is there is replaced.",
)
@click.option("--version", type=VERSION, help="Only this version.")
@click.option("--role", metavar="ROLE", help=f"Only this role: {', '.join(ROLES)}.")
@click.option("--segment", metavar="F=V", help="Only this segment; '' is the whole traffic.")
@click.option(
    "--window",
    type=SPAN,
    default=WINDOW_S,
    metavar="SPAN",
    help="How much traffic counts as now: 90s, 10m, 24h.  [default: 10m]",
)
@click.option(
    "--history",
    type=SPAN,
    default=HISTORY_S,
    metavar="SPAN",
    help="How far back the page looks; at least the window.  [default: 1d]",
)
@asks_several
def report(
    name: str,
    output: Path,
    version: int | None,
    role: str | None,
    segment: str | None,
    window: float,
    history: float,
    places: tuple[Place, ...],
    timeout_s: float,
    as_json: bool,
) -> None:
    """Write what is watched of model NAME as one HTML page, which needs no network.

    \b
      tiltyard drift report fraud -o report.html
    """
    query = DriftQuery(
        name,
        version,
        role,
        segment,
        window_s=window,
        pieces=PIECES,
        history_s=max(window, history),
    )
    gateways = Gateways(places)
    planes = read_planes(gateways, query, timeout_s)
    if not planes:
        raise nothing_watched(query)
    # Imported here: --help needs no templates.
    from tiltyard.report.page import render

    size = _write(output, render(planes, generated_at=screen.now()))
    if as_json:
        keys = [snapshot.key for snapshot in planes]
        told = {"file": str(output), "bytes": size, "planes": keys, "problem": gateways.problem}
        click.echo(document(told))
    else:
        count = f"{len(planes)} plane{'' if len(planes) == 1 else 's'}"
        click.echo(f"{output}: {count} of {name}, {size / 1_000:,.0f} kB")
        if gateways.silent:
            click.echo(f"no answer: {one_line(gateways.problem)}")


def _write(output: Path, page: str) -> int:
    """All of it or nothing: what was there stays until the new page is whole."""
    data = page.encode()
    beside = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        try:
            beside.write_bytes(data)
            beside.replace(output)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise ClientError(f"cannot write {output}: {error.strerror or error}") from error
    return len(data)
