"""Streams as plain values: their cells add up, and what is not defined is None."""

import math

import numpy as np
import pytest

from tests.unit.monitor.statistics.samples import (
    AMOUNT,
    COLOUR,
    COUNT,
    counts_of,
    draw_rows,
    mixed_profile,
)
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.statistics.definition import Definition
from tiltyard.monitor.statistics.distances import distances
from tiltyard.monitor.statistics.measure import StreamMeasure
from tiltyard.monitor.statistics.measure_stream import measure_streams
from tiltyard.monitor.statistics.stream_table import table_of

PROFILE = mixed_profile()
VALUES = draw_rows(np.random.default_rng(8), 300, shift=0.4)
VALUES[AMOUNT][:6] = [np.inf, -np.inf, 1e9, -1e9, np.nan, np.nan]
VALUES[COUNT][:2] = [0.5, 99]
VALUES[COLOUR][:4] = [77, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFE]
COUNTS = counts_of(PROFILE, VALUES)


def measured(counts: Ints = COUNTS) -> dict[str, StreamMeasure]:
    found = distances(PROFILE, PROFILE.reference, counts, against="profile")
    return {one.stream: one for one in measure_streams(table_of(PROFILE), found)}


def test_the_psi_is_the_sum_over_cells_and_over_coarse_cells() -> None:
    for one in measured().values():
        assert sum(cell.psi for cell in one.coarse) == pytest.approx(one.psi, rel=1e-12)
        assert sum(cell.psi for cell in one.cells) == pytest.approx(one.psi, rel=1e-12)
        assert min(cell.psi for cell in one.cells) >= 0


def test_cells_hold_counts_and_raw_shares() -> None:
    for stream, one in zip(PROFILE.streams, measured().values(), strict=True):
        assert [cell.name for cell in one.cells] == list(stream.cells.names)
        assert [cell.role for cell in one.cells] == [r.value for r in stream.cells.folded_roles]
        assert type(one.cells[0].role) is str
        for cells in (one.cells, one.coarse):
            assert sum(cell.count for cell in cells) == one.n == 300
            assert sum(cell.reference_count for cell in cells) == one.n_reference == 2000
            assert [cell.share for cell in cells] == [cell.count / 300 for cell in cells]
        index = [cell.name for cell in one.cells].index(one.linf_cell)
        assert one.linf == abs(one.cells[index].share - one.cells[index].reference_share)


def test_rates_count_what_their_name_says() -> None:
    found = measured()
    amount, count, colour = found[AMOUNT], found[COUNT], found[COLOUR]
    missing = int(np.isnan(VALUES[AMOUNT]).sum())
    assert (amount.missing.count, amount.missing.n) == (missing, 300)
    assert amount.missing.reference == pytest.approx(0.02, abs=0.01)
    assert amount.unseen is None
    assert amount.out_of_range is not None
    assert amount.out_of_range.count >= 4  # both infinities, too
    assert count.unseen is not None
    assert count.unseen.count == 1
    assert count.out_of_range is not None
    assert count.out_of_range.count == 1
    assert colour.unseen is not None
    assert colour.unseen.count == np.isin(VALUES[COLOUR], [44, 77]).sum()
    assert colour.missing.count == 1
    assert colour.out_of_range is not None
    assert colour.out_of_range.count == 2  # invalid codes


def test_what_has_no_order_is_none_of_categories() -> None:
    colour = measured()[COLOUR]
    assert (colour.ks, colour.ks_excess, colour.wasserstein) == (None, None, None)
    assert (colour.location, colour.location_z, colour.variance_ratio) == (None, None, None)
    assert colour.js_distance is not None


def test_without_rows_all_is_none_and_never_zero() -> None:
    for one in measured(PROFILE.layout.zeros()).values():
        assert one.n == 0
        for name in (
            "psi", "psi_band", "psi_excess", "psi_p", "chi_square", "chi_square_p", "js_distance",
            "ks", "ks_excess", "wasserstein", "linf", "location", "location_z", "variance_ratio",
        ):  # fmt: skip
            assert getattr(one, name) is None, name
        assert one.linf_cell == ""
        assert math.isnan(one.missing.share)


def test_figures_are_plain_floats_that_programs_can_write() -> None:
    one = measured()[AMOUNT]
    assert {type(getattr(one, name)) for name in ("psi", "ks", "linf", "location")} == {float}
    assert {type(one.n), type(one.cells[0].count)} == {int}


def test_a_definition_is_that_of_its_stream() -> None:
    for at, one in enumerate(measured().values()):
        table = table_of(PROFILE)
        expected = Definition(table.edges[at], table.groupings[at], 2000, 300)
        assert Definition.parse(one.definition) == expected
