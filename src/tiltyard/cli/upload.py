"""`tiltyard publish --admin`: to a gateway elsewhere."""

from pathlib import Path

import click

from tiltyard.cli.admin_options import Place
from tiltyard.cli.connection import gateway_at
from tiltyard.cli.progress import uploading
from tiltyard.cli.render.as_json import document
from tiltyard.cli.render.change_report import publish_report
from tiltyard.errors import ClientError


def upload(
    name: str,
    file: Path,
    *,
    version: int | None,
    samples: Path | None,
    batchable: bool,
    place: Place,
    as_json: bool,
) -> None:
    """Send the model, its external data and the samples; say what the gateway made of them."""
    external = external_files(file)
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
        return
    click.echo("\n".join(publish_report(view, place.address, address_is_default=place.is_default)))


def external_files(file: Path) -> list[str]:
    """The external data files of a model, as it names them. Raises ClientError, PublishRefused."""
    # Imported here: onnx is slow to import.
    from tiltyard.store.graph_check import external_names, parse

    try:
        return external_names(parse(file.read_bytes()))
    except OSError as error:
        raise ClientError(f"cannot read {file}: {error.strerror or error}") from error
