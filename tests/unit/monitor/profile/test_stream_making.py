from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.monitor.profile.arrays import f32
from tiltyard.monitor.profile.cells import CellRole, Kind
from tiltyard.monitor.profile.declaration import Scale
from tiltyard.monitor.profile.stream import Group, Slot
from tiltyard.monitor.profile.stream_making import (
    make_joint_stream,
    make_ordered_cells,
    make_stream,
)
from tiltyard.monitor.profile.watch import Watch

FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)
SLOT = Slot("input", "x", 0, 1, "number")

Array = npt.NDArray[Any]


def watch(values: Array, kind: Kind = Kind.numeric) -> Watch:
    return Watch("f", Group.feature, SLOT, kind, f32(values).view(np.uint32))


@given(st.lists(FINITE, min_size=1, max_size=200), st.integers(2, 100))
def test_edges_are_quantiles_that_occur(values: list[float], cells_max: int) -> None:
    given_values = f32(values)
    cells = make_ordered_cells(Kind.numeric, given_values, cells_max)
    shares = np.arange(1, cells_max + 1) / cells_max
    expected = {float(v) for v in np.quantile(given_values, shares, method="inverted_cdf")}
    assert sorted(expected) == cells.edges.tolist()
    assert cells.edges[-1] == given_values.max()
    assert cells.minimum == given_values.min()


@given(
    st.lists(st.floats(width=32), min_size=2, max_size=300),
    st.sampled_from([Kind.numeric, Kind.discrete]),
)
def test_every_row_of_the_reference_has_a_cell(values: list[float], kind: Kind) -> None:
    made = make_stream(watch(f32(values), kind), 10, Scale(1.0))
    stream = made.stream
    assert stream.rows == len(values)
    assert np.bincount(made.indices, minlength=stream.cells.size).tolist() == stream.counts.tolist()
    outside = (CellRole.below, CellRole.above, CellRole.unseen)
    for role, count in zip(stream.cells.roles, stream.counts.tolist(), strict=True):
        assert count == 0 or role not in outside


def test_cells_hold_equal_shares_of_a_continuous_reference() -> None:
    values = np.random.default_rng(0).normal(size=32_000)
    stream = make_stream(watch(values), 32, Scale(1.0)).stream
    finite = stream.counts[2:34]
    assert finite.min() >= 990
    assert finite.sum() == 32_000


def test_a_discrete_stream_has_a_cell_a_value() -> None:
    stream = make_stream(watch(f32([3, 1, 3, -0.0, np.nan]), Kind.discrete), 2, Scale(1.0)).stream
    assert stream.cells.edges.tolist() == [0, 1, 3]
    assert not np.signbit(stream.cells.edges[0])
    assert stream.counts.tolist() == [0, 0, 1, 1, 2, 0, 0, 1, 0]


def test_moments_are_of_the_finite_values_as_float32() -> None:
    values = f32([1e8, 1e8 + 8, np.nan, np.inf])
    stream = make_stream(watch(values), 32, Scale(0.01, "EUR")).stream
    assert (stream.mean, stream.sigma) == (1e8 + 4, 4.0)
    assert (stream.scale, stream.unit) == (0.01, "EUR")


def test_a_constant_has_a_sigma_of_1() -> None:
    """The deviation of equal numbers, computed, need not be 0."""
    stream = make_stream(watch(np.full(1000, 0.1)), 32, Scale(1.0)).stream
    assert (stream.mean, stream.sigma) == (float(np.float32(0.1)), 1.0)
    assert (stream.cells.edges.tolist(), stream.cells.minimum) == ([stream.mean], stream.mean)


@pytest.mark.parametrize("values", [[np.nan] * 3, [np.inf, -np.inf, np.nan]])
def test_a_column_without_a_value_has_one_empty_cell(values: list[float]) -> None:
    stream = make_stream(watch(f32(values)), 32, Scale(1.0)).stream
    assert (stream.cells.edges.tolist(), stream.cells.minimum) == ([0.0], 0.0)
    assert stream.counts[2] == 0
    assert (stream.mean, stream.sigma) == (0.0, 1.0)


def test_joint_streams_have_no_slot() -> None:
    stream = make_joint_stream("surprise", f32([1, 2, 3, np.inf]), 4)
    assert (stream.slot, stream.group, stream.rows) == (None, Group.joint, 4)
