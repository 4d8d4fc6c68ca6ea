"""All of `tiltyard drift NAME`: where it stands, the alarms, the features, and what comes next."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from tiltyard.cli.render.drift_alarms import alarm_block, alarm_line
from tiltyard.cli.render.drift_notes import baseline_words, notes, window_words
from tiltyard.cli.render.drift_planes import planes_table
from tiltyard.cli.render.drift_slots import slot_words
from tiltyard.cli.render.drift_spark import legend
from tiltyard.cli.render.drift_states import state_text
from tiltyard.cli.render.drift_steps import drift_steps
from tiltyard.cli.render.drift_table import beside_table, drift_table, hidden_words
from tiltyard.cli.render.drift_view import DriftView, exceeds, reference_words
from tiltyard.cli.render.drift_words import figure
from tiltyard.cli.render.formats import duration, one_line, timestamp
from tiltyard.cli.render.next_step import command_line
from tiltyard.monitor.snapshot import Snapshot
from tiltyard.monitor.statistics.ranking import ranked

LABEL_WIDTH: Final = len("not watched:")
CLOSED_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class DriftPage:
    """What was read at a time. `others` are the planes of the model beside the one that is shown.

    `address` has all gateways that were asked, with commas; `problem` says why nothing newer could
    be read. `features_max`: how many are listed; None lists all. `pinned` are requests that asked
    for the version by its number.
    """

    at_unix_s: float
    address: str
    view: DriftView
    others: Sequence[Snapshot] = ()
    address_is_default: bool = True
    features_max: int | None = None
    problem: str = ""
    pinned: int = 0


def drift_page(page: DriftPage, now: float, console: Console, hint: str = "") -> Group:
    """`now` is later than the page when no gateway answers any more."""
    view, snapshot = page.view, page.view.snapshot
    parts: list[RenderableType] = [_head(page)]
    if page.problem:
        age = duration(now - page.at_unix_s)
        told = f"no answer, what follows is {age} old: {one_line(page.problem)}"
        parts.append(Text(told, style="bold red"))
    parts += [_states(page), *_alarms(page), Text("")]
    parts += [_title(view), drift_table(view, console, page.features_max)]
    hidden = hidden_words(view, page.features_max)
    if hidden:
        parts.append(Text(f"and {hidden}; --all lists them", style="dim"))
    if snapshot.history:
        parts.append(Text(legend(is_ascii=console.options.ascii_only), style="dim"))
    if view.beside is not None:
        parts += [Text(""), Text("outputs against the champion's on the same requests")]
        parts.append(beside_table(view.beside))
    if page.others:
        parts += [Text(""), Text("also watched"), planes_table(page.others, now, console)]
    parts += [Text(""), _steps(page)]
    if hint:
        parts += [Text(""), Text(hint, style="dim")]
    return Group(*parts)


def overview(
    planes: Sequence[Snapshot],
    at_unix_s: float,
    address: str,
    console: Console,
    hint: str = "",
    problem: str = "",
) -> Group:
    """Every plane of every model, a line each."""
    models = len({snapshot.key.model for snapshot in planes})
    told = f"{models} model{'' if models == 1 else 's'} watched"
    where = f"{address.replace(',', ', ')}  {timestamp(at_unix_s)} UTC"
    parts: list[RenderableType] = [Text(f"{told}  {where}")]
    if problem:
        parts.append(no_answer(problem))
    parts += [Text(""), planes_table(planes, at_unix_s, console), Text("")]
    parts.append(Text("one of them: tiltyard drift NAME", style="dim"))
    if hint:
        parts.append(Text(hint, style="dim"))
    return Group(*parts)


def no_answer(problem: str) -> Text:
    return Text(f"no answer: {one_line(problem)}", style="bold red")


def plane_title(snapshot: Snapshot) -> Text:
    """`fraud  version 3 champion, country=NO`; `..., not serving` where it is of the past."""
    key = snapshot.key
    told = f"  version {key.version} {key.role}"
    text = Text.assemble((key.model, "bold"), told, (slot_words(snapshot), "bold yellow"))
    if key.segment:
        text.append(f", {one_line(key.segment)}", style="bold")
    return text


def _head(page: DriftPage) -> Text:
    text = plane_title(page.view.snapshot)
    text.append(f"  {page.address.replace(',', ', ')}")
    return text


def _states(page: DriftPage) -> Table:
    snapshot, now = page.view.snapshot, page.at_unix_s
    grid = Table.grid(padding=(0, 1, 0, 0), pad_edge=False)
    grid.add_column(no_wrap=True, min_width=LABEL_WIDTH)
    grid.add_column(overflow="fold")
    rows = [
        (Text("window:", style="dim"), Text(window_words(snapshot.current))),
        (Text("drift:", style="dim"), state_text("drift", snapshot.detectors, now)),
        (Text("skew:", style="dim"), _skew(page.view, now)),
        (Text("baseline:", style="dim"), Text(baseline_words(snapshot.baseline, now))),
    ]
    rows += [
        (Text(f"{note.label}:", style=note.style), Text(note.told)) for note in notes(snapshot, now)
    ]
    if page.pinned:
        asked = f"{page.pinned:,} request{'' if page.pinned == 1 else 's'} since it was loaded"
        told = f"{asked} asked for the version by its number; what does is not counted"
        rows.append((Text("pinned:", style="yellow"), Text(told)))
    for row in rows:
        grid.add_row(*row)
    return grid


def _skew(view: DriftView, now: float) -> Text:
    """Its state, and what differs most where the table is about drift."""
    text = state_text("skew", view.snapshot.detectors, now)
    if view.skew is None:
        return text
    above = sum(map(exceeds, view.skew.streams))
    if not above:
        return text.append("; now nothing is above its noise")
    most = ranked(view.skew.streams)[0]
    return text.append(f"; now {one_line(most.stream)} differs most, PSI {figure(most.psi)}")


def _alarms(page: DriftPage) -> Iterator[RenderableType]:
    now = page.at_unix_s
    for alarm in page.view.open_alarms:
        yield Text("")
        yield alarm_block(alarm, now)
    closed = [alarm for alarm in page.view.snapshot.alarms if alarm.state != "open"]
    newest = sorted(closed, key=lambda alarm: -(alarm.closed_at or alarm.crossed_at))
    if newest:
        yield Text("")
    for alarm in newest[:CLOSED_SHOWN]:
        yield Text.assemble(("closed  ", "dim"), alarm_line(alarm, now))


def _title(view: DriftView) -> Text:
    """What the table tells, and from what."""
    told = f"{view.against.word} from {reference_words(view.snapshot, view.against)}"
    return Text(told, style="bold")


def _steps(page: DriftPage) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0), pad_edge=False)
    grid.add_column(no_wrap=True, min_width=LABEL_WIDTH)
    grid.add_column(overflow="fold")
    first, _, _ = page.address.partition(",")
    for at, step in enumerate(drift_steps(page.view)):
        # A baseline is made of one gateway's traffic.
        address = first if step.command.startswith("tiltyard drift accept ") else page.address
        command = command_line(step, address, is_default=page.address_is_default)
        told = Text.assemble((command, "bold"), (f"  # {step.why}", "dim"))
        grid.add_row(Text("or:" if at else "next:", style="dim"), told)
    return grid
