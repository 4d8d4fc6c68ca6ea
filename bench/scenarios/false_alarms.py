"""What is made of traffic that does not change, by simulation with fixed seeds."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from rich.table import Table

from bench.context import Context
from bench.drift_null import FALSE_ALARM_S, NULLS, ROWS, NullOutcome, run_null
from bench.results import Measurement
from bench.scenarios.scenario import Bar, Scenario, at_most

SERVER: Final = "alarm"
FULL_RUNS: Final = 200
_NAIVE_EVERY: Final = 50
# Rows that are not known to have come in one request: an estimate has to tell, and no bar asks it.
KAPPA_ALONE: Final = ", kappa alone"


def _size(context: Context) -> tuple[int, int]:
    """Runs, and ticks of each after the warm-up."""
    if context.quick:
        return 10, 1_000
    return (context.runs, 20_000) if context.runs >= FULL_RUNS else (40, 4_000)


def _run(context: Context) -> None:
    runs, ticks = _size(context)
    table = Table(
        title=f"{runs} runs of {ticks:,} ticks with {ROWS} rows, T = {FALSE_ALARM_S:,.0f} s",
        title_justify="left",
    )
    for heading in ("unchanged traffic", "alarms", "highest evidence", "kappa up to"):
        table.add_column(heading)
    for heading in ("ticks with PSI > 0.1", "ticks with KS p < 0.05/d"):
        table.add_column(heading)
    for null in NULLS:
        for kappa_alone in (False, True) if null.has_batches else (False,):
            name = f"{null.name}{KAPPA_ALONE}" if kappa_alone else null.name
            outcome = run_null(null, runs, ticks, naive_every=_NAIVE_EVERY, kappa_alone=kappa_alone)
            context.record(Measurement("false_alarms", name, SERVER, 0, _values(outcome)))
            table.add_row(
                name,
                f"{outcome.alarms}",
                f"{np.exp(outcome.log_highest):,.1f} s",
                f"{outcome.kappa:.1f}",
                f"{outcome.psi_ticks:.1%}",
                f"{outcome.ks_ticks:.1%}",
            )
    context.console.print(table)


def _values(outcome: NullOutcome) -> dict[str, float]:
    return {
        "alarms": float(outcome.alarms),
        "runs": float(outcome.runs),
        "ticks": float(outcome.ticks),
        "evidence_highest_s": float(np.exp(outcome.log_highest)),
        "kappa_max": outcome.kappa,
        "naive_psi_ticks": outcome.psi_ticks,
        "naive_ks_ticks": outcome.ks_ticks,
    }


def _bars(found: Sequence[Measurement]) -> list[Bar]:
    barred = {null.name for null in NULLS if null.has_bar}
    own = [m for m in found if m.scenario == "false_alarms" and m.case in barred]
    note = "" if not own else f"{own[0].values['runs']:.0f} x {own[0].values['ticks']:,.0f} ticks"
    alarms = sum(m.values["alarms"] for m in own) if own else None
    return [at_most("4.4 false alarms, all kinds of unchanged traffic", 0, alarms, note)]


SCENARIO = Scenario(
    "false_alarms",
    f"simulated: alarms on unchanged traffic (--runs {FULL_RUNS}: 20,000 ticks each)",
    _run,
    _bars,
)
