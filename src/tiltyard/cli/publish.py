"""`tiltyard publish`: store a model file as a new version."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from tiltyard.cli.admin_options import Place, as_place
from tiltyard.cli.draft import Draft, ProfileNotStoredError
from tiltyard.cli.reference_options import ReferenceOptions, reference_options
from tiltyard.cli.version_number import VERSION
from tiltyard.errors import TiltyardError
from tiltyard.store import Store, open_store
from tiltyard.store.manifest import Manifest, to_dict
from tiltyard.store.publish import publish_model
from tiltyard.store.sandbox import LOAD_TIMEOUT_S, MEMORY_MB, MEMORY_PER_MODEL_BYTE, Limits
from tiltyard.store.store import DEFAULT_URI, URI_VARIABLE

if TYPE_CHECKING:
    from tiltyard.monitor.profile.profile import Profile


@click.command()
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--version", type=VERSION, help="The number to take.  [default: the next one]")
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
    "--samples",
    type=click.Path(path_type=Path),
    help="Real input rows (.npz, .npy or .json); needed where random ones do not run.",
)
@click.option(
    "--batchable",
    is_flag=True,
    help="Claim that rows do not depend on each other, where that cannot be proved.",
)
@click.option(
    "--admin",
    "place",
    metavar="HOST:PORT",
    callback=as_place,
    help="Send it to the gateway that answers operators here, which publishes it into its store.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the manifest, or the version, as JSON."
)
@reference_options(required=False)
@click.option(
    "--load-timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=LOAD_TIMEOUT_S,
    show_default=True,
    metavar="SECONDS",
    help="How long checking, loading and running it may take.",
)
@click.option(
    "--memory",
    type=click.IntRange(min=1),
    metavar="MB",
    help="How much memory that may take."
    f"  [default: {MEMORY_MB} and {MEMORY_PER_MODEL_BYTE} times the model's size]",
)
def publish(
    name: str,
    file: Path,
    version: int | None,
    uri: str,
    samples: Path | None,
    batchable: bool,
    place: Place | None,
    as_json: bool,
    load_timeout: float,
    memory: int | None,
    reference: ReferenceOptions | None,
) -> None:
    """Check FILE (ONNX), run it once in a child process, and store it as a version of NAME.

    A version is never changed afterwards: publishing one that exists is refused. The champion
    serves on; the first version of a model is its champion.

    With --reference it also has a profile, which its traffic is watched against.

    \b
      tiltyard publish fraud fraud.onnx --store ./store --reference train.parquet
      tiltyard publish fraud fraud.onnx --admin 127.0.0.1:8003
    """
    if place is not None:
        _check_local_options()
        # Imported here: publishing beside the store needs no grpc.
        from tiltyard.cli.upload import upload

        upload(
            name,
            file,
            version=version,
            samples=samples,
            batchable=batchable,
            place=place,
            as_json=as_json,
            reference=reference,
        )
        return
    store = open_store(uri, create=True)
    draft = Draft(file, reference, batchable=batchable)
    manifest = publish_model(
        store,
        name,
        file,
        version=version,
        samples=samples,
        batchable=batchable,
        limits=Limits(load_timeout, memory),
        before=draft.make,
    )
    profile = draft.of(name, manifest.version)
    if profile is not None:
        profile = _stored(store, profile)
    if as_json:
        click.echo(json.dumps(_json(manifest, profile), indent=2, ensure_ascii=False))
    else:
        _print(manifest, profile, uri)


def _check_local_options() -> None:
    """Raises UsageError for an option that the gateway would not see."""
    context = click.get_current_context()
    for parameter in ("uri", "load_timeout", "memory"):
        if context.get_parameter_source(parameter) is ParameterSource.COMMANDLINE:
            option = {"uri": "--store"}.get(parameter, f"--{parameter.replace('_', '-')}")
            raise click.UsageError(
                f"{option} and --admin exclude each other: the gateway has a store and limits of"
                " its own",
                context,
            )


def _stored(store: Store, profile: "Profile") -> "Profile":
    # Imported here: publishing without a reference needs no profiles.
    from tiltyard.store.profiles import add_profile

    try:
        return add_profile(store, profile)
    except TiltyardError as error:
        raise ProfileNotStoredError(profile.model, profile.version, error) from error


def _json(manifest: Manifest, profile: "Profile | None") -> dict[str, Any]:
    if profile is None:
        return to_dict(manifest)
    from tiltyard.monitor.profile.codec import to_json

    return {**to_dict(manifest), "profile": to_json(profile)}


def _print(manifest: Manifest, profile: "Profile | None", uri: str) -> None:
    description = manifest.description
    click.echo(f"published {manifest.model} version {manifest.version} in {uri}")
    for change in description.changes:
        click.echo(f"  {change}")
    if description.rowwise.proved:
        click.echo("  rows share batches: proved from the graph")
    elif manifest.batchable_claimed:
        click.echo(f"  rows share batches: your claim; not proved ({description.rowwise.reason})")
    else:
        click.echo(f"  rows do not share batches: {description.rowwise.reason}")
    if profile is not None:
        from tiltyard.cli.render.profile_lines import profile_lines

        click.echo("\n".join(profile_lines(profile)))
