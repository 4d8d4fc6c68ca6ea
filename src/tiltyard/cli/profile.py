"""`tiltyard profile`: a reference for a version that was published without one, or a newer one."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from tiltyard.cli.admin_options import Place, as_place
from tiltyard.cli.reference_options import ReferenceOptions, declaration_of, reference_options
from tiltyard.cli.version_number import VERSION
from tiltyard.store import open_store
from tiltyard.store.names import check_version
from tiltyard.store.store import DEFAULT_URI, URI_VARIABLE

if TYPE_CHECKING:
    from tiltyard.monitor.profile.profile import Profile

DEFAULT_GRPC = "127.0.0.1:8001"


@click.command()
@click.argument("name")
@click.argument("version", type=VERSION)
@reference_options(required=True)
@click.option(
    "--store",
    "uri",
    metavar="URI",
    envvar=URI_VARIABLE,
    default=DEFAULT_URI,
    show_default=True,
    show_envvar=True,
    help="A folder, or a URL such as s3://bucket/prefix.",
)
@click.option(
    "--admin",
    "place",
    metavar="HOST:PORT",
    callback=as_place,
    help="Send it to the gateway that answers operators here.",
)
@click.option(
    "--grpc",
    "address",
    metavar="HOST:PORT",
    default=DEFAULT_GRPC,
    show_default=True,
    help="With --admin: where that gateway answers predictions; outputs are asked for here.",
)
@click.option(
    "--backtest",
    "backtests",
    is_flag=True,
    help="Store nothing: print which alarms these rows would have raised. Needs --time-column.",
)
@click.option(
    "--false-alarms",
    metavar="RATE",
    help="With --backtest: how often an alarm may be false.  [default: 1 per 30 days]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the profile as JSON.")
def profile(
    name: str,
    version: int,
    reference: ReferenceOptions,
    uri: str,
    place: Place | None,
    address: str,
    backtests: bool,
    false_alarms: str | None,
    as_json: bool,
) -> None:
    """Give VERSION of NAME a profile: what its traffic is watched against.

    The version itself does not change. Its newest profile counts; older ones are kept.

    \b
      tiltyard profile fraud 3 --reference train.parquet --categorical region
      tiltyard profile fraud 3 --reference train.csv --admin 127.0.0.1:8003
      tiltyard profile fraud 3 --reference june.parquet --time-column at --backtest
    """
    check_version(version)
    if backtests:
        from tiltyard.cli.backtest import show_backtest

        if place is not None:
            raise click.UsageError("--backtest reads the version from --store, and asks no gateway")
        show_backtest(name, version, reference, uri, false_alarms, as_json=as_json)
        return
    if false_alarms is not None:
        raise click.UsageError("--false-alarms needs --backtest")
    if place is None:
        stored = _into_store(name, version, reference, uri)
        where = uri
    else:
        _check_local_options()
        stored = _to_gateway(name, version, reference, place, address)
        where = place.address
    if as_json:
        from tiltyard.monitor.profile.codec import to_json

        click.echo(json.dumps(to_json(stored), indent=2, ensure_ascii=False))
        return
    from tiltyard.cli.render.profile_lines import profile_lines

    click.echo(f"{name} version {version} has a profile in {where}")
    click.echo("\n".join(profile_lines(stored)))


def _into_store(name: str, version: int, options: ReferenceOptions, uri: str) -> "Profile":
    # Imported here: --help needs none of it.
    from tiltyard.store.profiles import add_profile
    from tiltyard.store.profiling import profile_version
    from tiltyard.store.reference_run import RunLimits

    declaration = declaration_of(options)
    store = open_store(uri)
    limits = RunLimits(options.run_timeout_s)
    return add_profile(
        store, profile_version(store, name, version, options.path, declaration, limits)
    )


def _to_gateway(
    name: str, version: int, options: ReferenceOptions, place: Place, address: str
) -> "Profile":
    from tiltyard.cli.connection import gateway_at
    from tiltyard.cli.progress import waiting
    from tiltyard.cli.reference_requests import ask_gateway
    from tiltyard.monitor.profile.codec import encode

    declaration = declaration_of(options)
    with waiting("asking the gateway for the outputs"):
        draft = ask_gateway(
            address, name, version, options.path, declaration, options.run_timeout_s
        )
    data = encode(replace(draft, model=name, version=version))
    with gateway_at(place) as client:
        return client.add_profile(name, version, data)


def _check_local_options() -> None:
    """Raises UsageError for an option that the gateway would not see."""
    context = click.get_current_context()
    if context.get_parameter_source("uri") is ParameterSource.COMMANDLINE:
        raise click.UsageError(
            "--store and --admin exclude each other: the gateway has a store of its own", context
        )
