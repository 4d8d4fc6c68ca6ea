"""`tiltyard publish --admin`: to a gateway elsewhere."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tiltyard.cli.admin_options import Place
from tiltyard.cli.connection import gateway_at
from tiltyard.cli.draft import Draft, ProfileNotStoredError
from tiltyard.cli.progress import uploading
from tiltyard.cli.reference_options import ReferenceOptions
from tiltyard.cli.render.as_json import document
from tiltyard.cli.render.change_report import publish_report
from tiltyard.errors import ClientError, TiltyardError
from tiltyard.store.sandbox import Limits, examine

if TYPE_CHECKING:
    from tiltyard.monitor.profile.profile import Profile


def upload(
    name: str,
    file: Path,
    *,
    version: int | None,
    samples: Path | None,
    batchable: bool,
    place: Place,
    as_json: bool,
    reference: ReferenceOptions | None = None,
) -> None:
    """Send the model, its external data and the samples; say what the gateway made of them.

    With `reference` the model is examined here too, and its profile sent after it.
    """
    external = external_files(file)
    draft = Draft(file, reference, batchable=batchable)
    if reference is not None:
        draft.make(examine(file, samples, Limits()).description)
    with uploading(f"sending {file.name}") as on_progress, gateway_at(place) as client:
        view = client.publish_version(
            name,
            file,
            version=version,
            samples=samples,
            external=external,
            batchable=batchable,
            on_progress=on_progress,
        )
    if as_json:
        click.echo(document(view))
    else:
        report = publish_report(view, place.address, address_is_default=place.is_default)
        click.echo("\n".join(report))
    profile = draft.of(name, view.version)
    if profile is not None:
        # Last, and after the version was told of: it is published whatever comes of this.
        _send_profile(profile, place, as_json=as_json)


def _send_profile(profile: "Profile", place: Place, *, as_json: bool) -> None:
    # Imported here: publishing without a reference needs no profiles.
    from tiltyard.cli.render.profile_lines import profile_lines
    from tiltyard.monitor.profile.codec import encode

    try:
        data = encode(profile)
        with gateway_at(place) as client:
            kept = client.add_profile(profile.model, profile.version, data)
    except TiltyardError as error:
        raise ProfileNotStoredError(profile.model, profile.version, error) from error
    if not as_json:
        click.echo("\n".join(profile_lines(kept)))


def external_files(file: Path) -> list[str]:
    """The external data files of a model, as it names them. Raises ClientError, PublishRefused."""
    # Imported here: onnx is slow to import.
    from tiltyard.store.graph_check import external_names, parse

    try:
        return external_names(parse(file.read_bytes()))
    except OSError as error:
        raise ClientError(f"cannot read {file}: {error.strerror or error}") from error
