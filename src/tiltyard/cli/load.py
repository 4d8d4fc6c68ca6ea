"""`tiltyard load` and `unload`: versions that are kept in memory."""

import click

from tiltyard.cli.admin_options import Place, changes
from tiltyard.cli.connection import gateway_at
from tiltyard.cli.progress import loading
from tiltyard.cli.screen import show_change
from tiltyard.cli.version_number import VERSION


@click.command()
@click.argument("name")
@click.argument("version", type=VERSION)
@changes
def load(
    name: str,
    version: int,
    place: Place,
    timeout_s: float,
    expected_epoch: int | None,
    as_json: bool,
) -> None:
    """Keep version VERSION of model NAME in memory, and wait until it is there.

    It answers requests that ask for it by number; nothing else changes.
    """
    with loading(name, version, timeout_s), gateway_at(place) as client:
        route = client.load_version(
            name, version, timeout_s=timeout_s, expected_epoch=expected_epoch
        )
    show_change(f"version {version} of {name} is loaded", route, place, as_json=as_json)


@click.command()
@click.argument("name")
@click.argument("version", type=VERSION)
@changes
def unload(
    name: str,
    version: int,
    place: Place,
    timeout_s: float,
    expected_epoch: int | None,
    as_json: bool,
) -> None:
    """No longer keep version VERSION of model NAME in memory.

    Requests under way are answered. A version that serves, challenges or is kept warm for a
    rollback is refused.
    """
    with gateway_at(place) as client:
        route = client.unload_version(
            name, version, timeout_s=timeout_s, expected_epoch=expected_epoch
        )
    show_change(f"version {version} of {name} is unloaded", route, place, as_json=as_json)
