"""The statistics of streams as plain values. Pure."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from tiltyard.monitor.profile.cells import Floats, Ints
from tiltyard.monitor.statistics.definition import Definition
from tiltyard.monitor.statistics.distances import Distances
from tiltyard.monitor.statistics.measure import CellMeasure, Rate, StreamMeasure
from tiltyard.monitor.statistics.psi import psi_terms
from tiltyard.monitor.statistics.psi_parts import psi_parts
from tiltyard.monitor.statistics.rate import rate
from tiltyard.monitor.statistics.stream_table import (
    MISSING,
    OUT_OF_RANGE,
    UNSEEN,
    CellWords,
    StreamTable,
)

# The fields of StreamMeasure that are arrays of Distances, NaN becoming None.
_FIGURES: Final = (
    "psi", "psi_band", "psi_excess", "psi_p", "chi_square", "chi_square_p", "js_distance", "ks",
    "ks_excess", "wasserstein", "linf", "location", "location_z", "variance_ratio",
)  # fmt: skip


def measure_streams(table: StreamTable, found: Distances) -> tuple[StreamMeasure, ...]:
    """One a stream of the table, in its order.

    The PSI is the sum over `coarse`, and over `cells` as well: see psi_parts(). A stream without
    rows in the window has a `missing` rate of NaN, for 0 would be a claim.
    """
    parts = psi_parts(
        found.current, found.reference, found.coarse_current, found.coarse_reference, table.groups
    )
    terms = psi_terms(found.coarse_current, found.coarse_reference)
    cells = _cells(found.current, found.reference, parts, table.words)
    coarse = _cells(found.coarse_current, found.coarse_reference, terms, table.coarse_words)
    figures = {name: _or_none(getattr(found, name)) for name in _FIGURES}
    rates = _rates(table, found)
    n, n_reference = found.n.tolist(), found.n_reference.tolist()
    largest = found.linf_cell.tolist()
    has_unseen = np.logical_or.reduce(table.rates[UNSEEN], axis=-1).tolist()
    return tuple(
        StreamMeasure(
            stream=stream.name,
            group=stream.group.value,
            kind=stream.cells.kind.value,
            n=n[at],
            n_reference=n_reference[at],
            linf_cell=table.words[at].names[largest[at]] if largest[at] >= 0 else "",
            missing=rates[at][0],
            unseen=rates[at][1] if has_unseen[at] else None,
            out_of_range=rates[at][2],
            cells=cells[at],
            coarse=coarse[at],
            definition=str(
                Definition(table.edges[at], table.groupings[at], n_reference[at], n[at])
            ),
            **{name: values[at] for name, values in figures.items()},
        )
        for at, stream in enumerate(table.streams)
    )


def _cells(
    current: Ints, reference: Ints, terms: Floats, words: Sequence[CellWords]
) -> list[tuple[CellMeasure, ...]]:
    """Of matrices [streams, cells] and what the cells of each stream are called.

    Shares and terms are 0 where there are no rows: then no figure of the stream is given, either.
    """
    n, n_reference = current.sum(-1, keepdims=True), reference.sum(-1, keepdims=True)
    shares = (current / np.maximum(n, 1)).tolist()
    expected = (reference / np.maximum(n_reference, 1)).tolist()
    counts, reference_counts = current.tolist(), reference.tolist()
    parts = np.nan_to_num(terms).tolist()
    return [
        tuple(
            map(
                CellMeasure,
                called.names,
                called.roles,
                reference_counts[at],
                counts[at],
                expected[at],
                shares[at],
                parts[at],
            )
        )
        for at, called in enumerate(words)
    ]


def _or_none(values: Floats) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]


def _rates(table: StreamTable, found: Distances) -> list[list[Rate]]:
    """Missing, unseen and out of range of each stream."""
    kinds = [table.rates[roles] for roles in (MISSING, UNSEEN, OUT_OF_RANGE)]
    counts = np.stack([(found.current * mask).sum(-1) for mask in kinds], axis=-1).tolist()
    before = np.stack([(found.reference * mask).sum(-1) for mask in kinds], axis=-1).tolist()
    n, n_reference = found.n.tolist(), found.n_reference.tolist()
    return [
        [rate(counts[at][k], n[at], before[at][k], n_reference[at]) for k in range(len(kinds))]
        for at in range(len(table.streams))
    ]
