"""python -m bench: lists the scenarios, or runs those that are named."""

import os
import subprocess
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from bench.context import Context
from bench.load import LoadError, build_loadgen
from bench.paths import ROOT
from bench.results import save
from bench.scenarios import ALL
from bench.scenarios.scenario import Scenario
from bench.server import ServerError
from bench.servers import PEERS
from bench.tables import bar_record, print_bars, print_medians
from tiltyard.errors import TiltyardError

ERRORS = (
    LoadError,
    ServerError,
    TiltyardError,
    OSError,
    ValueError,
    subprocess.CalledProcessError,
)


def _list(console: Console) -> None:
    table = Table(title="scenarios: python -m bench NAME..., or all", title_justify="left")
    table.add_column("name")
    table.add_column("what it does")
    for scenario in ALL:
        table.add_row(scenario.name, scenario.about)
    console.print(table)
    console.print("python -m bench --help tells the options; bench/README.md the method.")


def _chosen(names: tuple[str, ...]) -> list[Scenario]:
    known = {scenario.name: scenario for scenario in ALL}
    if names == ("all",):
        return list(ALL)
    for name in names:
        if name not in known:
            raise click.UsageError(f"no scenario '{name}'; there are {', '.join(known)}, or all")
    return [known[name] for name in names]


def _run(scenarios: list[Scenario], context: Context, save_file: Path | None) -> bool:
    """Run, print, save; whether everything ran and every reply was right."""
    whole = True
    for scenario in scenarios:
        context.console.rule(f"{scenario.name}: {scenario.about}", align="left")
        try:
            scenario.run(context)
        except ERRORS as error:
            whole = False
            context.console.print(f"[red]{scenario.name} ended early:[/red] ", end="")
            context.console.print(str(error), markup=False)
    print_medians(context.console, context.measurements)
    bars = [bar for scenario in scenarios for bar in scenario.bars(context.measurements)]
    print_bars(context.console, bars)
    for peer, reason in context.absent.items():
        context.console.print(f"not measured: {peer}: {reason}", markup=False)
    file = save(context.measurements, [bar_record(bar) for bar in bars], save_file)
    context.console.print(f"saved as {file.relative_to(ROOT)}")
    return whole and not any(m.faults for m in context.measurements)


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option("--runs", default=3, show_default=True, help="How often; medians are shown.")
@click.option("--quick", is_flag=True, help="One run with short windows, to see that it works.")
@click.option("--peers", "with_peers", is_flag=True, help="The same work on every peer, in turn.")
@click.option("--peer", "chosen", multiple=True, type=click.Choice(PEERS), help="Only this peer.")
@click.option("--server-cores", default="0", show_default=True, help="For the server: 0 or 0,1.")
@click.option("--load-core", default=1, show_default=True, help="For the load generator.")
@click.option("--save", "save_file", type=click.Path(path_type=Path), help="Keep results here too.")
def main(
    names: tuple[str, ...],
    runs: int,
    quick: bool,
    with_peers: bool,
    chosen: tuple[str, ...],
    server_cores: str,
    load_core: int,
    save_file: Path | None,
) -> None:
    """Run the benchmark scenarios NAME..., or `all`; without a name, list them.

    Exits with 1 when a scenario could not run or a reply was wrong. A bar that is not met is
    shown, and does not change the exit code.
    """
    console = Console(width=None if sys.stdout.isatty() else 200)
    if not names:
        _list(console)
        return
    if (os.cpu_count() or 1) < 2:
        raise click.ClickException("two cores are needed, one for the server and one for the load")
    context = Context(
        runs=1 if quick else runs,
        quick=quick,
        peers=PEERS if with_peers else chosen,
        server_cores=server_cores,
        load_core=load_core,
        console=console,
    )
    scenarios = _chosen(names)
    try:
        build_loadgen()
    except LoadError as error:
        raise click.ClickException(str(error)) from error
    sys.exit(0 if _run(scenarios, context, save_file) else 1)


if __name__ == "__main__":
    main(prog_name="python -m bench")
