"""`tiltyard inspect`: the manifest of a version and its profile, readably."""

import json
from collections.abc import Iterator
from typing import Any

import click
from rich.console import Console, RenderableType
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from tiltyard.cli.screen import make_console, show
from tiltyard.cli.version_number import VERSION
from tiltyard.store import Manifest, Store, TensorSpec, open_store
from tiltyard.store.manifest import to_dict
from tiltyard.store.names import check_version
from tiltyard.store.store import DEFAULT_URI, URI_VARIABLE


@click.command()
@click.argument("name")
@click.argument("version", type=VERSION, required=False)
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
    "--profile",
    "number",
    type=click.IntRange(min=1),
    metavar="N",
    help="Which of its profiles to show.  [default: the newest]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the manifest and profile as JSON.")
def inspect(name: str, version: int | None, uri: str, number: int | None, as_json: bool) -> None:
    """Show what is known of version VERSION of NAME, or of its newest version.

    With its profile, if it has one: what its traffic is watched against. All of that, with every
    cell and count, is in --json.
    """
    store = open_store(uri)
    manifest = _manifest(store, name, version)
    numbers = _profile_numbers(store, manifest)
    if as_json:
        told = {**to_dict(manifest), "profile": None}
        if numbers or number:
            told["profile"] = _profile_json(store, manifest, number)
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    Console().print(_table(manifest))
    if numbers or number:
        console = make_console()
        page = _profile_page(store, manifest, number, numbers, is_plain=not console.is_terminal)
        show(page, console)
    else:
        line = f"tiltyard profile {manifest.model} {manifest.version} --reference FILE"
        click.echo(f"no profile; to watch its traffic: {line}")


def _manifest(store: Store, name: str, version: int | None) -> Manifest:
    """The stored manifest, or the one that examining a version without manifest gives."""
    number = store.newest(name) if version is None else check_version(version)
    found = store.read_manifest(name, number)
    return found if found is not None else store.read_version(name, number).manifest


def _profile_numbers(store: Store, manifest: Manifest) -> list[int]:
    # Imported here: most versions have no profile, and then numpy is not needed.
    from tiltyard.store.profiles import profile_numbers

    return profile_numbers(store, manifest.model, manifest.version)


def _profile_json(store: Store, manifest: Manifest, number: int | None) -> dict[str, Any]:
    from tiltyard.monitor.profile.codec import to_json
    from tiltyard.store.profiles import read_profile

    return to_json(read_profile(store, manifest.model, manifest.version, number))


def _profile_page(
    store: Store,
    manifest: Manifest,
    number: int | None,
    numbers: list[int],
    *,
    is_plain: bool,
) -> RenderableType:
    from tiltyard.cli.render.profile_page import profile_page
    from tiltyard.store.profiles import read_profile

    profile = read_profile(store, manifest.model, manifest.version, number)
    return profile_page(profile, numbers, is_plain=is_plain)


def _table(manifest: Manifest) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for label, value in _lines(manifest):
        table.add_row(label, Text(value))
    return table


def _lines(manifest: Manifest) -> Iterator[tuple[str, str]]:
    description = manifest.description
    yield "model", f"{manifest.model} version {manifest.version}"
    yield "created", manifest.created
    yield "digest", manifest.digest
    yield "producer", description.producer or "unknown"
    opsets = ", ".join(f"{domain} {number}" for domain, number in description.opset.items())
    yield "opset", f"{opsets} (IR {description.ir_version})"
    for spec in description.inputs:
        yield "input", _tensor(spec)
    for spec in description.outputs:
        labels = description.class_labels.get(spec.name)
        columns = f", columns {', '.join(map(str, labels))}" if labels else ""
        yield "output", _tensor(spec) + columns
    verdict = "proved" if description.rowwise.proved else "not proved"
    yield "row-wise", f"{verdict}: {description.rowwise.reason}"
    if manifest.batchable_claimed:
        yield "batchable", "claimed by the publisher"
    for change in description.changes:
        yield "change", change
    yield "samples", f"{description.golden.source}, outputs {description.golden.outputs_sha256}"
    for file, entry in sorted(manifest.files.items()):
        yield "file", f"{file} {decimal(entry.bytes)} sha256 {entry.sha256}"
    versions = ", ".join(f"{name} {number}" for name, number in description.runtime.items())
    yield "examined by", versions


def _tensor(spec: TensorSpec) -> str:
    shape = ", ".join("?" if dim is None else str(dim) for dim in spec.shape)
    return f"{spec.name}: {spec.datatype} [{shape}]"
