"""One feature before and now, side by side: its cells as bars, and what each adds to the PSI."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from tiltyard.cli.render.drift_notes import window_words
from tiltyard.cli.render.drift_page import LABEL_WIDTH, plane_title
from tiltyard.cli.render.drift_spark import bar, legend, spark
from tiltyard.cli.render.drift_view import DriftView, exceeds, reference_words
from tiltyard.cli.render.drift_words import (
    figure,
    is_worse,
    probability,
    rate,
    rows,
    shift,
)
from tiltyard.cli.render.formats import UNKNOWN, one_line, percent, remaining
from tiltyard.monitor.profile.stream import Stream
from tiltyard.monitor.statistics.cause import cause
from tiltyard.monitor.statistics.measure import CellMeasure, Rate, StreamMeasure

CELL_WIDTH_MAX: Final = 28
BAR_WIDTH_MAX: Final = 40
BAR_WIDTH_MIN: Final = 8
# What the table has beside the bars: two shares, the PSI, and the room between them.
FIXED_WIDTH: Final = 30


def drift_feature(
    view: DriftView, measure: StreamMeasure, console: Console, *, is_fine: bool
) -> Group:
    """`is_fine`: every cell, else the groups of cells that the PSI is the sum over."""
    cells = measure.cells if is_fine else measure.coarse
    parts: list[RenderableType] = [_head(view, measure)]
    grid = Table.grid(padding=(0, 1, 0, 0), pad_edge=False)
    grid.add_column(no_wrap=True, min_width=LABEL_WIDTH)
    grid.add_column(overflow="fold")
    for label, told in _facts(view, measure):
        grid.add_row(Text(f"{label}:", style="dim"), told)
    is_ascii = console.options.ascii_only
    if view.snapshot.history:
        at = view.report.streams.index(measure)
        psi, band = view.series.psi[at].tolist(), view.series.band[at].tolist()
        line = spark(psi, band, len(psi), is_ascii=is_ascii)
        span = remaining(view.series.end[-1] - view.series.begin[0])
        line.append(f"  the last {span}", style="dim")
        grid.add_row(Text("history:", style="dim"), line)
    parts += [grid, Text(""), _cells(cells, console)]
    if not is_fine and len(measure.coarse) < len(measure.cells):
        parts.append(Text(f"--fine shows all {len(measure.cells)} cells", style="dim"))
    if view.snapshot.history:
        parts.append(Text(legend(is_ascii=is_ascii), style="dim"))
    return Group(*parts)


def _head(view: DriftView, measure: StreamMeasure) -> Text:
    text = Text().append(one_line(measure.stream) or '""', style="bold")
    text.append(f"  {measure.kind} {measure.group} of ")
    return text.append_text(plane_title(view.snapshot))


def _facts(view: DriftView, measure: StreamMeasure) -> Iterator[tuple[str, Text]]:
    snapshot = view.snapshot
    before = reference_words(snapshot, view.against)
    yield "before", Text(f"{before}, {measure.n_reference:,} of this {measure.group}")
    yield "now", Text(f"{window_words(snapshot.current)}, {measure.n:,} of this {measure.group}")
    if not measure.n:
        yield view.against.word, Text(f"{rows(0)} of it in this window: nothing can be said")
        return
    size = Text().append(f"PSI {figure(measure.psi)}", "bold red" if exceeds(measure) else "bold")
    size.append(f", by chance up to {figure(measure.psi_band)}, p {probability(measure.psi_p)}")
    yield view.against.word, size
    skew = view.skew_of(measure.stream)
    if skew is not None:
        style = "bold red" if exceeds(skew) else ""
        told = f", by chance up to {figure(skew.psi_band)}"
        yield "skew", Text.assemble((f"PSI {figure(skew.psi)}", style), told)
    yield "size", Text(", ".join(_sizes(measure)))
    yield "quality", _quality(measure)
    explained = cause(measure)
    if explained:
        yield "cause", Text(explained, style="bold")
    stream = next((s for s in snapshot.profile.streams if s.name == measure.stream), None)
    if stream is not None and (stream.unit or stream.scale != 1.0):
        yield "unit", Text(_unit(stream))


def _unit(stream: Stream) -> str:
    scale = f"the values below times {stream.scale:g}" if stream.scale != 1.0 else "as below"
    return f"{scale}, in {one_line(stream.unit)}" if stream.unit else scale


def _sizes(measure: StreamMeasure) -> Iterator[str]:
    if measure.location is not None:
        yield f"mean {shift(measure.location)} sd (z {shift(measure.location_z)})"
    if measure.variance_ratio is not None:
        yield f"variance x{figure(measure.variance_ratio)}"
    if measure.wasserstein is not None:
        yield f"Wasserstein {figure(measure.wasserstein)} sd"
    if measure.ks is not None:
        yield f"KS {figure(measure.ks)}"
    else:
        p = probability(measure.chi_square_p)
        yield f"chi-square {figure(measure.chi_square)} (p {p})"
    yield f"JS distance {figure(measure.js_distance)}"
    if measure.linf is not None:
        yield f"largest {percent(measure.linf)} in {one_line(measure.linf_cell)}"


def _quality(measure: StreamMeasure) -> Text:
    rates = (
        ("missing", measure.missing),
        ("unseen", measure.unseen),
        ("outside", measure.out_of_range),
    )
    text = Text()
    for name, found in rates:
        if found is None:
            continue
        text.append(", " if text else "")
        text.append(f"{name} {_between(found)}", style="bold red" if is_worse(found) else "")
    return text


def _between(found: Rate) -> str:
    """With its interval, and what it was."""
    if not found.n:
        return UNKNOWN
    told = f"{rate(found)} ({percent(found.low)} to {percent(found.high)})"
    return f"{told}, was {percent(found.reference)}"


def _cells(cells: Sequence[CellMeasure], console: Console) -> Table:
    is_ascii = console.options.ascii_only
    names = [one_line(cell.name) for cell in cells]
    name_width = min(max(map(len, names), default=0), CELL_WIDTH_MAX)
    room = (console.width - name_width - FIXED_WIDTH) // 2
    width = max(BAR_WIDTH_MIN, min(BAR_WIDTH_MAX, room))
    full = max((max(cell.share, cell.reference_share) for cell in cells), default=0.0)
    most = max((cell.psi for cell in cells), default=0.0)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("cell", overflow="fold", max_width=CELL_WIDTH_MAX)
    table.add_column("before", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, min_width=width)
    table.add_column("now", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, min_width=width)
    table.add_column("PSI", justify="right", no_wrap=True)
    for name, cell in zip(names, cells, strict=True):
        style = "bold red" if most > 0 and cell.psi >= most / 2 and cell.psi >= 0.001 else ""
        table.add_row(
            Text(name),
            Text(percent(cell.reference_share)),
            Text(bar(cell.reference_share, full, width, is_ascii=is_ascii), style="dim"),
            Text(percent(cell.share)),
            Text(bar(cell.share, full, width, is_ascii=is_ascii), style=style or "cyan"),
            Text(figure(cell.psi), style=style),
        )
    return table
