"""The table of `tiltyard drift`: a row a stream, the most changed first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tiltyard.cli.render.drift_spark import spark
from tiltyard.cli.render.drift_view import DriftView, exceeds
from tiltyard.cli.render.drift_words import (
    count,
    figure,
    is_worse,
    most_changed,
    rate,
    shift,
)
from tiltyard.cli.render.formats import one_line, percent, remaining
from tiltyard.cli.render.status_table import WIDTH_MAX
from tiltyard.monitor.profile.stream import Group
from tiltyard.monitor.statistics.measure import Report, StreamMeasure
from tiltyard.monitor.statistics.ranking import ranked

TITLES: Final = {
    Group.feature: "features",
    Group.output: "outputs",
    Group.joint: "rows as a whole",
}
MARK: Final = "! "  # of streams that an open alarm leads with
NAME_WIDTH_MAX: Final = 28


@dataclass(frozen=True, slots=True)
class Layout:
    """How much room the table takes: how many pieces of the history, and what is left out."""

    pieces: int
    gap: int
    has_excess: bool
    has_skew: bool
    has_cell: bool
    name_width_max: int | None = None  # longer names go on below


# The widest first.
LAYOUTS: Final = (
    Layout(24, gap=2, has_excess=True, has_skew=True, has_cell=True),
    Layout(24, gap=2, has_excess=True, has_skew=True, has_cell=False),
    Layout(18, gap=1, has_excess=False, has_skew=True, has_cell=False),
    Layout(12, gap=1, has_excess=False, has_skew=False, has_cell=False),
)


def drift_table(view: DriftView, console: Console, features_max: int | None) -> Table:
    """In the widest layout that fits the console, else in the narrowest.

    At most `features_max` features are listed; None lists all.
    """
    endless = console.options.update(max_width=WIDTH_MAX)
    for layout in LAYOUTS:
        for name_width in (None, NAME_WIDTH_MAX):
            table = _table(view, replace(layout, name_width_max=name_width), console, features_max)
            if console.measure(table, options=endless).maximum <= console.width:
                return table
    return table


def hidden_words(view: DriftView, features_max: int | None) -> str:
    """`175 more features, none of them above its noise band`; nothing where all are shown."""
    features = ranked(_of_group(view.report, Group.feature))
    hidden = features[features_max:] if features_max is not None else ()
    if not hidden:
        return ""
    above = sum(map(exceeds, hidden))
    told = f"{len(hidden):,} more feature{'' if len(hidden) == 1 else 's'}"
    beyond = f"{above:,} of them" if above else "none of them"
    return f"{told}, {beyond} above the noise"


def beside_table(report: Report) -> Table:
    """A challenger's outputs against the champion's of the same requests."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("output", overflow="fold")
    for header in ("PSI", "noise", "KS", "mean, sd", "rows"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("most changed", overflow="fold")
    for measure in ranked(_of_group(report, Group.output)):
        table.add_row(
            Text(one_line(measure.stream)),
            _psi(measure),
            Text(figure(measure.psi_band), style="dim"),
            Text(figure(measure.ks)),
            Text(shift(measure.location)),
            Text(count(measure.n)),
            _cell(measure),
        )
    return table


def _table(view: DriftView, layout: Layout, console: Console, features_max: int | None) -> Table:
    pieces = min(layout.pieces, len(view.snapshot.history))
    layout = replace(layout, pieces=max(pieces, 1))
    skew = {found.stream: found for found in view.skew.streams} if view.skew else {}
    table = Table(box=None, pad_edge=False, padding=(0, layout.gap, 0, 0), header_style="dim")
    table.add_column("feature", overflow="fold", max_width=layout.name_width_max)
    for header in ("PSI", "noise", *(["excess"] if layout.has_excess else [])):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column(_span(view, layout.pieces), no_wrap=True, min_width=layout.pieces)
    for header in ("rows", "missing", "unseen", "outside", "mean"):
        table.add_column(header, justify="right", no_wrap=True)
    if skew and layout.has_skew:
        table.add_column("skew PSI", justify="right", no_wrap=True)
    if layout.has_cell:
        table.add_column("most changed", overflow="fold")
    places = {found.stream: at for at, found in enumerate(view.report.streams)}
    leading = {
        stream.stream for alarm in view.open_alarms for stream in alarm.streams if stream.is_leading
    }
    for group, title in TITLES.items():
        measures = ranked(_of_group(view.report, group))
        if group is Group.feature:
            measures = measures[:features_max]
        elif measures:
            table.add_row("")
            table.add_row(Text(title, style="dim"))
        for measure in measures:
            table.add_row(
                _name(measure, is_leading=measure.stream in leading),
                *_figures(measure, layout),
                _spark(view, places[measure.stream], layout, console),
                *_rates(measure),
                *([_psi(skew[measure.stream])] if skew and layout.has_skew else []),
                *([_cell(measure)] if layout.has_cell else []),
            )
    return table


def _name(measure: StreamMeasure, *, is_leading: bool) -> Text:
    text = Text().append(MARK if is_leading else "", style="bold red")
    name = one_line(measure.stream) or '""'
    return text.append(name, style="bold" if exceeds(measure) else "")


def _of_group(report: Report, group: Group) -> list[StreamMeasure]:
    return [measure for measure in report.streams if measure.group == group]


def _span(view: DriftView, pieces: int) -> str:
    """`last 4 h`: how long the blocks are together."""
    history: Sequence[object] = view.snapshot.history
    if not history:
        return ""
    newest = view.series.end[-1]
    return f"last {remaining(newest - view.series.begin[-pieces:][0])}"


def _spark(view: DriftView, at: int, layout: Layout, console: Console) -> Text:
    if not view.snapshot.history:
        return Text("")
    psi, band = view.series.psi[at], view.series.band[at]
    is_ascii = console.options.ascii_only
    return spark(psi.tolist(), band.tolist(), layout.pieces, is_ascii=is_ascii)


def _figures(measure: StreamMeasure, layout: Layout) -> list[Text]:
    found = [_psi(measure), Text(figure(measure.psi_band), style="dim")]
    if layout.has_excess:
        found.append(Text(figure(measure.psi_excess)))
    return found


def _psi(measure: StreamMeasure) -> Text:
    return Text(figure(measure.psi), style="bold red" if exceeds(measure) else "")


def _rates(measure: StreamMeasure) -> list[Text]:
    rates = (measure.missing, measure.unseen, measure.out_of_range)
    return [
        Text(count(measure.n)),
        *(Text(rate(found), style="bold red" if is_worse(found) else "") for found in rates),
        Text(shift(measure.location) if measure.location is not None else ""),
    ]


def _cell(measure: StreamMeasure) -> Text:
    cell = most_changed(measure)
    if cell is None or not exceeds(measure):
        return Text("")
    shares = f"{percent(cell.reference_share)} -> {percent(cell.share)}"
    return Text(f"{one_line(cell.name)}: {shares}")
