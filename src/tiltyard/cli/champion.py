"""`tiltyard champion`, `promote` and `rollback`: who serves."""

from typing import Literal

import click

from tiltyard.cli.admin_options import Place, changes
from tiltyard.cli.connection import gateway_at
from tiltyard.cli.progress import loading, waiting
from tiltyard.cli.screen import show_change
from tiltyard.cli.version_number import VERSION


@click.command()
@click.argument("name")
@click.argument("version", type=VERSION)
@changes
def champion(
    name: str,
    version: int,
    place: Place,
    timeout_s: float,
    expected_epoch: int | None,
    as_json: bool,
) -> None:
    """Let version VERSION of model NAME serve: load it, then swap it in.

    No request fails or waits meanwhile. The champion of before is kept warm, so that a rollback
    takes no time. If the version cannot be loaded, the champion stays. Challengers stay too; one
    of them is made the champion with: tiltyard promote.
    """
    with loading(name, version, timeout_s), gateway_at(place) as client:
        route = client.set_champion(
            name, version, timeout_s=timeout_s, expected_epoch=expected_epoch
        )
    show_change(f"version {version} of {name} serves", route, place, as_json=as_json)


@click.command()
@click.argument("name")
@click.argument("version", type=VERSION, required=False)
@changes
def promote(
    name: str,
    version: int | None,
    place: Place,
    timeout_s: float,
    expected_epoch: int | None,
    as_json: bool,
) -> None:
    """Make a challenger of model NAME its champion.

    VERSION is needed only where several challenge; the others go on. The champion of before is
    kept warm: tiltyard rollback brings it back at once.
    """
    with waiting(f"promoting a challenger of {name}"), gateway_at(place) as client:
        route = client.promote(name, version, timeout_s=timeout_s, expected_epoch=expected_epoch)
    promoted = route.champion.version if version is None and route.champion else version
    show_change(f"version {promoted} of {name} is promoted", route, place, as_json=as_json)


@click.command()
@click.argument("name")
@click.option(
    "--to",
    type=click.Choice(["previous", "champion"]),
    help="champion: stop the canaries; previous: that too, and let the previous champion serve."
    "  [default: champion if there are canaries, else previous]",
)
@changes
def rollback(
    name: str,
    to: Literal["previous", "champion"] | None,
    place: Place,
    timeout_s: float,
    expected_epoch: int | None,
    as_json: bool,
) -> None:
    """Go back to what served model NAME before, at once.

    Canaries are stopped. If there are none, the previous champion serves again; doing so twice is
    refused unless --to says how far. Shadows go on, for nobody sees their answers. It works when
    the registry does not, and says that a restart of the gateway would undo it as long as it is not
    recorded.
    """
    with gateway_at(place) as client:
        route = client.rollback(name, to, timeout_s=timeout_s, expected_epoch=expected_epoch)
    show_change(f"{name} is rolled back", route, place, as_json=as_json)
