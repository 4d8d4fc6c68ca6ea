"""A line for each plane: what is watched, where it stands, and what differs most."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tiltyard.cli.render.drift_slots import slot_words
from tiltyard.cli.render.drift_states import STYLES, state_word, worst_of
from tiltyard.cli.render.drift_view import drift_view, exceeds
from tiltyard.cli.render.drift_words import count, figure
from tiltyard.cli.render.formats import UNKNOWN, duration, one_line
from tiltyard.monitor.counting.layout import ROWS
from tiltyard.monitor.snapshot import Snapshot
from tiltyard.monitor.statistics.ranking import ranked


def planes_table(snapshots: Sequence[Snapshot], now: float, console: Console) -> Table:
    """Names of models where there are several of them."""
    models = {snapshot.key.model for snapshot in snapshots}
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    if len(models) > 1:
        table.add_column("model", overflow="fold")
    for header in ("version", "segment", "drift", "since", "skew"):
        is_free = header == "segment"
        table.add_column(header, no_wrap=not is_free, overflow="fold")
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("differs most", overflow="fold")
    named = ""
    for snapshot in snapshots:
        key = snapshot.key
        name = key.model if key.model != named or not console.is_terminal else ""
        named = key.model
        drift = worst_of("drift", snapshot.detectors)
        table.add_row(
            *([Text(name, style="bold")] if len(models) > 1 else []),
            Text.assemble(f"{key.version} {key.role}", (slot_words(snapshot), "dim")),
            Text(one_line(key.segment)),
            _state("drift", snapshot),
            Text(duration(now - drift.since) if drift is not None and drift.since else ""),
            _state("skew", snapshot),
            Text(count(int(snapshot.current.counts[ROWS]))),
            _most(snapshot),
        )
    return table


def _state(kind: str, snapshot: Snapshot) -> Text:
    worst = worst_of(kind, snapshot.detectors)
    if worst is None:
        return Text(UNKNOWN)
    alarms = sum(a.kind == kind and a.state == "open" for a in snapshot.alarms)
    told = f" ({alarms} open)" if kind == "drift" and alarms else ""
    return Text(state_word(worst) + told, style=STYLES.get(worst.state, ""))


def _most(snapshot: Snapshot) -> Text:
    """`amount, PSI 0.231`; nothing where no stream is above its noise."""
    streams = ranked(drift_view(snapshot).report.streams)
    if not streams or not exceeds(streams[0]):
        return Text("")
    return Text(f"{one_line(streams[0].stream)}, PSI {figure(streams[0].psi)}")
