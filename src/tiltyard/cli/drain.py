"""`tiltyard drain`: end a gateway gently."""

import click

from tiltyard.cli.admin_options import Place, asks
from tiltyard.cli.connection import gateway_at
from tiltyard.cli.render.as_json import document


@click.command()
@asks
def drain(place: Place, timeout_s: float, as_json: bool) -> None:
    """Have the gateway finish the requests that it accepted, and end.

    As SIGTERM does. Returns when it has begun to.
    """
    with gateway_at(place) as client:
        client.drain(timeout_s=timeout_s)
    if as_json:
        click.echo(document({"admin": place.address, "draining": True}))
    else:
        click.echo(f"{place.address} finishes what it accepted, and ends")
