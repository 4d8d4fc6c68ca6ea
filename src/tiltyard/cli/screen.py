"""Where commands write: a terminal gets colours and its width, all else plain lines of any length.

`now` is the time of day that ages are counted from.
"""

import sys
import time
from typing import Final

import click
from rich.console import Console, RenderableType

from tiltyard.cli.admin_options import Place
from tiltyard.cli.render.as_json import document
from tiltyard.cli.render.change_report import change_report
from tiltyard.control.views import RouteView

PLAIN_WIDTH: Final = 10_000

now = time.time


def make_console() -> Console:
    """For stdout."""
    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(
        file=sys.stdout,
        width=PLAIN_WIDTH,
        force_terminal=False,
        color_system=None,
        highlight=False,
    )


def show(renderable: RenderableType, console: Console) -> None:
    """Print it; no line of plain text ends with spaces."""
    if console.is_terminal:
        console.print(renderable)
        return
    with console.capture() as written:
        console.print(renderable)
    for line in written.get().splitlines():
        click.echo(line.rstrip())


def show_change(done: str, route: RouteView, place: Place, *, as_json: bool) -> None:
    """What a command has changed: `done` in words, and the route that is in force."""
    if as_json:
        click.echo(document(route))
        return
    lines = change_report(done, route, now(), place.address, address_is_default=place.is_default)
    click.echo("\n".join(lines))
