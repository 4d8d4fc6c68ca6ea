"""`tiltyard route`: how the requests for a model are routed."""

import click

from tiltyard.cli import screen
from tiltyard.cli.admin_options import Place, asks
from tiltyard.cli.connection import gateway_at
from tiltyard.cli.render.as_json import document
from tiltyard.cli.render.route_lines import route_lines


@click.command()
@click.argument("name")
@asks
def route(name: str, place: Place, timeout_s: float, as_json: bool) -> None:
    """Show exactly how the requests for model NAME are routed.

    Epoch, salt, buckets and times: what --expected-epoch means, and what a routing decision can be
    computed from. For rates, errors and latencies see: tiltyard status.
    """
    with gateway_at(place) as client:
        (view,) = client.get_route(name, timeout_s=timeout_s)
    if as_json:
        click.echo(document(view))
    else:
        click.echo("\n".join(route_lines(view, screen.now())))
