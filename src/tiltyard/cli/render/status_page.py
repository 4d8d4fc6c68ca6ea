"""All of `tiltyard status`: a line above, the table, and below it what each model needs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tiltyard.cli.render.drift_status import drift_notes
from tiltyard.cli.render.formats import duration, one_line, timestamp
from tiltyard.cli.render.next_step import command_line, next_step
from tiltyard.cli.render.slots import canaries_of
from tiltyard.cli.render.status_notes import needs_a_look, notes
from tiltyard.cli.render.status_table import status_table
from tiltyard.control.views import ModelView, RouteView, StatisticsRow, VersionView
from tiltyard.monitor.snapshot import Alarm

LABEL_WIDTH: Final = len("other versions:")


@dataclass(frozen=True, slots=True)
class Status:
    """What was read of a gateway at a time. `models` is as old as it may be, or empty.

    `address_is_default`: commands reach this gateway without --admin. `problem` says why nothing
    newer could be read.
    """

    at_unix_s: float
    address: str
    routes: Sequence[RouteView]
    models: Sequence[ModelView] = ()
    statistics: Sequence[StatisticsRow] = ()
    alarms: Sequence[Alarm] = ()
    address_is_default: bool = True
    problem: str = ""


def status_page(status: Status, now: float, console: Console, hint: str = "") -> Group:
    """`now` is later than `status` when the gateway does not answer any more."""
    versions = {model.model: model.versions for model in status.models}
    parts: list[RenderableType] = [_head(status)]
    if status.problem:
        age = duration(now - status.at_unix_s)
        told = f"no answer, what follows is {age} old: {one_line(status.problem)}"
        parts.append(Text(told, style="bold red"))
    parts.append(Text(""))
    if status.routes:
        parts.append(status_table(status.routes, status.at_unix_s, console))
    else:
        parts.append(Text(f"publish one with: {_publish(status)}"))
    for route in status.routes:
        parts += _below(status, route, versions.get(route.model, ()))
    if hint:
        parts += [Text(""), Text(hint, style="dim")]
    return Group(*parts)


def _head(status: Status) -> Text:
    where = f"  {status.address}  {timestamp(status.at_unix_s)} UTC"
    if len(status.routes) != 1:
        head = Text(f"{len(status.routes) or 'no'} models{where}")
        pressing = [route.model for route in status.routes if needs_a_look(route)]
        if pressing:
            head.append(f"  needs a look: {', '.join(pressing)}", style="bold red")
        return head
    (route,) = status.routes
    split = ", canaries by key" if route.split == "key" and canaries_of(route) else ""
    return Text.assemble((route.model, "bold"), f"  epoch {route.epoch}{split}{where}")


def _below(
    status: Status, route: RouteView, versions: Sequence[VersionView]
) -> Iterator[RenderableType]:
    """Nothing for one of several models of which there is nothing to say."""
    is_only = len(status.routes) == 1
    step = next_step(route, versions, status.at_unix_s)
    alarms = [alarm for alarm in status.alarms if alarm.key.model == route.model]
    drift = list(drift_notes(alarms, status.at_unix_s))
    if step.is_idle and not is_only and not drift and not needs_a_look(route):
        return
    yield Text("")
    if not is_only:
        yield Text(f"{route.model}  epoch {route.epoch}", style="bold")
    grid = Table.grid(padding=(0, 1, 0, 0), pad_edge=False)
    grid.add_column(no_wrap=True, min_width=LABEL_WIDTH)
    grid.add_column(overflow="fold")
    rows = [row for row in status.statistics if row.model == route.model]
    for note in [*drift, *notes(route, versions, rows)]:
        grid.add_row(Text(f"{note.label}:", style=note.style), Text(note.told))
    command = command_line(step, status.address, is_default=status.address_is_default)
    told = Text.assemble((command, "bold"), (f"  # {step.why}", "dim"))
    grid.add_row(Text("next:", style="dim"), told)
    yield grid if is_only else Padding(grid, (0, 0, 0, 2), expand=False)


def _publish(status: Status) -> str:
    return f"tiltyard publish NAME FILE.onnx --admin {status.address}"
