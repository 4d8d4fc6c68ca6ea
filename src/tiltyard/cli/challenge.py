"""`tiltyard challenge` and `stop-challenge`: versions beside the champion."""

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import click

from tiltyard.cli.admin_options import Place, as_percent, as_rules, changes
from tiltyard.cli.connection import gateway_at
from tiltyard.cli.progress import loading
from tiltyard.cli.render.change_report import slot_words
from tiltyard.cli.screen import show_change
from tiltyard.cli.version_number import VERSION
from tiltyard.cli.wanted_challenge import WantedChallenge, check_update
from tiltyard.control.views import OutputRule, RouteView

if TYPE_CHECKING:
    from tiltyard.client.admin_client import AdminClient


@click.command(
    epilog="Give the sign with a percentage: 5%, 0.1%. Calling it again changes a challenge that"
    " runs: another share, sample or comparison, or a shadow that becomes a canary."
)
@click.argument("name")
@click.argument("version", type=VERSION)
@click.option(
    "--canary",
    "share",
    metavar="SHARE",
    callback=as_percent,
    help="It answers this share of the requests, taken from the champion.",
)
@click.option(
    "--shadow",
    "is_shadow",
    is_flag=True,
    help="It answers nobody: its answers are compared with the champion's.",
)
@click.option(
    "--sample",
    metavar="SHARE",
    callback=as_percent,
    help="How many of the requests a shadow sees.  [default: 100%]",
)
@click.option(
    "--split",
    type=click.Choice(["key", "request"]),
    help="Of a canary; key: a key (metadata tiltyard-key) always meets the same version."
    "  [default: request]",
)
@click.option(
    "--reverse-shadow/--no-reverse-shadow",
    default=None,
    help="Of a canary: the champion shadows its requests, those in --sample.",
)
@click.option(
    "--compare",
    metavar="OUTPUT=HOW",
    multiple=True,
    callback=as_rules,
    help="How an output of a shadow is compared: label (equal), argmax, or"
    " tolerance:ATOL[:RTOL]. May be repeated.  [default: as its type is]",
)
@changes
def challenge(
    name: str,
    version: int,
    share: Decimal | None,
    is_shadow: bool,
    sample: Decimal | None,
    split: Literal["key", "request"] | None,
    reverse_shadow: bool | None,
    compare: tuple[OutputRule, ...],
    place: Place,
    timeout_s: float,
    expected_epoch: int | None,
    as_json: bool,
) -> None:
    """Put version VERSION of model NAME beside its champion.

    \b
      tiltyard challenge fraud 2 --shadow --sample 20%
      tiltyard challenge fraud 2 --shadow --compare score=tolerance:0.01
      tiltyard challenge fraud 2 --canary 5%

    It is loaded first; the champion serves on whatever becomes of it.
    """
    wanted = WantedChallenge(
        name,
        version,
        "shadow" if is_shadow else "canary",
        share,
        sample,
        split,
        reverse_shadow,
        compare,
    )
    wanted.check()
    with loading(name, version, timeout_s), gateway_at(place) as client:
        route = _start_or_update(client, wanted, timeout_s, expected_epoch)
    slot = next(slot for slot in route.challengers if slot.version == version)
    served = f"champion {route.champion.version} of {name}" if route.champion else name
    show_change(f"{slot_words(slot)} challenges {served}", route, place, as_json=as_json)


@click.command()
@click.argument("name")
@click.argument("version", type=VERSION)
@changes
def stop_challenge(
    name: str,
    version: int,
    place: Place,
    timeout_s: float,
    expected_epoch: int | None,
    as_json: bool,
) -> None:
    """Take challenger VERSION of model NAME out.

    A canary's share goes back to the champion; other challengers go on. The version stays loaded.
    """
    with gateway_at(place) as client:
        route = client.stop_challenge(
            name, version, timeout_s=timeout_s, expected_epoch=expected_epoch
        )
    show_change(f"version {version} of {name} challenges no more", route, place, as_json=as_json)


def _start_or_update(
    client: "AdminClient", wanted: WantedChallenge, timeout_s: float, expected_epoch: int | None
) -> RouteView:
    (route,) = client.get_route(wanted.name, timeout_s=timeout_s)
    slot = next((slot for slot in route.challengers if slot.version == wanted.version), None)
    if slot is None or slot.role != wanted.mode:
        return client.start_challenge(
            wanted.name,
            wanted.version,
            wanted.mode,
            share=wanted.share,
            sample=wanted.sample,
            split=wanted.split,
            reverse_shadow=bool(wanted.reverse_shadow),
            compare=wanted.compare,
            timeout_s=timeout_s,
            expected_epoch=expected_epoch,
        )
    check_update(wanted, route, slot)
    return client.update_challenge(
        wanted.name,
        wanted.version,
        share=wanted.share,
        sample=wanted.sample,
        reverse_shadow=wanted.reverse_shadow,
        compare=wanted.compare or None,
        timeout_s=timeout_s,
        expected_epoch=expected_epoch,
    )
