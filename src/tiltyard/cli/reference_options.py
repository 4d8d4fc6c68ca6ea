"""The options of commands that make a profile: the reference, and what is declared of it."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

if TYPE_CHECKING:
    from tiltyard.monitor.profile.declaration import Declaration

Command = TypeVar("Command", bound=Callable[..., Any])

RUN_TIMEOUT_S = 600.0
CELLS_MAX = 100


class ReferenceOptions(NamedTuple):
    """What was said on the command line. `run_timeout_s`: how long the model may be run for it."""

    path: Path
    streams: Path | None
    categorical: tuple[str, ...]
    groups: dict[str, tuple[str, ...]]
    ignored: tuple[str, ...]
    names: tuple[str, ...]
    time_column: str | None
    cells: int | None
    delta: float | None
    run_timeout_s: float


def reference_options(*, required: bool) -> Callable[[Command], Command]:
    """Add the options; the command gets them as `reference`: ReferenceOptions, or None."""

    def add(command: Command) -> Command:
        wrapped: Any = _gathered(command)
        for option in reversed(_options(required)):
            wrapped = option(wrapped)
        found: Command = wrapped
        return found

    return add


def _options(required: bool) -> list[Callable[[Any], Any]]:
    return [
        click.option(
            "--reference",
            "path",
            type=click.Path(path_type=Path),
            required=required,
            metavar="FILE",
            help="Rows to watch traffic against: .npz, .npy, .csv or .parquet.",
        ),
        *_options_of_columns(),
        click.option(
            "--cells",
            type=click.IntRange(2, CELLS_MAX),
            metavar="N",
            help="Cells of a stream at most.  [default: 32]",
        ),
        click.option(
            "--delta",
            type=click.FloatRange(0, 10, min_open=True),
            metavar="SIGMAS",
            help="The shift that shall be found.  [default: 0.1]",
        ),
        click.option(
            "--run-timeout",
            "run_timeout_s",
            type=click.FloatRange(min=0, min_open=True),
            default=RUN_TIMEOUT_S,
            show_default=True,
            metavar="SECONDS",
            help="How long running the model over the reference may take.",
        ),
    ]


def _options_of_columns() -> list[Callable[[Any], Any]]:
    several: dict[str, Any] = {"multiple": True}
    return [
        click.option(
            "--streams",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="What is declared of the reference, in TOML.",
        ),
        click.option(
            "--categorical",
            metavar="NAME",
            help="A column of numbers that are names; may be given again.",
            **several,
        ),
        click.option(
            "--group",
            "groups",
            metavar="NAME=COL,COL,..",
            callback=_as_groups,
            help="Columns of a one-hot block, which is one feature; may be given again.",
            **several,
        ),
        click.option(
            "--ignore",
            "ignored",
            metavar="NAME",
            help="A column that is not the model's; may be given again.",
            **several,
        ),
        click.option(
            "--names",
            metavar="NAME,NAME,..",
            callback=_as_names,
            help="Names for the columns of a file that has none.",
        ),
        click.option("--time-column", metavar="NAME", help="The column with the time of each row."),
    ]


def _gathered(command: Command) -> Callable[..., Any]:
    """The command, called with one `reference` instead of its parts."""

    @wraps(command)
    def call(**values: Any) -> Any:
        told = {name: values.pop(name) for name in ReferenceOptions._fields}
        if told["path"] is None:
            _check_none_alone(told)
            return command(reference=None, **values)
        return command(reference=ReferenceOptions(**told), **values)

    return call


def _check_none_alone(told: dict[str, Any]) -> None:
    """Raises UsageError: what is said of a reference needs one."""
    names = {"groups": "group", "ignored": "ignore"}
    for name, value in told.items():
        if value and name != "run_timeout_s":
            option = f"--{names.get(name, name).replace('_', '-')}"
            raise click.UsageError(f"{option} needs --reference FILE", click.get_current_context())


def _as_groups(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for value in values:
        name, _, columns = value.partition("=")
        block = tuple(columns.split(","))
        if not name or len(block) < 2 or not all(block):
            raise click.BadParameter(
                f"{value!r} is no group, expected NAME=COL,COL,.. such as color=red,blue",
                ctx,
                param,
            )
        if name in found:
            raise click.BadParameter(f"group {name!r} is there twice", ctx, param)
        found[name] = block
    return found


def _as_names(
    ctx: click.Context,  # noqa: ARG001 - click's signature
    param: click.Parameter,  # noqa: ARG001 - click's signature
    value: str | None,
) -> tuple[str, ...]:
    return tuple(value.split(",")) if value else ()


def declaration_of(options: ReferenceOptions) -> "Declaration":
    """What the file of --streams says, and over it what the options say. Raises ConfigError."""
    # Imported here: --help needs no numpy.
    from tiltyard.monitor.profile.declaration import Declaration, read_declaration

    told = Declaration() if options.streams is None else read_declaration(options.streams)
    return replace(
        told,
        categorical=told.categorical | set(options.categorical),
        groups={**told.groups, **options.groups},
        ignored=told.ignored | set(options.ignored),
        names=options.names or told.names,
        time_column=options.time_column or told.time_column,
        cells=options.cells or told.cells,
        delta=options.delta or told.delta,
    )
