"""Alarms in the terminal: each with what it names, since when, how much, and why."""

from collections.abc import Iterator
from typing import Final

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tiltyard.cli.render.drift_words import ago, figure, shift
from tiltyard.cli.render.formats import duration, one_line, percent, remaining, since, time_of
from tiltyard.monitor.snapshot import Alarm, AlarmStream, PlaneKey

STREAMS_SHOWN: Final = 5
NAMES_SHOWN: Final = 8


def alarm_block(alarm: Alarm, now: float) -> Group:
    """A line above, and below it each stream that leads, with its size and its cells."""
    head = Text.assemble(
        ("ALARM" if alarm.kind == "drift" else "skew", "bold red"),
        (f" {one_line(alarm.id)}", "bold"),
        f"  {state_words(alarm, now)}",
    )
    grid = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
    grid.add_column(overflow="fold", max_width=28)
    grid.add_column(overflow="fold")
    leading = [stream for stream in alarm.streams if stream.is_leading] or list(alarm.streams)
    for stream in leading[:STREAMS_SHOWN]:
        grid.add_row(Text(one_line(stream.stream) or '""', style="bold"), Text(_size(stream)))
        if stream.cells:
            grid.add_row("", Text(_cells(stream), style="dim"))
    shown = {stream.stream for stream in leading[:STREAMS_SHOWN]}
    others = [stream.stream for stream in alarm.streams if stream.stream not in shown]
    if others:
        grid.add_row(Text("others", style="dim"), Text(_names(others)))
    for label, told in _facts(alarm, now):
        grid.add_row(Text(label, style="dim"), Text(told))
    return Group(head, Padding(grid, (0, 0, 0, 2), expand=False))


def alarm_line(alarm: Alarm, now: float) -> Text:
    """One alarm among others: `a-17  drift  fraud v3 champion  open for 6 min  amount, country`."""
    leading = leading_words(alarm)
    style = "bold red" if alarm.state == "open" and alarm.kind == "drift" else ""
    text = Text().append(one_line(alarm.id), style="bold")
    text.append(f"  {alarm.kind}  {plane_words(alarm.key)}  ")
    text.append(state_words(alarm, now), style=style)
    if leading:
        text.append(f"  {leading}")
    return text


def leading_words(alarm: Alarm) -> str:
    """The streams that it leads with: `amount, country`."""
    return _names([stream.stream for stream in alarm.streams if stream.is_leading])


def plane_words(key: PlaneKey) -> str:
    """`fraud version 3 champion`, and its segment."""
    segment = f", {one_line(key.segment)}" if key.segment else ""
    return f"{key.model} version {key.version} {key.role}{segment}"


def state_words(alarm: Alarm, now: float) -> str:
    """`open for 6 min (09:54), acknowledged by ann: known`."""
    if alarm.closed_at is not None:
        return f"{one_line(alarm.closed_by) or alarm.state} {ago(alarm.closed_at, now)}"
    told = f"{alarm.state} for {since(alarm.crossed_at, now)}"
    if not alarm.acknowledged_by:
        return f"{told}, not acknowledged" if alarm.kind == "drift" else told
    note = f": {one_line(alarm.note)}" if alarm.note else ""
    return f"{told}, acknowledged by {one_line(alarm.acknowledged_by)}{note}"


def _size(stream: AlarmStream) -> str:
    told = [one_line(stream.change)]
    if stream.size_sigma is not None:
        error = f" +- {stream.size_error:.2f}" if stream.size_error is not None else ""
        told.append(f"{shift(stream.size_sigma)}{error} sd")
    told.append(f"PSI excess {figure(stream.psi_excess)}")
    told.append(f"{percent(stream.share)} of the evidence")
    if stream.is_confirmed:
        told.append("confirmed")
    return ", ".join(told)


def _cells(stream: AlarmStream) -> str:
    return ", ".join(
        f"{one_line(name)}: {percent(before)} -> {percent(after)}"
        for name, before, after in stream.cells
    )


def _facts(alarm: Alarm, now: float) -> Iterator[tuple[str, str]]:
    if alarm.cause:
        yield "cause", one_line(alarm.cause)
    began = time_of(alarm.onset, now)
    spread = f"{time_of(alarm.onset_from, now)} to {time_of(alarm.onset_to, now)}"
    yield "began", f"{began} ({spread}), seen {duration(alarm.crossed_at - alarm.onset)} later"
    reference = f"{alarm.reference_digest[:12]} of {alarm.n_reference:,} rows"
    rate = f"false alarms: 1 per {remaining(alarm.false_alarm_s)}"
    yield "against", f"{reference}, {alarm.n_current:,} rows since it began; {rate}"
    if alarm.kappa > 1:
        yield (
            "kappa",
            f"{figure(alarm.kappa)}: rows depend on each other, and so many tell as much as one",
        )


def _names(names: list[str]) -> str:
    shown = [one_line(name) or '""' for name in names[:NAMES_SHOWN]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
