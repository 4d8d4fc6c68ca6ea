"""`tiltyard drift show`: the planes of a model, once or again and again."""

import difflib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Final

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live

from tiltyard.cli import screen
from tiltyard.cli.admin_options import Place
from tiltyard.cli.connection import NoAnswerError, NoGatewayError
from tiltyard.cli.drift_places import ROLES, asks_several, nothing_watched, read_planes
from tiltyard.cli.drift_span import SPAN
from tiltyard.cli.gateways import Gateways
from tiltyard.cli.render import as_json as json_of
from tiltyard.cli.render.formats import listed
from tiltyard.cli.version_number import VERSION
from tiltyard.errors import TiltyardError
from tiltyard.monitor.interface import WINDOW_S, DriftQuery
from tiltyard.monitor.snapshot import PlaneKey, Snapshot
from tiltyard.protocol.admin_limits import SPAN_S_MAX

if TYPE_CHECKING:
    from tiltyard.cli.render.drift_view import DriftView
    from tiltyard.monitor.statistics.measure import StreamMeasure

WATCH_S: Final = 2.0
WATCH_TIMEOUT_S: Final = 5.0
HISTORY_PIECES: Final = 24  # each as long as the window
FEATURES_SHOWN: Final = 20
FEATURES_SHOWN_MIN: Final = 5
# What a page has beside its features; on a terminal that is watched, all of it should fit.
LINES_BESIDE: Final = 20
AGAINST: Final = ("profile", "baseline", "previous", "week", "champion")
WORDS: Final = {"week_ago": "week"}  # where --against has others than the admin API
NAMES_SHOWN: Final = 5

wait = time.sleep


class UnknownFeatureError(TiltyardError):
    """The plane has no stream of this name."""

    exit_code: ClassVar[int] = 4


@dataclass(frozen=True, slots=True)
class Choice:
    """What the command line says is to be shown, and how."""

    query: DriftQuery
    against: str | None
    feature: str | None
    is_fine: bool
    shows_all: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What was read at a time; `views` has one plane in full, or as JSON every one.

    `silent` says which gateways did not answer, `problem` why nothing newer could be read. `pinned`
    are requests that asked for the version by its number, looked up where none was counted.
    """

    at_unix_s: float
    views: "Sequence[DriftView]"
    others: Sequence[Snapshot]
    silent: str = ""
    problem: str = ""
    pinned: int = 0


@click.command()
@click.argument("name", default="", metavar="[NAME]")
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
    "--against",
    type=click.Choice(AGAINST),
    help="What it is held against.  [default: baseline; before there is one, profile]",
)
@click.option("--feature", metavar="F", help="This feature or output alone, before and now.")
@click.option("--fine", "is_fine", is_flag=True, help="With --feature: every cell.")
@click.option("--all", "shows_all", is_flag=True, help="List every feature.")
@click.option("--watch", is_flag=True, help="Show it again every other second, until Ctrl-C.")
@asks_several
def show(
    name: str,
    version: int | None,
    role: str | None,
    segment: str | None,
    window: float,
    against: str | None,
    feature: str | None,
    is_fine: bool,
    shows_all: bool,
    watch: bool,
    places: tuple[Place, ...],
    timeout_s: float,
    as_json: bool,
) -> None:
    """Show what the requests of model NAME look like, the most changed features first.

    \b
      PSI      how much a feature differs; noise is what chance alone stays below in 99.9 %
      last ..  the PSI over time, in windows as long as this one
      outside  how many values lie outside the range of the reference
      mean     how far it has moved, in standard deviations
      !        an open alarm names the feature

    Without NAME there is a line for each model. Times are UTC.
    """
    if not name and (feature is not None or version is not None or role is not None):
        raise click.UsageError("--feature, --version and --role need the NAME of a model")
    query = DriftQuery(name or None, version, role, segment, window_s=window)
    choice = Choice(query, against, feature, is_fine, shows_all)
    if not watch:
        found = _read(places, choice, timeout_s, every=as_json)
        with _drawing(places, choice, as_json=as_json, is_live=False) as draw:
            draw(found)
        return
    try:
        _watch(places, choice, min(timeout_s, WATCH_TIMEOUT_S), as_json=as_json)
    except KeyboardInterrupt:
        return


def _read(places: Sequence[Place], choice: Choice, timeout_s: float, *, every: bool) -> Found:
    """One plane in full and the others without their history; with `every` all in full."""
    query, gateways = choice.query, Gateways(places)
    planes = read_planes(gateways, _of_pieces(query, 1), timeout_s)
    at = screen.now()
    if not planes:
        raise nothing_watched(query)
    if query.model is None and not every:
        return Found(at, (), planes, gateways.problem)
    if not every:
        key = planes[0].key
        query = replace(query, version=key.version, role=key.role, segment=key.segment)
    full = read_planes(gateways, _of_pieces(query, HISTORY_PIECES), timeout_s)
    if not full:  # it has ended between the two
        raise nothing_watched(query)
    views = [_view(snapshot, choice.against) for snapshot in full]
    if every and choice.feature is not None:
        _measure(views[0], choice.feature)
        views = [view.only(choice.feature) for view in views]
    if every:
        return Found(at, views, (), gateways.problem)
    pinned = 0 if views[0].report.rows else _pinned(gateways, full[0].key, timeout_s)
    return Found(at, views, planes[1:], gateways.problem, pinned=pinned)


def _pinned(gateways: Gateways, key: PlaneKey, timeout_s: float) -> int:
    try:
        answers = gateways.ask(lambda client: client.get_statistics(key.model, timeout_s=timeout_s))
    except TiltyardError:  # a hint, which the page does without
        return 0
    rows = [row for statistics in answers.values() for row in statistics]
    return sum(row.assigned for row in rows if (row.version, row.role) == (key.version, "pinned"))


def _view(snapshot: Snapshot, word: str | None) -> "DriftView":
    """Against what --against says. Raises StatisticsError, in its words, where there is no such."""
    from tiltyard.cli.render.drift_view import drift_view
    from tiltyard.monitor.statistics.against import Against, references
    from tiltyard.monitor.statistics.errors import StatisticsError

    against = next((one for one in Against if WORDS.get(one, one) == word), None)
    try:
        return drift_view(snapshot, against)
    except StatisticsError as error:
        key = snapshot.key
        there = ", ".join(WORDS.get(one, one) for one in references(snapshot))
        raise StatisticsError(
            f"{key.model} version {key.version} {key.role} cannot be held against {word!r}: there"
            f" is {there or 'nothing'}"
        ) from error


def _of_pieces(query: DriftQuery, pieces: int) -> DriftQuery:
    """With a history of so many windows, or as many as a gateway tells of."""
    pieces = max(1, min(pieces, int(SPAN_S_MAX / query.window_s)))
    return replace(query, pieces=pieces, history_s=pieces * query.window_s)


def _watch(places: Sequence[Place], choice: Choice, timeout_s: float, *, as_json: bool) -> None:
    """A gateway that does not answer any more is said to, and asked again."""
    from tiltyard.client.admin_errors import AdminTimeoutError, AdminUnavailableError

    gone = (AdminTimeoutError, AdminUnavailableError, NoAnswerError, NoGatewayError)
    newest: Found | None = None
    with _drawing(places, choice, as_json=as_json, is_live=True) as draw:
        while True:
            try:
                found = newest = _read(places, choice, timeout_s, every=as_json)
            except gone as error:
                if newest is None:
                    raise
                found = replace(newest, problem=str(error))
            draw(found)
            wait(WATCH_S)


@contextmanager
def _drawing(
    places: Sequence[Place], choice: Choice, *, as_json: bool, is_live: bool
) -> Iterator[Callable[[Found], None]]:
    """In place on a terminal that is watched; else one below the other, as JSON a line each."""
    from tiltyard.cli.render.drift_json import drift_document

    console = screen.make_console()
    address = ",".join(place.address for place in places)
    hint = f"every {WATCH_S:g} s; Ctrl-C ends it" if is_live else ""

    def page(found: Found) -> RenderableType:
        return _page(found, choice, places, console, hint)

    if as_json:
        write = json_of.line if is_live else json_of.document
        yield lambda found: click.echo(
            write(
                drift_document(found.at_unix_s, address, found.views, found.problem or found.silent)
            )
        )
    elif is_live and console.is_terminal and not console.is_dumb_terminal:
        with Live(console=console, auto_refresh=False, vertical_overflow="ellipsis") as live:
            yield lambda found: live.update(page(found), refresh=True)
    else:
        yield lambda found: screen.show(page(found), console)


def _page(
    found: Found, choice: Choice, places: Sequence[Place], console: Console, hint: str
) -> RenderableType:
    from tiltyard.cli.render.drift_feature import drift_feature
    from tiltyard.cli.render.drift_page import DriftPage, drift_page, no_answer, overview

    address = ",".join(place.address for place in places)
    now = screen.now()
    if not found.views:
        problem = found.problem or found.silent
        return overview(found.others, found.at_unix_s, address, console, hint, problem)
    (view,) = found.views
    if choice.feature is not None:
        measure = _measure(view, choice.feature)
        shown = drift_feature(view, measure, console, is_fine=choice.is_fine)
        problem = found.problem or found.silent
        return Group(no_answer(problem), shown) if problem else shown
    page = DriftPage(
        found.at_unix_s,
        address,
        view,
        found.others,
        address_is_default=all(place.is_default for place in places),
        features_max=_features_max(choice, console, is_live=bool(hint)),
        problem=found.problem,
        pinned=found.pinned,
    )
    return drift_page(page, now, console, hint)


def _features_max(choice: Choice, console: Console, *, is_live: bool) -> int | None:
    """All in a pipe; on a terminal that is watched as many as it has room for."""
    if choice.shows_all or not console.is_terminal:
        return None
    if is_live:
        return max(FEATURES_SHOWN_MIN, min(FEATURES_SHOWN, console.height - LINES_BESIDE))
    return FEATURES_SHOWN


def _measure(view: "DriftView", feature: str) -> "StreamMeasure":
    """Raises UnknownFeatureError, naming those that are like it."""
    found = view.measure(feature)
    if found is not None:
        return found
    names = [measure.stream for measure in view.report.streams]
    key = view.snapshot.key
    close = difflib.get_close_matches(feature, names, NAMES_SHOWN) or names[:NAMES_SHOWN]
    told = listed([repr(name) for name in close]) if close else "none"
    more = len(names) - len(close)
    raise UnknownFeatureError(
        f"{key.model} version {key.version} has no feature {feature!r}; it has {told}"
        + (f", and {more} more" if more else "")
    )
