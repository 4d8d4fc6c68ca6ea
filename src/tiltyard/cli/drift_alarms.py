"""`tiltyard drift alarms` and `ack`: what has been found, and who has seen to it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from tiltyard.cli import screen
from tiltyard.cli.admin_options import Place
from tiltyard.cli.connection import gateway_at
from tiltyard.cli.drift_places import asks_several
from tiltyard.cli.events import FollowEndedError
from tiltyard.cli.gateways import Gateways
from tiltyard.cli.render import as_json as json_of

if TYPE_CHECKING:
    from tiltyard.monitor.snapshot import Alarm


@click.command()
@click.argument("name", default="", metavar="[NAME]")
@click.option("--open", "open_only", is_flag=True, help="Only those that are open.")
@click.option("--follow", is_flag=True, help="Tell what alarms do from now on, until Ctrl-C.")
@click.option(
    "--after",
    type=click.IntRange(min=0),
    metavar="SEQ",
    help="With --follow: also what they have done after this number.",
)
@asks_several
def alarms(
    name: str,
    open_only: bool,
    follow: bool,
    after: int | None,
    places: tuple[Place, ...],
    timeout_s: float,
    as_json: bool,
) -> None:
    """List the alarms of model NAME, or of all: the open ones in full, then those closed.

    With --follow there is a line for each thing that an alarm does; with --json a document each.
    """
    if after is not None and not follow:
        raise click.UsageError("--after goes with --follow")
    if follow:
        if len(places) > 1:
            raise click.UsageError("--follow goes with one gateway: each counts its own events")
        _follow(name, after, places[0], as_json=as_json)
        return
    gateways = Gateways(places)
    answers = gateways.ask(
        lambda client: client.list_alarms(name, open_only=open_only, timeout_s=timeout_s)
    )
    found = [alarm for alarms in answers.values() for alarm in alarms]
    if as_json:
        told = {"at_unix_s": screen.now(), "problem": gateways.problem, "alarms": found}
        click.echo(json_of.document(told))
        return
    from tiltyard.cli.render.drift_alarm_list import alarm_list
    from tiltyard.cli.render.drift_page import no_answer

    console = screen.make_console()
    if gateways.silent:
        screen.show(no_answer(gateways.problem), console)
    screen.show(alarm_list(found, name, screen.now(), open_only=open_only), console)


@click.command()
@click.argument("alarm_id", metavar="ALARM_ID")
@click.option("--note", default="", metavar="TEXT", help="What is to be kept with it.")
@asks_several
def ack(
    alarm_id: str, note: str, places: tuple[Place, ...], timeout_s: float, as_json: bool
) -> None:
    """Say that somebody has seen to alarm ALARM_ID; who, when and the note are kept.

    It stays open until the traffic is as it was, or is accepted: tiltyard drift accept.
    """
    alarm = _acknowledge(places, alarm_id, note, timeout_s)
    if as_json:
        click.echo(json_of.document(alarm))
        return
    from tiltyard.cli.render.drift_alarms import alarm_line

    screen.show(alarm_line(alarm, screen.now()), screen.make_console())


def _acknowledge(places: Sequence[Place], alarm_id: str, note: str, timeout_s: float) -> "Alarm":
    """On every gateway that has it; on one at least. Raises AdminNotFoundError."""
    from tiltyard.client.admin_errors import AdminNotFoundError

    found: Alarm | None = None
    unknown: AdminNotFoundError | None = None
    for place in places:
        try:
            with gateway_at(place) as client:
                found = client.ack_alarm(alarm_id, note, timeout_s=timeout_s)
        except AdminNotFoundError as error:
            unknown = error
    if found is None and unknown is not None:
        raise unknown
    assert found is not None, "there is at least one place"
    return found


def _follow(name: str, after: int | None, place: Place, *, as_json: bool) -> None:
    from tiltyard.cli.render.drift_alarm_list import event_text
    from tiltyard.client.admin_errors import AdminUnavailableError

    console, seen = screen.make_console(), after
    try:
        with gateway_at(place) as client, client.watch_alarms(after, name) as watch:
            for event in watch:
                if as_json:
                    click.echo(json_of.line(event))
                else:
                    screen.show(event_text(event), console)
                seen = event.seq
    except AdminUnavailableError as error:
        go_on = f"; go on where this ended with: --after {seen}" if seen is not None else ""
        raise FollowEndedError(f"{error.message}{go_on}") from error
    except KeyboardInterrupt:
        return
