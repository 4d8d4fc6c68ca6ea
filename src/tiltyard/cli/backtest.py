"""`tiltyard profile --backtest`: which alarms a file would have raised. Nothing is stored."""

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tiltyard.cli.progress import BAR_WIDTH, waiting
from tiltyard.cli.reference_options import ReferenceOptions, declaration_of
from tiltyard.cli.screen import make_console, show
from tiltyard.config import DEFAULT_FALSE_ALARMS

if TYPE_CHECKING:
    from tiltyard.monitor.backtest.backtest import Tell
    from tiltyard.monitor.profile.declaration import Declaration
    from tiltyard.monitor.profile.profile import Profile
    from tiltyard.monitor.profile.reference import Reference
    from tiltyard.store.store import VersionFiles


def show_backtest(
    name: str,
    version: int,
    options: ReferenceOptions,
    uri: str,
    false_alarms: str | None,
    *,
    as_json: bool,
) -> None:
    """Print the profile that the file would make, and its backtest.

    Raises UsageError without a time column, ConfigError, NotFoundError, StoreError,
    ReferenceRefused also where the file has too little for a backtest.
    """
    # Imported here: --help needs none of it.
    from tiltyard.cli.render.backtest_json import to_json
    from tiltyard.cli.render.backtest_page import backtest_page
    from tiltyard.cli.render.profile_lines import profile_lines
    from tiltyard.monitor.alarm.budget import parse_budget
    from tiltyard.monitor.alarm.policy import AlarmPolicy
    from tiltyard.monitor.backtest.backtest import backtest
    from tiltyard.monitor.backtest.timed_rows import TimedRows
    from tiltyard.monitor.profile import codec
    from tiltyard.store import open_store

    declaration = declaration_of(options)
    if declaration.time_column is None:
        raise click.UsageError(
            "--backtest needs --time-column NAME: the time of each row",
            click.get_current_context(),
        )
    policy = AlarmPolicy(
        delta=declaration.delta, false_alarm_s=parse_budget(false_alarms or DEFAULT_FALSE_ALARMS)
    )
    files = open_store(uri).read_version(name, version)
    with waiting("reading the reference"):
        profile, reference = _profiled(files, options, declaration)
        profile = replace(profile, model=name, version=version)
    if not as_json:
        click.echo(f"{name} version {version}: a backtest; nothing was stored")
        click.echo("\n".join(profile_lines(profile)))
    with _replaying() as tell:
        found = backtest(TimedRows.of(profile, reference), policy, tell)
    if as_json:
        told = {"profile": codec.to_json(profile), "backtest": to_json(found)}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False))
        return
    show(backtest_page(found), make_console())


def _profiled(
    files: "VersionFiles", options: ReferenceOptions, declaration: "Declaration"
) -> tuple["Profile", "Reference"]:
    """The profile that the file would make, and the rows that it is of, with their outputs."""
    from tiltyard.monitor.profile.build import build_profile
    from tiltyard.monitor.profile.reading import file_digest, read_table
    from tiltyard.monitor.profile.reference import match
    from tiltyard.monitor.profile.signature import Signature

    signature = Signature.of(files.manifest.description)
    reference = match(read_table(options.path), signature, declaration)
    absent = [spec.name for spec in signature.outputs if spec.name not in reference.outputs]
    outputs = "columns of the file"
    if absent:
        found = _run(files, signature, reference, options.run_timeout_s)
        reference = reference.with_outputs({name: found[name] for name in absent})
        outputs = "the model, run over the reference"
    sha256 = file_digest(options.path)
    source = {"file": options.path.name, "sha256": sha256, "outputs": outputs}
    return build_profile(reference, signature, declaration, source=source), reference


def _run(
    files: "VersionFiles", signature: Any, reference: "Reference", timeout_s: float
) -> dict[str, Any]:
    """What the version gives for the rows, by the name of the output."""
    from tiltyard.store.names import MODEL_FILE
    from tiltyard.store.reference_run import RunLimits, run_reference

    manifest = files.manifest
    with tempfile.TemporaryDirectory(prefix="tiltyard-backtest-") as folder:
        for file, data in {MODEL_FILE: files.model, **files.external}.items():
            target = Path(folder) / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        return run_reference(
            Path(folder) / MODEL_FILE,
            signature,
            reference.inputs,
            is_batchable=manifest.description.rowwise.proved or manifest.batchable_claimed,
            limits=RunLimits(timeout_s),
        )


@contextmanager
def _replaying() -> "Iterator[Tell]":
    """A bar a pass over the file, on stderr and only if that is a terminal; it leaves nothing."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(BAR_WIDTH),
        TimeElapsedColumn(),
    )
    is_shown = sys.stderr.isatty()
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not is_shown) as progress:
        task = progress.add_task("binning the rows", total=None)

        def tell(what: str, part: float) -> None:
            progress.update(task, description=what, total=1.0, completed=part)

        yield tell
