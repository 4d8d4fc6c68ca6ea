"""What each number on the page is, in words, and how to compute it by hand from the counts."""

import math
from typing import Final, NamedTuple

from tiltyard.monitor.counting.layout import Z_MAX
from tiltyard.monitor.statistics.definition import EDITION, METHODS
from tiltyard.monitor.statistics.measure import StreamMeasure
from tiltyard.report.figures import MINUS, SIGMA, decimal


class Term(NamedTuple):
    """One statistic: `id` is its definition's, `formula` and `cells` are METHODS'."""

    id: str
    name: str
    words: str
    formula: str
    cells: str
    smoothing: str


_WORDS: Final = {
    "psi": (
        "Population stability index",
        (
            "How far the shares of the cells have moved, the reference's as much as the window's. 0"
            " where both are equal. It is a sum over cells, so each has its part in it."
        ),
    ),
    "psi_band": (
        "Noise band of the PSI",
        (
            "What the PSI of unchanged traffic stays below in 999 of 1,000 windows of as many rows."
            " It is wide where rows are few: without it no PSI can be read."
        ),
    ),
    "psi_excess": (
        "PSI excess",
        "What of the PSI is above its noise band. Features are ranked by it.",
    ),
    "psi_p": (
        "p-value of the PSI",
        (
            "How often unchanged traffic would give a PSI as large. Not defined where cells expect"
            " fewer than 5 rows even when neighbours are pooled."
        ),
    ),
    "chi_square": (
        "Chi-square",
        (
            "Pearson's statistic of both samples, on all cells. It grows with the rows, so it says"
            " whether something changed, and not how much."
        ),
    ),
    "chi_square_p": (
        "p-value of chi-square",
        "How often unchanged traffic would give one as large; small cells are pooled.",
    ),
    "js_distance": (
        "Jensen-Shannon distance",
        "0 where both distributions are equal, 1 where they have no cell in common.",
    ),
    "ks": (
        "Kolmogorov-Smirnov, on cells",
        "The largest gap between both cumulative distributions, at the edges of the cells.",
    ),
    "ks_excess": ("KS excess", "What of it is beyond what samples of these sizes show by chance."),
    "wasserstein": (
        f"Wasserstein distance (W1/{SIGMA})",
        (
            "How far rows have to be moved on average to turn one distribution into the other, in"
            " standard deviations of the training profile. Values out of range count as the ends."
        ),
    ),
    "linf": (
        "Largest change of a share (L∞)",
        "The cell whose share of the rows moved most, and by how much.",
    ),
    "location": (
        "Location",
        (
            "How far the mean of the finite values moved, in standard deviations of the training"
            f" profile. Values more than {Z_MAX:,.0f} of them from its mean count as that far, so a"
            " mean that moved by hundreds moved at least so far."
        ),
    ),
    "location_z": ("z of the location", "The same in its own standard errors."),
    "variance_ratio": (
        "Variance ratio",
        "Variance of the finite values now, over the reference's.",
    ),
    "missing": ("Missing", "The share of rows without a value (NaN, or empty)."),
    "unseen": (
        "Unseen",
        (
            "The share of rows with a value that the reference never had. No row of the training"
            " profile has one, so where values hardly repeat some fresh rows always do: skew alarms"
            " allow for it, the PSI of skew does not."
        ),
    ),
    "out_of_range": (
        "Out of range",
        (
            "The share of rows below the reference's minimum or above its maximum, infinities"
            " included; of categories, those that cannot be read as one."
        ),
    ),
}


def terms() -> tuple[Term, ...]:
    """Every statistic that METHODS has, in its order."""
    return tuple(
        Term(
            f"tiltyard-{EDITION}/{name}",
            *_WORDS[name],
            method.formula,
            method.cells,
            f"{method.smoothing}; logarithm to base {method.log_base}"
            if method.log_base
            else method.smoothing,
        )
        for name, method in METHODS.items()
    )


def worked_example(measure: StreamMeasure) -> tuple[str, ...]:
    """The part of the PSI that its largest cell has, step by step; nothing without rows."""
    kept = [cell for cell in measure.coarse if cell.count or cell.reference_count]
    if not kept or not measure.n or not measure.n_reference:
        return ()
    cell = max(kept, key=lambda c: c.psi)
    half = len(kept) / 2
    after = (cell.count + 0.5) / (measure.n + half)
    before = (cell.reference_count + 0.5) / (measure.n_reference + half)
    return (
        (
            f"{measure.stream or '(no name)'}, cell {cell.name}: {cell.reference_count:,} of"
            f" {measure.n_reference:,} rows in the reference, {cell.count:,} of {measure.n:,} now;"
            f" B = {len(kept)} cells have rows on either side."
        ),
        (
            f"r = ({cell.reference_count} + ½) / ({measure.n_reference} + ½ · {len(kept)})"
            f" = {before:.6f}"
        ),
        f"a = ({cell.count} + ½) / ({measure.n} + ½ · {len(kept)}) = {after:.6f}",
        f"(a {MINUS} r) · ln(a / r) = {decimal((after - before) * math.log(after / before), 4)}",
        f"The sum over all {len(kept)} cells is the PSI: {decimal(measure.psi, 4)}",
    )


RECOMPUTE: Final = '''\
import json, re, sys
import numpy as np

page = open(sys.argv[1], encoding="utf-8").read()
found = re.search(r'<script type="application/json" id="counts">(.*?)</script>', page, re.S)
plane = json.loads(found[1])["planes"][0]

def coarse(stream, vector):
    """The cells that the PSI is the sum over."""
    cells = vector[stream["at"] : stream["at"] + stream["cells"]]
    if stream["kind"] != "categorical":  # -inf counts as below the range, +inf as above it
        plus = len(stream["edges"]) + 3
        cells = [cells[0] + cells[1], *cells[2:plus - 1], cells[plus - 1] + cells[plus],
                 *cells[plus + 1:]]
    return np.bincount(stream["groups"], cells)

for reference in plane["reference_digests"]:
    for stream in plane["streams"]:
        c = coarse(stream, plane["counts"]["current"])
        m = coarse(stream, plane["counts"][reference])
        kept = c + m > 0
        c, m, b = c[kept], m[kept], kept.sum()
        if not c.sum() or not m.sum():
            continue  # no rows, no PSI
        a, r = (c + 0.5) / (c.sum() + b / 2), (m + 0.5) / (m.sum() + b / 2)
        print(reference, stream["name"], ((a - r) * np.log(a / r)).sum(), sep="\\t")
'''
