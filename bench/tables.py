"""The tables a run ends with: medians with ratios, and the bars."""

from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from bench.results import Measurement, median
from bench.scenarios.scenario import Bar
from bench.servers import GATEWAY

# (value, heading, format) of the columns that a load report has.
_LOAD_COLUMNS = (
    ("throughput", "req/s", ",.0f"),
    ("server_cpu_us", "CPU us/req", ",.2f"),
    ("p50_us", "p50 us", ",.0f"),
    ("p99_us", "p99 us", ",.0f"),
    ("max_us", "max us", ",.0f"),
    ("client_busy", "client busy", ".0%"),
)
CLIENT_BUSY_MAX = 0.9


def _cells(found: Sequence[Measurement], key: tuple[str, str, str]) -> list[str]:
    cells = []
    for value, _, form in _LOAD_COLUMNS:
        number = median(found, *key, value)
        cells.append("" if number is None else format(number, form))
    return cells


def _ratios(found: Sequence[Measurement], key: tuple[str, str, str]) -> list[str]:
    """Ours over this server's throughput, and this server's CPU time over ours."""
    scenario, case, server = key
    if server == GATEWAY:
        return ["", ""]

    def both(value: str) -> tuple[float | None, float | None]:
        return (
            median(found, scenario, case, GATEWAY, value),
            median(found, scenario, case, server, value),
        )

    ours, theirs = both("throughput")
    busy = both("client_busy")
    saturated = any(b is not None and b >= CLIENT_BUSY_MAX for b in busy)
    speed = "" if ours is None or not theirs else f"{ours / theirs:,.1f}x"
    if speed and saturated:
        speed = "client limit"
    our_cpu, their_cpu = both("server_cpu_us")
    return [speed, "" if their_cpu is None or not our_cpu else f"{their_cpu / our_cpu:,.1f}x"]


def print_medians(console: Console, found: Sequence[Measurement]) -> None:
    """One line a case and server, with the gateway's ratios to its peers."""
    found = [m for m in found if m.values or m.faults]
    if not found:
        return
    table = Table(title="medians", title_justify="left")
    for heading in ("scenario", "case", "server", "runs"):
        table.add_column(heading)
    for _, heading, _ in _LOAD_COLUMNS:
        table.add_column(heading, justify="right")
    for heading in ("req/s ratio", "CPU ratio", "more"):
        table.add_column(heading, justify="right")
    keys = list(dict.fromkeys((m.scenario, m.case, m.server) for m in found))
    for key in keys:
        own = [m for m in found if (m.scenario, m.case, m.server) == key]
        good = [m for m in own if not m.faults]
        runs = f"{len(good)}" if len(good) == len(own) else f"[red]{len(good)}/{len(own)}[/red]"
        table.add_row(*key, runs, *_cells(found, key), *_ratios(found, key), _more(found, key))
    console.print(table)


def _more(found: Sequence[Measurement], key: tuple[str, str, str]) -> str:
    """Values only this scenario has."""
    shown = {name for name, _, _ in _LOAD_COLUMNS} | _SELDOM_SHOWN
    names = {n: None for m in found if (m.scenario, m.case, m.server) == key for n in m.values}
    told = []
    for name in names:
        number = None if name in shown else median(found, *key, name)
        if number is not None:
            told.append(f"{name} {number:,.4g}")
    return ", ".join(told)


_SELDOM_SHOWN = {
    "late_max_us",
    "completed",
    "replies",
    "server_busy",
    "p90_us",
    "p999_us",
    "server_cpu_s",
}


def print_bars(console: Console, bars: Sequence[Bar]) -> None:
    """Each bar, what was measured, and whether it is met."""
    if not bars:
        return
    table = Table(title="bars", title_justify="left")
    for heading in ("bar", "limit", "measured", "", "note"):
        table.add_column(heading)
    verdicts = {True: "[green]met[/green]", False: "[red]not met[/red]", None: "not measured"}
    for bar in bars:
        limit = f"{'>=' if bar.at_least else '<='} {bar.limit:g}"
        value = "" if bar.value is None else f"{bar.value:,.3g}"
        table.add_row(bar.text, limit, value, verdicts[bar.met], bar.note)
    console.print(table)


def bar_record(bar: Bar) -> dict[str, object]:
    """A bar as it is saved."""
    return {**asdict(bar), "met": bar.met}
