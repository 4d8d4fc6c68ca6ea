"""`tiltyard models`: what a store holds."""

import json

import click
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from tiltyard.store import VersionEntry, open_store
from tiltyard.store.store import DEFAULT_URI, URI_VARIABLE

VERSIONS_SHOWN = 6


@click.command()
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
@click.option("--json", "as_json", is_flag=True, help="Print the listing as JSON.")
def models(uri: str, as_json: bool) -> None:
    """List the models of a store and their versions."""
    entries = open_store(uri).entries()
    if as_json:
        listing = [_model(name, versions) for name, versions in entries.items()]
        click.echo(json.dumps(listing, indent=2))
    elif not entries:
        click.echo(f"no models in {uri}; add one with: tiltyard publish NAME FILE.onnx")
    else:
        Console().print(_table(entries))


def _model(name: str, versions: dict[int, VersionEntry]) -> dict[str, object]:
    return {
        "model": name,
        "versions": [
            {
                "version": number,
                "size_bytes": entry.size_bytes,
                "published": entry.modified.isoformat(timespec="seconds"),
                "has_manifest": entry.has_manifest,
            }
            for number, entry in sorted(versions.items())
        ],
    }


def _table(entries: dict[str, dict[int, VersionEntry]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("model", overflow="fold")
    table.add_column("versions")
    table.add_column("newest", justify="right")
    table.add_column("size", justify="right")
    table.add_column("published")
    for name, versions in entries.items():
        newest = max(versions)
        entry = versions[newest]
        when = entry.modified.strftime("%Y-%m-%d %H:%M UTC")
        plain = "" if entry.has_manifest else " (no manifest)"
        table.add_row(
            Text(name),
            _numbers(sorted(versions)),
            str(newest),
            decimal(entry.size_bytes),
            f"{when}{plain}",
        )
    return table


def _numbers(versions: list[int]) -> str:
    """All of a few versions, else how many there are and the last ones."""
    shown = ", ".join(map(str, versions[-VERSIONS_SHOWN:]))
    hidden = len(versions) - VERSIONS_SHOWN
    return shown if hidden <= 0 else f"{hidden} more, {shown}"
