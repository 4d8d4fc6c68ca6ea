"""`tiltyard status`: who serves, how it goes, and what comes next."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console, RenderableType
from rich.live import Live

from tiltyard.cli import screen
from tiltyard.cli.admin_options import Place, asks
from tiltyard.cli.connection import gateway_at
from tiltyard.cli.render import as_json as json_of
from tiltyard.cli.render.status_page import Status, status_page
from tiltyard.control.views import ModelView

if TYPE_CHECKING:
    from tiltyard.client.admin_client import AdminClient
    from tiltyard.monitor.snapshot import Alarm

WATCH_S: Final = 1.0
WATCH_TIMEOUT_S: Final = 5.0
MODELS_S: Final = 5.0  # every version's manifest is read from the store for them

wait = time.sleep


class Reader:
    """Reads the status of a gateway, again and again. Raises AdminCallError."""

    def __init__(self, client: "AdminClient", name: str, place: Place, timeout_s: float) -> None:
        self._client = client
        self._name = name
        self._place = place
        self._timeout_s = timeout_s
        self._models: Sequence[ModelView] = ()
        self._models_at = float("-inf")

    def read(self) -> Status:
        routes = self._client.get_route(self._name, timeout_s=self._timeout_s)
        statistics = self._client.get_statistics(self._name, timeout_s=self._timeout_s)
        alarms = self._read_alarms()
        at = screen.now()
        if not 0 <= at - self._models_at < MODELS_S:
            self._models = self._read_models()
            self._models_at = at
        return Status(
            at,
            self._place.address,
            routes,
            self._models,
            statistics,
            alarms,
            address_is_default=self._place.is_default,
        )

    def _read_alarms(self) -> "Sequence[Alarm]":
        """None of a gateway that does not watch drift, or is too old to."""
        import grpc

        from tiltyard.client.admin_errors import AdminCallError, AdminPreconditionError

        try:
            return self._client.list_alarms(self._name, open_only=True, timeout_s=self._timeout_s)
        except AdminPreconditionError:
            return ()
        except AdminCallError as error:
            if error.code is not grpc.StatusCode.UNIMPLEMENTED:
                raise
            return ()

    def _read_models(self) -> Sequence[ModelView]:
        if self._name:
            return [self._client.get_model(self._name, timeout_s=self._timeout_s)]
        return self._client.list_models(timeout_s=self._timeout_s)


@click.command()
@click.argument("name", default="", metavar="[NAME]")
@click.option("--watch", is_flag=True, help="Show it again every second, until Ctrl-C.")
@asks
def status(name: str, watch: bool, place: Place, timeout_s: float, as_json: bool) -> None:
    """Show who serves model NAME, or every model, and how it goes.

    \b
      asked, measured  the share of the requests; of a shadow, how many it sees
      errors           how many of the requests that it was given failed
      agrees           how many of a shadow's answers are the champion's

    Numbers are those since the last change of the model. Below the table stands what is not as
    it is wanted, and the command that most likely comes next. Times are UTC.
    """
    with gateway_at(place) as client:
        if not watch:
            found = Reader(client, name, place, timeout_s).read()
            _show(found, screen.make_console(), as_json)
            return
        reader = Reader(client, name, place, min(timeout_s, WATCH_TIMEOUT_S))
        try:
            _watch(reader, as_json)
        except KeyboardInterrupt:
            return


def _show(found: Status, console: Console, as_json: bool) -> None:
    if as_json:
        click.echo(json_of.document(_as_json(found)))
    else:
        screen.show(status_page(found, found.at_unix_s, console), console)


def _as_json(found: Status) -> dict[str, object]:
    return {
        "at_unix_s": found.at_unix_s,
        "admin": found.address,
        "problem": found.problem,
        "routes": found.routes,
        "models": found.models,
        "statistics": found.statistics,
        "alarms": found.alarms,
    }


def _watch(reader: Reader, as_json: bool) -> None:
    """A gateway that does not answer any more is said to, and asked again."""
    from tiltyard.client.admin_errors import AdminTimeoutError, AdminUnavailableError

    newest: Status | None = None
    with _drawing(as_json) as draw:
        while True:
            try:
                found = newest = reader.read()
            except (AdminTimeoutError, AdminUnavailableError) as error:
                if newest is None:
                    raise
                found = replace(newest, problem=error.message)
            draw(found)
            wait(WATCH_S)


@contextmanager
def _drawing(as_json: bool) -> Iterator[Callable[[Status], None]]:
    """In place on a terminal; else one below the other, as JSON a line each."""
    console = screen.make_console()
    if as_json:
        yield lambda found: click.echo(json_of.line(_as_json(found)))
    elif console.is_terminal:
        with Live(console=console, auto_refresh=False, vertical_overflow="ellipsis") as live:
            yield lambda found: live.update(_page(found, console), refresh=True)
    else:
        yield lambda found: screen.show(_page(found, console), console)


def _page(found: Status, console: Console) -> RenderableType:
    return status_page(found, screen.now(), console, "every second; Ctrl-C ends it")
