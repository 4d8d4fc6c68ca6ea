"""`tiltyard infer`: one request, and its reply for people or as JSON."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tiltyard.cli.version_number import VERSION
from tiltyard.client.inference_client import (
    DEFAULT_ADDRESS,
    InferenceClient,
    InferReply,
    TlsOptions,
)
from tiltyard.client.tensors import DTYPES, Array
from tiltyard.errors import ClientError

ROWS_SHOWN = 20


@click.command()
@click.argument("name")
@click.option(
    "--input",
    "inputs",
    metavar="INPUT=FILE",
    multiple=True,
    required=True,
    help="An input's name and its values: a .npy or .json file. Repeat for each input.",
)
@click.option("--version", type=VERSION, help="Ask this version, not the newest.")
@click.option(
    "--grpc",
    "address",
    metavar="HOST:PORT",
    default=DEFAULT_ADDRESS,
    show_default=True,
    help="Where the gateway listens.",
)
@click.option(
    "--timeout-s",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    default=30.0,
    show_default=True,
    help="How long to wait for the reply.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the reply as JSON.")
@click.option("--tls-ca", type=click.Path(path_type=Path), help="Use TLS; the server's CA (PEM).")
@click.option("--tls-cert", type=click.Path(path_type=Path), help="The client's certificate (PEM).")
@click.option("--tls-key", type=click.Path(path_type=Path), help="The client's key (PEM).")
def infer(
    name: str,
    inputs: tuple[str, ...],
    version: int | None,
    address: str,
    timeout_s: float,
    as_json: bool,
    tls_ca: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
) -> None:
    """Send one request to model NAME and print the reply.

    JSON values are sent as the datatype that the model declares for the input.
    """
    files = _files(inputs)
    tls = TlsOptions(_read(tls_ca), _read(tls_cert), _read(tls_key)) if tls_ca else None
    with InferenceClient(address, tls=tls) as client:
        metadata = client.model_metadata(name, version, timeout_s=timeout_s)
        declared = {tensor.name: tensor.datatype for tensor in metadata.inputs}
        arrays = {input_: _load(path, declared.get(input_, "")) for input_, path in files.items()}
        datatypes = {key: value for key, value in declared.items() if value == "BF16"}
        reply = client.infer(
            name, arrays, version=version, datatypes=datatypes, timeout_s=timeout_s
        )
    if as_json:
        click.echo(json.dumps(_as_json(reply)))
    else:
        _print(reply)


def _files(inputs: Sequence[str]) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for name, path in map(_split_input, inputs):
        if name in files:
            raise ClientError(f"input {name!r} is given twice: {files[name]} and {path}")
        files[name] = path
    return files


def _split_input(text: str) -> tuple[str, Path]:
    name, separator, file = text.partition("=")
    if not (name and separator and file):
        raise ClientError(f"--input {text!r}: expected INPUT=FILE, such as X=rows.npy")
    return name, Path(file)


def _read(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise ClientError(f"{path}: {error.strerror}") from error


def _load(path: Path, datatype: str) -> Array:
    """The values in a .npy or .json file; JSON becomes `datatype`. Raises ClientError."""
    if path.suffix not in (".npy", ".json"):
        raise ClientError(f"{path}: expected a .npy or a .json file")
    try:
        if path.suffix == ".npy":
            array: Array = np.load(path, allow_pickle=False)
            return array
        values = json.loads(path.read_text(encoding="utf-8"))
        if datatype == "BYTES":
            return np.asarray(values, dtype=object)
        return np.asarray(values, dtype=DTYPES.get(datatype, np.dtype("<f4")))
    except OSError as error:
        raise ClientError(f"{path}: {error.strerror}") from error
    except (ValueError, TypeError, OverflowError) as error:
        raise ClientError(
            f"{path}: not values of one {datatype or 'FP32'} tensor: {error}"
        ) from error


def _as_json(reply: InferReply) -> dict[str, Any]:
    return {
        "model": reply.model,
        "version": reply.version,
        "outputs": {
            name: {"shape": list(values.shape), "data": _plain(values)}
            for name, values in reply.outputs.items()
        },
    }


def _plain(values: Array) -> Any:
    if values.dtype == object:
        texts = [element.decode("utf-8", "backslashreplace") for element in values.ravel()]
        return np.array(texts, dtype=object).reshape(values.shape).tolist()
    return values.tolist()


def _print(reply: InferReply) -> None:
    """A row of the table for each row of the outputs, when they all have the same count."""
    console = Console()
    console.print(Text(f"{reply.model} version {reply.version}", style="bold"))
    counts = {len(values) if values.ndim else -1 for values in reply.outputs.values()}
    if len(counts) != 1 or -1 in counts:
        for name, values in reply.outputs.items():
            console.print(Text(f"{name} {list(values.shape)}: {_short(values)}"))
        return
    (rows,) = counts
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("row", justify="right", style="dim")
    for name in reply.outputs:
        table.add_column(Text(name), justify="right")
    for row in range(min(rows, ROWS_SHOWN)):
        cells = [_short(values[row]) for values in reply.outputs.values()]
        table.add_row(str(row), *map(Text, cells))
    console.print(table)
    if rows > ROWS_SHOWN:
        console.print(Text(f"and {rows - ROWS_SHOWN} more rows; --json prints all", style="dim"))


def _short(values: Any) -> str:
    if isinstance(values, bytes):
        return values.decode("utf-8", "backslashreplace")
    if isinstance(values, np.ndarray) and values.dtype == object:
        return str(_plain(values))
    return np.array2string(np.asarray(values), precision=6, suppress_small=True, threshold=12)
