"""Count vectors become matrices that hold what Cells.fold() says."""

import gc
import weakref

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.monitor.statistics.samples import counts_of, draw_rows, mixed_profile
from tiltyard.monitor.profile.cells import Kind
from tiltyard.monitor.statistics import stream_table
from tiltyard.monitor.statistics.coarse import coarse_groups
from tiltyard.monitor.statistics.stream_table import MISSING, OUT_OF_RANGE, UNSEEN, table_of

PROFILE = mixed_profile()


@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_matrices_hold_the_folded_counts_and_their_groups(seed: int) -> None:
    counts = np.random.default_rng(seed).integers(0, 2**40, PROFILE.layout.size)
    table = table_of(PROFILE)
    folded, coarse = table.fold(counts), table.group(counts)
    for at, stream in enumerate(PROFILE.streams):
        expected = stream.cells.fold(PROFILE.layout.cells(counts, at))
        width = len(expected)
        assert folded[at, :width].tolist() == expected.tolist()
        assert not folded[at, width:].any()
        groups = coarse_groups(stream.cells, stream.counts)
        sums = np.zeros(int(groups[-1]) + 1, np.int64)
        np.add.at(sums, groups, expected)
        assert coarse[at, : len(sums)].tolist() == sums.tolist()
        assert not coarse[at, len(sums) :].any()
        assert table.words[at].names == stream.cells.names
        assert len(table.coarse_words[at].names) == len(sums)


def test_finite_values_are_those_that_moments_are_summed_over() -> None:
    values = draw_rows(np.random.default_rng(1), 200)
    values["amount"][:7] = [np.inf, -np.inf, np.nan, 1e9, -1e9, 0.5, np.nan]
    values["count"][:3] = [0.5, 1.5, np.inf]  # between the reference's values, and beyond
    found = table_of(PROFILE).finite(counts_of(PROFILE, values))
    for at, stream in enumerate(PROFILE.streams):
        ordered = stream.cells.kind is not Kind.categorical
        expected = np.count_nonzero(np.isfinite(values[stream.name])) if ordered else 0
        assert found[at] == expected


def test_rates_are_of_the_cells_with_these_roles() -> None:
    table = table_of(PROFILE)
    for at, stream in enumerate(PROFILE.streams):
        roles = stream.cells.folded_roles
        for kind in (MISSING, UNSEEN, OUT_OF_RANGE):
            expected = [role in kind for role in roles]
            assert table.rates[kind][at, : len(roles)].tolist() == expected
            assert not table.rates[kind][at, len(roles) :].any()


def test_it_is_made_once_and_dies_with_its_profile() -> None:
    profile = mixed_profile()
    key = id(profile)
    assert table_of(profile) is table_of(profile)
    assert key in stream_table._tables
    alive = weakref.ref(profile)
    del profile
    gc.collect()
    assert alive() is None
    assert key not in stream_table._tables
