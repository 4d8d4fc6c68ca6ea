"""The options that operators' commands share, and how their values are written."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeVar

import click
from click.core import ParameterSource

from tiltyard.config import DEFAULT_ADMIN
from tiltyard.control.views import OutputRule

ADMIN_VARIABLE: Final = "TILTYARD_ADMIN"
TIMEOUT_S: Final = 60.0

_ADDRESS: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):([0-9]{1,5})")
_PERCENT: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?%")
_NUMBER: Final = r"([0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,2})?)"
_BOUNDS: Final = re.compile(f"{_NUMBER}(?::{_NUMBER})?")

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Place:
    """Where a gateway answers operators. `is_default`: commands go there without --admin."""

    address: str
    is_default: bool


def as_place(ctx: click.Context, param: click.Parameter, value: str | None) -> Place | None:
    """HOST:PORT, for an option's callback. Raises BadParameter."""
    if value is None:
        return None
    found = _ADDRESS.fullmatch(value)
    if found is None or not 1 <= int(found[1]) < 2**16:
        raise click.BadParameter(
            f"{value!r} is no address, expected HOST:PORT such as {DEFAULT_ADMIN}", ctx, param
        )
    source = ctx.get_parameter_source(param.name or "")
    return Place(value, source is not ParameterSource.COMMANDLINE)


def as_percent(ctx: click.Context, param: click.Parameter, value: str | None) -> Decimal | None:
    """A percentage, for an option's callback. Raises BadParameter.

    It has its sign, for without one 0.05 could be meant either way.
    """
    if value is None:
        return None
    found = _PERCENT.fullmatch(value)
    if found is None or Decimal(found[1]) > 100:
        raise click.BadParameter(
            f"{value!r} is no percentage, expected one such as 5% or 0.1%", ctx, param
        )
    return Decimal(found[1])


def as_rules(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[OutputRule, ...]:
    """OUTPUT=HOW, again and again, for an option's callback. Raises BadParameter."""
    rules = tuple(_as_rule(ctx, param, value) for value in values)
    names = [rule.output for rule in rules]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise click.BadParameter(f"output {twice!r} has more than one rule", ctx, param)
    return rules


def _as_rule(ctx: click.Context, param: click.Parameter, value: str) -> OutputRule:
    output, _, how = value.rpartition("=")
    mode, _, bounds = how.partition(":")
    if output and how in ("label", "argmax"):
        return OutputRule(output, "label" if how == "label" else "argmax")
    found = _BOUNDS.fullmatch(bounds) if output and mode == "tolerance" else None
    if found is None:
        raise click.BadParameter(
            f"{value!r} is no comparison, expected OUTPUT=label, OUTPUT=argmax or"
            " OUTPUT=tolerance:ATOL[:RTOL], such as score=tolerance:0.01",
            ctx,
            param,
        )
    return OutputRule(output, "tolerance", float(found[1]), float(found[2] or 0))


def asks(command: Command) -> Command:
    """The options of a command that talks to a gateway: `place`, `as_json`, `timeout_s`."""
    return asks_at(
        click.option(
            "--admin",
            "place",
            metavar="HOST:PORT",
            envvar=ADMIN_VARIABLE,
            default=DEFAULT_ADMIN,
            show_default=True,
            show_envvar=True,
            callback=as_place,
            help="Where the gateway answers operators.",
        ),
        command,
    )


def asks_at(where: Callable[[Command], Command], command: Command) -> Command:
    """The options of a command that asks: `as_json`, `timeout_s`, and `where`, which says whom."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs."),
        click.option(
            "--timeout-s",
            type=click.FloatRange(min=0, min_open=True),
            metavar="SECONDS",
            default=TIMEOUT_S,
            show_default=True,
            help="How long to wait for a gateway's answer.",
        ),
        where,
    ):
        command = option(command)
    return command


def changes(command: Command) -> Command:
    """The options of a command that changes a model: those of asks(), and `expected_epoch`."""
    with_epoch = click.option(
        "--expected-epoch",
        type=click.IntRange(min=0),
        metavar="N",
        help="Change nothing if the model's epoch (see: tiltyard route) is another by now.",
    )
    return with_epoch(asks(command))
