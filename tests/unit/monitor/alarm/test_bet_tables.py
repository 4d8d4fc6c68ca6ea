"""The tables of all streams together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.monitor.alarm.references import (
    any_stream,
    categorical,
    joint,
    ordered,
    uniform,
)
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.alarm.reference_stream import ReferenceStream
from tiltyard.monitor.alarm.tolerance import reference_z

POLICY = AlarmPolicy()
STREAMS = [
    uniform("a"),
    categorical("b", [3000, 1500, 400, 50, 0, 40, 10]),
    ordered("c", [0, 4950, 50, 0, 0]),
    ordered("d", [0, 5000, 0, 0]),
]


@given(st.lists(any_stream(), min_size=1, max_size=4))
def test_no_bet_is_expected_to_win_on_the_reference_itself(
    streams: list[ReferenceStream],
) -> None:
    tables = BetTables.build(streams, POLICY)
    shapes = set(tables.layout.shapes.ravel().tolist())
    for bet in set(range(tables.layout.size)) - shapes:
        stream = streams[int(tables.layout.stream[bet])]
        expected = (stream.counts / stream.rows) @ np.exp(tables.table(bet))
        assert expected <= 1 + 1e-12


@given(st.integers(0, 2**32 - 1))
def test_increments_are_sums_over_rows_of_each_bets_table(seed: int) -> None:
    tables = BetTables.build(STREAMS, POLICY)
    rng = np.random.default_rng(seed)
    cells = rng.integers(0, 50, tables.size).astype(float)
    shape_logs = rng.normal(size=(2, len(tables.shape.stream)))
    added = tables.increments(cells, shape_logs)
    for bet in range(tables.layout.size):
        stream = int(tables.layout.stream[bet])
        begin, end = tables.span(stream)
        at = np.flatnonzero(tables.layout.shapes[:, stream] == bet)
        table = shape_logs[at[0]][tables.layout.coarse[begin:end]] if len(at) else tables.table(bet)
        assert added[bet] == pytest.approx(table @ cells[begin:end], rel=1e-9, abs=1e-9)


def test_the_tolerance_is_the_policys_or_the_references() -> None:
    tables = BetTables.build([uniform("a", rows=500), uniform("b", rows=1_000_000)], POLICY)
    assert tables.tolerance == pytest.approx([reference_z(0.01, 2) / np.sqrt(500), 0.1])
    more = BetTables.build([uniform("a", rows=500)], POLICY, bound_streams=60, slots=168)
    assert more.tolerance == pytest.approx([reference_z(0.01, 60, 168) / np.sqrt(500)])


def test_another_reference_can_have_the_same_bets() -> None:
    tables = BetTables.build(STREAMS, POLICY)
    others = [
        uniform("a", rows=2000),
        categorical("b", [10, 0, 900, 50, 0, 400, 10]),
        ordered("c", [0, 900, 50, 0, 10]),
        ordered("d", [0, 500, 0, 0]),
    ]
    again = BetTables.build(others, POLICY, layout=tables.layout, slot=3)
    assert again.layout is tables.layout
    for bet in range(tables.layout.size):
        if bet in tables.layout.shapes:
            continue
        stream = others[int(tables.layout.stream[bet])]
        assert (stream.counts / stream.rows) @ np.exp(again.table(bet)) <= 1 + 1e-12


def test_they_know_which_streams_are_joint() -> None:
    tables = BetTables.build([uniform("a"), joint("surprise"), uniform("b")], POLICY)
    assert tables.is_joint.tolist() == [False, True, False]


def test_what_does_not_fit_is_refused() -> None:
    tables = BetTables.build(STREAMS, POLICY)
    with pytest.raises(ValueError, match="the layout is of cells"):
        BetTables.build(STREAMS[:2], POLICY, layout=tables.layout)
    with pytest.raises(ValueError, match="at least one stream"):
        BetTables.build([], POLICY)


def test_it_is_small_enough_for_hundreds_of_models() -> None:
    tables = BetTables.build([uniform(f"f{i}", 4992, 32) for i in range(32)], POLICY)
    assert tables.nbytes < 256 * 1024
