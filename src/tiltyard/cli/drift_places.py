"""Reads the planes of one gateway, or those of several as if it were one."""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import click

from tiltyard.cli import screen
from tiltyard.cli.admin_options import ADMIN_VARIABLE, Place, as_place, asks_at
from tiltyard.cli.gateways import Gateways
from tiltyard.cli.render.drift_slots import is_of_now
from tiltyard.config import DEFAULT_ADMIN
from tiltyard.errors import TiltyardError

if TYPE_CHECKING:
    from tiltyard.monitor.interface import DriftQuery
    from tiltyard.monitor.snapshot import PlaneKey, Snapshot

Command = TypeVar("Command", bound=Callable[..., Any])
# How planes are listed; a role of a newer gateway comes last.
ROLES = ("champion", "canary", "champion-as", "shadow", "shadowed")


class NothingWatchedError(TiltyardError):
    """No plane is what was asked for."""

    exit_code: ClassVar[int] = 4


def as_places(ctx: click.Context, param: click.Parameter, value: str) -> tuple[Place, ...]:
    """HOST:PORT, or several of them with commas between, for an option's callback.

    Raises BadParameter.
    """
    places = [as_place(ctx, param, part) for part in value.split(",")]
    found = tuple(place for place in places if place is not None)
    addresses = [place.address for place in found]
    twice = next((address for address in addresses if addresses.count(address) > 1), None)
    if twice is not None:
        raise click.BadParameter(f"{twice} is there twice", ctx, param)
    return found


def asks_several(command: Command) -> Command:
    """The options of a command that reads one gateway or more: `places`, `as_json`, `timeout_s`."""
    return asks_at(
        click.option(
            "--admin",
            "places",
            metavar="HOST:PORT,...",
            envvar=ADMIN_VARIABLE,
            default=DEFAULT_ADMIN,
            show_default=True,
            show_envvar=True,
            callback=as_places,
            help="Where the gateway answers operators; the counts of several are added.",
        ),
        command,
    )


def read_planes(gateways: Gateways, query: "DriftQuery", timeout_s: float) -> "list[Snapshot]":
    """The planes that are asked for, merged; those of the whole traffic come first.

    Each says which gateways are not counted in it. Raises what a client raises where none answers,
    and StatisticsError where gateways cannot be merged.
    """
    from tiltyard.monitor.statistics.merge import merge

    if len(gateways) > 1 and query.end is None:  # for all the same window
        query = replace(query, end=math.floor(screen.now()) + 1.0)  # the second that is open, too
    answers = gateways.ask(lambda client: client.get_drift(query, timeout_s=timeout_s))
    found: dict[PlaneKey, dict[str, Snapshot]] = {}
    for address, snapshots in answers.items():
        for snapshot in snapshots:
            named = snapshot if snapshot.gateways else replace(snapshot, gateways=(address,))
            found.setdefault(snapshot.key, {})[address] = named
    silent = [f"{one} is not counted here: {why}" for one, why in gateways.silent.items()]
    merged = []
    for at in found.values():
        told = replace(merge(list(at.values())), slot=_slot(at.values()))
        lacking = [address for address in answers if address not in at]
        if lacking:
            problem = f"{', '.join(lacking)} does not watch this, and is not counted here"
            told = replace(told, problems=(*told.problems, problem))
        merged.append(replace(told, problems=(*told.problems, *silent)))
    return sorted(merged, key=_order)


def nothing_watched(query: "DriftQuery") -> NothingWatchedError:
    """What to say where no plane came."""
    if query.model is None:
        return NothingWatchedError(
            "no model is watched: those with a reference profile are"
            " (tiltyard publish NAME FILE.onnx --reference ROWS)"
        )
    asked = {"version": query.version, "role": query.role, "segment": query.segment}
    told = ", ".join(f"{name} {value}" for name, value in asked.items() if value is not None)
    if told:
        return NothingWatchedError(
            f"nothing of {query.model} with {told} is watched; see what is with: tiltyard drift"
            f" {query.model}"
        )
    return NothingWatchedError(
        f"nothing of {query.model} is watched: give its version a reference profile"
        f" (tiltyard profile {query.model} VERSION --reference ROWS)"
    )


def _slot(snapshots: "Iterable[Snapshot]") -> str | None:
    """What a version serves as on any gateway that knows: one may be a moment behind another."""
    told = [one.slot for one in snapshots if one.slot is not None]
    return max(told, key=bool, default=None)


def _order(snapshot: "Snapshot") -> tuple[str, bool, int, int, bool, int, str]:
    """Roles that versions serve in now come first, then others of who serves, then who does not.

    Where that is not known: of versions that were champion one after the other, the one that has
    requests comes first.
    """
    key = snapshot.key
    place = 0 if is_of_now(snapshot) else 1 if snapshot.slot else 2
    role = ROLES.index(key.role) if key.role in ROLES else len(ROLES)
    is_idle = not snapshot.current.counts[0]
    return key.model, bool(key.segment), place, role, is_idle, -key.version, key.segment
