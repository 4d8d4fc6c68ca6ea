"""A window against a reference as one report."""

import numpy as np
import pytest

from tests.unit.monitor.statistics.samples import (
    counts_of,
    draw_rows,
    mixed_profile,
    snapshot_of,
    window,
)
from tiltyard.monitor.statistics.errors import StatisticsError
from tiltyard.monitor.statistics.report import report, report_of

PROFILE = mixed_profile()
RNG = np.random.default_rng(21)
CURRENT = window(counts_of(PROFILE, draw_rows(RNG, 400, shift=0.5)), 5000.0, 5600.0)
PREVIOUS = window(counts_of(PROFILE, draw_rows(RNG, 350)), 4400.0, 5000.0)


def test_it_says_what_it_is_of_and_names_the_planted_shift() -> None:
    found = report(PROFILE, PROFILE.reference, CURRENT, against="profile", reference_digest="abc")
    assert (found.against, found.reference_digest) == ("profile", "abc")
    assert (found.begin, found.end, found.rows, found.requests) == (5000.0, 5600.0, 400, 400)
    assert [one.stream for one in found.streams] == [one.name for one in PROFILE.streams]
    assert [one.stream for one in found.streams if one.psi_excess] == ["amount", "score"]


def test_streams_may_have_different_numbers_of_reference_rows() -> None:
    reference = PROFILE.reference
    half = PROFILE.layout.cells(reference, 1)
    half //= 2
    found = report(PROFILE, reference, CURRENT, against="profile", reference_digest="")
    assert found.streams[0].n_reference == 2000
    assert found.streams[1].n_reference == int(half.sum())
    assert f"n_reference={int(half.sum())} " in found.streams[1].definition


def test_an_unknown_reference_is_refused() -> None:
    with pytest.raises(ValueError, match=r"one of profile, baseline, .*; it is 'week'"):
        report(PROFILE, PROFILE.reference, CURRENT, against="week", reference_digest="")


def test_of_a_snapshot_it_takes_the_reference_from_there() -> None:
    snapshot = snapshot_of(PROFILE, CURRENT, previous=PREVIOUS)
    drift, skew = report_of(snapshot, "previous"), report_of(snapshot, "profile")
    assert (drift.streams[0].n_reference, skew.streams[0].n_reference) == (350, 2000)
    assert skew.reference_digest == PROFILE.digest
    with pytest.raises(StatisticsError, match="against 'baseline': there is profile, previous"):
        report_of(snapshot, "baseline")
