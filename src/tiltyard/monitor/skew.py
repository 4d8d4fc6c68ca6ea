"""What traffic is held against before there is a baseline: the profile's reference, as fresh rows
would be counted by it.
"""

from typing import Final

import numpy as np

from tiltyard.monitor.detection import SKEW, Reference
from tiltyard.monitor.profile.cells import CellRole, Ints, Kind
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.stream import Stream

ESTIMATED: Final = frozenset({CellRole.unseen})
# Where a profile does not say how many categories of OTHER occur once.
ESTIMATED_TOO: Final = ESTIMATED | {CellRole.other}


def skew_reference(profile: Profile) -> Reference:
    """The reference's counts, but the rows whose value no other row has are in UNSEEN.

    Cells are made of the values that the reference has, so none of its own rows is ever unseen, and
    a bound of UNSEEN's share from 0 of m rows says nothing of fresh ones. Each row held against the
    others says it: those whose value occurs once (Good and Turing; Good, The population frequencies
    of species, Biometrika 1953). A baseline is counted from fresh rows, and needs none of this.
    """
    counts = profile.reference.copy()
    estimated = ESTIMATED
    for index, stream in enumerate(profile.streams):
        cells = profile.layout.cells(counts, index)
        if stream.cells.kind is Kind.discrete:
            _hold_out_values(stream, cells)
        elif stream.cells.kind is Kind.categorical:
            _hold_out_categories(stream, cells)
            if stream.other_rare is None:
                estimated = ESTIMATED_TOO
    return Reference(SKEW, profile.digest, counts, estimated=estimated)


def _hold_out_values(stream: Stream, counts: Ints) -> None:
    """Not the least and the largest: those would be below and above."""
    finite = np.flatnonzero([role is CellRole.finite for role in stream.cells.roles])
    _move(stream, counts, finite[1:-1])


def _hold_out_categories(stream: Stream, counts: Ints) -> None:
    cells = stream.cells
    _move(stream, counts, np.arange(len(cells.labels)))
    other, unseen = (cells.roles.index(role) for role in (CellRole.other, CellRole.unseen))
    once, again = _rare_others(stream)
    counts[other] -= max(0, once - again)
    counts[unseen] += once


def _rare_others(stream: Stream) -> tuple[int, int]:
    """How many categories of OTHER occur once, and how many of so many fresh rows they will have.

    All that occur once will have twice as many together as there are that occur twice (Good).
    """
    cells = stream.cells
    own, rows = stream.counts[: len(cells.labels)], int(stream.counts[len(cells.labels)])
    if stream.other_rare is not None:
        once, twice = stream.other_rare
    else:
        codes = int((cells.code_cells == len(cells.labels)).sum())
        # Of k values in c rows, if how often they occur is geometric: its mean is c / k.
        part = min(1.0, codes / max(rows, 1))
        once, twice = round(rows * part**2), round(rows * part**2 * (1 - part))
    all_once, all_twice = once + int((own == 1).sum()), twice + int((own == 2).sum())
    return once, round(2 * all_twice * once / max(all_once, 1))


def _move(stream: Stream, counts: Ints, cells: Ints) -> None:
    """Those of these cells that have one row into UNSEEN."""
    alone = cells[counts[cells] == 1]
    counts[alone] = 0
    counts[stream.cells.roles.index(CellRole.unseen)] += len(alone)
