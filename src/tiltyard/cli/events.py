"""`tiltyard events`: what has been changed, by whom, and when."""

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Final

import click

from tiltyard.cli.admin_options import Place, asks
from tiltyard.cli.connection import gateway_at
from tiltyard.cli.render import as_json as json_of
from tiltyard.cli.render.event_line import event_line
from tiltyard.control.views import EventView
from tiltyard.errors import TiltyardError

if TYPE_CHECKING:
    from tiltyard.client.admin_client import AdminClient

SHOWN_BEFORE_FOLLOWING: Final = 10


class FollowEndedError(TiltyardError):
    """The gateway went away while its events were followed."""

    exit_code: ClassVar[int] = 13


@click.command()
@click.argument("name", default="", metavar="[NAME]")
@click.option("--follow", is_flag=True, help="Go on with those that come, until Ctrl-C.")
@click.option(
    "--after",
    type=click.IntRange(min=0),
    metavar="SEQ",
    help="Only those after this number."
    f"  [default: all; with --follow the last {SHOWN_BEFORE_FOLLOWING}]",
)
@asks
def events(
    name: str, follow: bool, after: int | None, place: Place, timeout_s: float, as_json: bool
) -> None:
    """List what was changed, of model NAME or of all: a line for each event, the newest last.

    With --json each line is a document.
    """
    try:
        with gateway_at(place) as client:
            if follow:
                found = _follow(client, name, after, timeout_s)
            else:
                found = client.watch(after or 0, name, follow=False, timeout_s=timeout_s)
            for event in found:
                click.echo(json_of.line(event) if as_json else event_line(event))
    except KeyboardInterrupt:
        if not follow:
            raise


def _follow(
    client: "AdminClient", name: str, after: int | None, timeout_s: float
) -> Iterator[EventView]:
    """Those after `after`, or a few of the newest; and then those that come."""
    from tiltyard.client.admin_errors import AdminUnavailableError

    if after is None:
        before = client.watch(0, name, follow=False, timeout_s=timeout_s)
        newest = deque(before, maxlen=SHOWN_BEFORE_FOLLOWING)
        yield from newest
        after = newest[-1].seq if newest else 0
    with client.watch(after, name, follow=True) as coming:
        try:
            for event in coming:
                yield event
                after = event.seq
        except AdminUnavailableError as error:
            raise FollowEndedError(
                f"{error.message}; go on where this ended with: --after {after}"
            ) from error
