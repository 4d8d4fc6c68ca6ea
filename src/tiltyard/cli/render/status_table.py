"""The table of `tiltyard status`: a row for each slot of each model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tiltyard.cli.render.formats import (
    UNKNOWN,
    milliseconds,
    per_second,
    percent,
    remaining,
    since,
)
from tiltyard.cli.render.slots import (
    agreement_of,
    answers_of,
    asked_of,
    latency_of,
    measured_of,
    name_of,
    slots_of,
    warm_s,
)
from tiltyard.control.views import RouteView, SlotView

ERRORS_BAD: Final = 0.01
AGREES_BADLY: Final = 0.99
_ROLES: Final = {"champion": "bold", "canary": "cyan", "shadow": "magenta", "previous": "dim"}
_STATES: Final = {"ready": "green", "failed": "bold red"}
WIDTH_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class Layout:
    """How much room the table takes. `numbers` are the headers of what _numbers() gives."""

    numbers: tuple[str, ...]
    gap: int
    has_times: bool
    model_width_min: int


_HEADERS: Final = ("asked", "measured", "req/s", "errors", "p50 ms", "p99 ms", "agrees")
_SHORT_HEADERS: Final = ("asked", "got", "req/s", "errors", "p50ms", "p99ms", "agrees")
# The widest first.
LAYOUTS: Final = (
    Layout(_HEADERS, gap=2, has_times=True, model_width_min=1),
    Layout(_HEADERS, gap=1, has_times=True, model_width_min=1),
    Layout(_SHORT_HEADERS, gap=1, has_times=False, model_width_min=5),
)


def status_table(routes: Sequence[RouteView], now: float, console: Console) -> Table:
    """In the widest layout that fits the console, else in the narrowest."""
    endless = console.options.update(max_width=WIDTH_MAX)
    for layout in LAYOUTS:
        table = _table(routes, now, layout, names_repeated=not console.is_terminal)
        if console.measure(table, options=endless).maximum <= console.width:
            break
    return table


def _table(
    routes: Sequence[RouteView], now: float, layout: Layout, *, names_repeated: bool
) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, layout.gap, 0, 0), header_style="dim")
    names_shown = len(routes) > 1
    if names_shown:
        table.add_column("model", overflow="fold", min_width=layout.model_width_min)
    table.add_column("version", no_wrap=True)
    table.add_column("since", no_wrap=True)
    for header in layout.numbers:
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)
    for route in routes:
        rows = [_row(route, slot, now, layout) for slot in slots_of(route)]
        for index, row in enumerate(rows or [[Text("nobody", style="bold red")]]):
            name = route.model if index == 0 or names_repeated else ""
            table.add_row(*([Text(name, style="bold")] if names_shown else []), *row)
    return table


def _row(route: RouteView, slot: SlotView, now: float, layout: Layout) -> list[Text]:
    told = since(slot.since_unix_s, now)
    return [
        Text(name_of(slot), style=_ROLES.get(slot.role, "")),
        Text(told if layout.has_times else told.partition(" (")[0]),
        *_numbers(route, slot),
        _state(slot, now),
    ]


def _numbers(route: RouteView, slot: SlotView) -> list[Text]:
    """The previous champion answers nobody, so it has none."""
    if slot.role == "previous":
        return [Text("")] * len(_HEADERS)
    latency = latency_of(slot)
    rate = slot.requests_per_s
    return [
        _share(asked_of(route, slot)),
        _share(measured_of(slot)),
        Text(UNKNOWN if rate is None else per_second(rate)),
        _errors(answers_of(slot).error_rate),
        Text(UNKNOWN if latency is None else milliseconds(latency.p50_ms)),
        Text(UNKNOWN if latency is None else milliseconds(latency.p99_ms)),
        _agreement(slot),
    ]


def _share(fraction: float | None) -> Text:
    return Text(UNKNOWN if fraction is None else percent(fraction))


def _errors(rate: float | None) -> Text:
    if rate is None:
        return Text(UNKNOWN)
    style = "bold red" if rate >= ERRORS_BAD else "yellow" if rate else ""
    return Text(percent(rate), style=style)


def _agreement(slot: SlotView) -> Text:
    agrees = agreement_of(slot)
    if agrees is None:  # of a slot that nothing is compared with, there is nothing to know
        return Text(UNKNOWN if slot.role == "shadow" or slot.reverse_shadow else "")
    return Text(percent(agrees), style="yellow" if agrees < AGREES_BADLY else "")


def _state(slot: SlotView, now: float) -> Text:
    kept = warm_s(slot, now)
    told = f"warm {remaining(kept)}" if kept else slot.state
    return Text(told, style=_STATES.get(slot.state, "yellow"))
