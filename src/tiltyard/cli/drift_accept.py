"""`tiltyard drift accept`: recent traffic becomes what drift is held against."""

import click

from tiltyard.cli import screen
from tiltyard.cli.admin_options import Place, asks
from tiltyard.cli.connection import gateway_at
from tiltyard.cli.drift_span import SPAN
from tiltyard.cli.render.formats import one_line
from tiltyard.cli.version_number import VERSION


@click.command()
@click.argument("name")
@click.option("--version", type=VERSION, help="Of this version.  [default: the champion]")
@click.option(
    "--window",
    type=SPAN,
    required=True,
    metavar="SPAN",
    help="How much of the newest traffic: 90m, 24h, 7d.",
)
@asks
def accept(
    name: str, version: int | None, window: float, place: Place, timeout_s: float, as_json: bool
) -> None:
    """Accept the newest traffic of model NAME as its baseline: that is how it should be.

    From then on drift is what differs from it. The baseline is kept beside the version, with who
    accepted it and when; it is never changed, only followed by another. Alarms that are open
    against the one before are closed, and drift warms up again before it pages.
    """
    # Imported here: --help needs neither numpy nor grpc.
    from tiltyard.cli.render.as_json import document
    from tiltyard.cli.render.drift_accepted import accepted_lines, accepted_object
    from tiltyard.client.admin_errors import AdminCallError
    from tiltyard.monitor.interface import DriftQuery

    problem, planes = "", []
    with gateway_at(place) as client:
        found = client.accept_baseline(name, version, window_s=window, timeout_s=timeout_s)
        try:
            planes = client.get_drift(DriftQuery(name, version, pieces=1), timeout_s=timeout_s)
        except AdminCallError as error:  # it has been accepted all the same
            problem = f"whether an alarm is in the window could not be read: {error}"
    if as_json:
        click.echo(document({**accepted_object(found, planes), "problem": problem}))
        return
    for line in accepted_lines(name, found, planes, screen.now()):
        click.echo(line)
    if problem:
        click.echo(f"  {one_line(problem)}")
    click.echo(f"  next: tiltyard drift {name} --watch  # what differs from it")
