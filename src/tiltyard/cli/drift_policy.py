"""`tiltyard drift policy`: what counts as drift of a model, and what is kept of its requests."""

from typing import TYPE_CHECKING

import click

from tiltyard.cli.admin_options import Place, asks
from tiltyard.cli.connection import gateway_at
from tiltyard.cli.drift_span import SPAN
from tiltyard.cli.render.as_json import document

if TYPE_CHECKING:
    from tiltyard.client.drift_requests import PolicyChanges


def as_segments(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """FEATURE=VALUE, again and again, for an option's callback. Raises BadParameter."""
    found = []
    for text in values:
        feature, separator, value = text.partition("=")
        if not (feature and separator and value):
            raise click.BadParameter(
                f"{text!r} is no segment, expected FEATURE=VALUE such as country=NO", ctx, param
            )
        found.append((feature, value))
    return tuple(found)


@click.command()
@click.argument("name")
@click.option(
    "--delta",
    type=float,
    metavar="SD",
    help="Shifts of a mean below so many standard deviations do not matter.",
)
@click.option(
    "--delta-indicator",
    type=float,
    metavar="SHARE",
    help="Changes of rates (missing, unseen, out of range) below this do not matter.",
)
@click.option(
    "--segment",
    "segments",
    multiple=True,
    metavar="FEATURE=VALUE",
    callback=as_segments,
    help="Watch these requests apart, too. Repeat for each; they replace those there are.",
)
@click.option("--no-segments", is_flag=True, help="Watch no requests apart any more.")
@click.option(
    "--rows-independent/--no-rows-independent",
    "rows_independent",
    default=None,
    help="The rows of one request do not depend on each other (scoring batches).",
)
@click.option(
    "--capture/--no-capture",
    "captures_values",
    default=None,
    help="Keep the values of the strangest rows.",
)
@click.option(
    "--auto-accept/--no-auto-accept",
    "accepts_by_itself",
    default=None,
    help="A version's first traffic becomes its baseline.",
)
@click.option(
    "--baseline-window",
    type=SPAN,
    metavar="SPAN",
    help="How long that first traffic is watched at most.",
)
@click.option(
    "--baseline-rows", type=click.IntRange(min=1), metavar="N", help="Or how many rows it has."
)
@click.option(
    "--expected-epoch",
    type=click.IntRange(min=0),
    metavar="N",
    help="Change nothing if the policy's epoch is another by now.",
)
@asks
def policy(
    name: str,
    delta: float | None,
    delta_indicator: float | None,
    segments: tuple[tuple[str, str], ...],
    no_segments: bool,
    rows_independent: bool | None,
    captures_values: bool | None,
    accepts_by_itself: bool | None,
    baseline_window: float | None,
    baseline_rows: int | None,
    expected_epoch: int | None,
    place: Place,
    timeout_s: float,
    as_json: bool,
) -> None:
    """Show the drift policy of model NAME; with options, change these and nothing else.

    \b
      tiltyard drift policy fraud --delta 0.05 --segment country=NO --segment country=SE
    """
    if segments and no_segments:
        raise click.UsageError("--segment and --no-segments exclude each other")
    from tiltyard.cli.render.drift_policy_lines import policy_lines
    from tiltyard.monitor.policy import Segment

    values = {
        "delta": delta,
        "delta_indicator": delta_indicator,
        "rows_independent": rows_independent,
        "captures_values": captures_values,
        "accepts_by_itself": accepts_by_itself,
        "baseline_window_s": baseline_window,
        "baseline_rows": baseline_rows,
        "segments": tuple(Segment(*pair) for pair in segments) if segments or no_segments else None,
    }
    changes: PolicyChanges = {  # type: ignore[assignment]  # each is of its field's type
        field: value for field, value in values.items() if value is not None
    }
    if expected_epoch is not None and not changes:
        raise click.UsageError("--expected-epoch goes with what is to change")
    with gateway_at(place) as client:
        if changes:
            found = client.set_drift_policy(
                name, expected_epoch=expected_epoch, timeout_s=timeout_s, **changes
            )
        else:
            found = client.get_drift_policy(name, timeout_s=timeout_s)
    if as_json:
        click.echo(document(found))
    else:
        click.echo("\n".join(policy_lines(name, found)))
