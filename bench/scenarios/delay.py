"""How many ticks a change lasts until it is an alarm, by simulation with fixed seeds."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from rich.table import Table

from bench.context import Context
from bench.drift_changes import CHANGES, ROWS, TICKS_MAX, Change, Delay, delays
from bench.drift_swap import JOINT, SWAP, swap_delays
from bench.results import Measurement, median
from bench.scenarios.scenario import Bar, Scenario, at_least, at_most

SERVER: Final = "alarm"
COLUMNS: Final = ("t1e3", "t1e4", "t30d")
# (rows of the reference, delta): its name.
REFERENCES: Final = {(5_000, 0.1): "m=5,000 delta=0.1", (50_000, 0.05): "m=50,000 delta=0.05"}
# Medians in ticks: T = 1,000 s and 30 days, by reference and change.
LIMITS: Final = {
    (5_000, 0.1): {
        "mean 0.2 sigma": (40, 60),
        "mean 0.3 sigma": (12, 18),
        "mean 0.5 sigma": (4, 6),
        "mean 1 sigma": (2, 2),
    },
    (50_000, 0.05): {
        "mean 0.2 sigma": (18, 25),
        "mean 0.3 sigma": (9, 12),
        "mean 0.5 sigma": (3, 4),
        "mean 1 sigma": (2, 2),
    },
}
LEADING_MIN: Final = 0.95
# What an alarm may say of the stream that leads it; of other changes anything.
TOLD: Final = {
    **{change.name: {"location up"} for change in CHANGES if "sigma" in change.name},
    "variance x 2": {"spread up"},
    "variance x 1/2": {"spread down"},
    "missing 1 %": {"missing"},
    "missing 5 %": {"missing"},
    "new category 1 %": {"unseen"},
    "unit x 100": {"above", "below"},
}


def values_of(change: Change, found: Sequence[Delay]) -> dict[str, float]:
    """What one reference and change is measured by, over runs."""
    ticks = np.array([delay.ticks for delay in found])
    changed = frozenset(JOINT) if change is SWAP else change.changed
    values = {}
    for i, column in enumerate(COLUMNS):
        values[f"{column}_median_ticks"] = float(np.median(ticks[:, i]))
        values[f"{column}_p95_ticks"] = float(np.percentile(ticks[:, i], 95))
    inside = [bool(delay.leading) and delay.leading <= changed for delay in found]
    right = TOLD.get(change.name)
    told = [right is None or delay.told in right for delay in found]
    return {
        **values,
        "leading_inside": float(np.mean(inside)),
        "told_right": float(np.mean(told)),
        "onset_in_range": float(np.mean([delay.is_in_range for delay in found])),
        "onset_error_ticks": float(np.median([abs(delay.onset_error) for delay in found])),
    }


def all_delays(rows: int, delta: float, runs: int) -> Iterable[tuple[Change, list[Delay]]]:
    """Every change with its runs."""
    by_change: dict[Change, list[Delay]] = {change: [] for change in (*CHANGES, SWAP)}
    for delay in (*delays(rows, delta, runs), *swap_delays(rows, delta, runs)):
        by_change[delay.change].append(delay)
    return by_change.items()


def _run(context: Context) -> None:
    runs = 5 if context.quick else max(40, context.runs)
    for (rows, delta), reference in REFERENCES.items():
        table = Table(
            title=f"{reference}, {runs} runs, {ROWS} rows a tick: median/p95 ticks",
            title_justify="left",
        )
        for heading in ("change", "T=1,000 s", "T=10,000 s", "T=30 days", "leading inside"):
            table.add_column(heading)
        for heading in ("says", "onset off by", "onset in range"):
            table.add_column(heading)
        for change, found in all_delays(rows, delta, runs):
            values = values_of(change, found)
            case = f"{reference}, {change.name}"
            context.record(Measurement("delay", case, SERVER, 0, values))
            table.add_row(change.name, *_cells(values, found))
        context.console.print(table)


def _cells(values: dict[str, float], found: Sequence[Delay]) -> list[str]:
    ticks = [
        f"{_ticks(values[f'{column}_median_ticks'])}/{_ticks(values[f'{column}_p95_ticks'])}"
        for column in COLUMNS
    ]
    told = Counter(delay.told for delay in found).most_common(2)
    return [
        *ticks,
        f"{values['leading_inside']:.0%}",
        ", ".join(f"{text or 'no alarm'} ({n})" for text, n in told),
        f"{values['onset_error_ticks']:g}",
        f"{values['onset_in_range']:.0%}",
    ]


def _ticks(number: float) -> str:
    return f"{number:.3g}" if number <= TICKS_MAX else f"over {TICKS_MAX}"


def _bars(found: Sequence[Measurement]) -> list[Bar]:
    bars = []
    for key, reference in REFERENCES.items():
        for change, limits in LIMITS[key].items():
            case = f"{reference}, {change}"
            for column, limit in zip((COLUMNS[0], COLUMNS[2]), limits, strict=True):
                value = median(found, "delay", case, SERVER, f"{column}_median_ticks")
                bars.append(at_most(f"4.4 {case}, {column}: ticks", limit, value))
    inside = [m.values["leading_inside"] for m in found if m.scenario == "delay"]
    text = "4.4 leading streams lie within the changed ones, the worst row"
    bars.append(at_least(text, LEADING_MIN, min(inside, default=None)))
    return bars


SCENARIO = Scenario("delay", "simulated: how long a change lasts until it is an alarm", _run, _bars)
