"""Broken data are told from a changed world."""

import re
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.monitor.statistics.samples import (
    AMOUNT,
    COLOUR,
    counts_of,
    draw_rows,
    mixed_profile,
    window,
)
from tiltyard.monitor.profile.cells import Floats
from tiltyard.monitor.statistics.cause import cause, cause_shares
from tiltyard.monitor.statistics.measure import StreamMeasure
from tiltyard.monitor.statistics.report import report

PROFILE = mixed_profile()


def measured(stream: str, values: dict[str, Floats]) -> StreamMeasure:
    found = report(
        PROFILE,
        PROFILE.reference,
        window(counts_of(PROFILE, values)),
        against="profile",
        reference_digest="",
    )
    return next(one for one in found.streams if one.stream == stream)


def rows(shift: float = 0.0) -> dict[str, Floats]:
    return draw_rows(np.random.default_rng(17), 400, shift)


def test_missing_values_explain_a_psi_that_they_made() -> None:
    values = rows()
    values[AMOUNT][:120] = np.nan
    one = measured(AMOUNT, values)
    told = re.fullmatch(r"missing values explain (\d+) % of the PSI", cause(one))
    assert told is not None
    assert int(told[1]) == round(100 * cause_shares(one)["missing"]) > 80


def test_shares_are_the_parts_of_the_cells() -> None:
    values = rows()
    values[AMOUNT][:60] = np.nan
    values[AMOUNT][60:100] = [1e9, -1e9] * 20
    one = measured(AMOUNT, values)
    parts = {
        cell.role: cell.psi for cell in one.cells if cell.role in ("missing", "below", "above")
    }
    found = cause_shares(one)
    assert one.psi is not None
    assert found["missing"] == pytest.approx(parts["missing"] / one.psi, rel=1e-12)
    both = parts["below"] + parts["above"]
    assert found["out-of-range"] == pytest.approx(both / one.psi, rel=1e-12)
    assert found["unseen"] == 0
    assert 0 < sum(found.values()) <= 1


def test_several_kinds_explain_it_together() -> None:
    one = measured(AMOUNT, rows(shift=0.5))
    assert one.psi is not None
    reserved = {"missing": 0.3 * one.psi, "above": 0.35 * one.psi, "below": 0.0}
    coarse = tuple(
        replace(cell, psi=reserved.get(cell.role, 0.35 * one.psi / 10)) for cell in one.coarse
    )
    told = cause(replace(one, coarse=coarse))
    assert told == "missing and out-of-range values explain 65 % of the PSI"


def test_new_categories_are_unseen_values() -> None:
    values = rows()
    values[COLOUR][:100] = 99
    assert cause(measured(COLOUR, values)).startswith("unseen values explain ")


def test_a_shift_is_no_broken_data() -> None:
    one = measured(AMOUNT, rows(shift=0.6))
    assert one.psi_excess
    assert cause(one) == ""


def test_a_psi_within_its_band_has_no_cause_however_it_is_made() -> None:
    values = rows()
    values[AMOUNT][:120] = np.nan
    one = measured(AMOUNT, values)
    assert cause(replace(one, psi_excess=0.0)) == ""
    assert cause_shares(replace(one, psi_excess=0.0)) == cause_shares(one)


def test_noise_has_no_cause_and_no_rows_have_none() -> None:
    assert cause(measured(AMOUNT, rows())) == ""
    empty = {name: values[:0] for name, values in rows().items()}
    one = measured(AMOUNT, empty)
    assert cause(one) == ""
    assert cause_shares(one) == {}
