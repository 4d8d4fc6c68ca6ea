"""What a stream is held against."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.monitor.alarm.references import categorical, ordered
from tiltyard.monitor.alarm.reference_stream import ReferenceStream
from tiltyard.monitor.profile.cells import CellRole, Kind, ordered_cells
from tiltyard.monitor.profile.stream import Group, Stream


def test_reserved_cells_are_bet_upward_unless_the_reference_has_a_hundredth_of_them() -> None:
    stream = ordered("x", [0, 500, 480, 0, 20])
    assert stream.upward.tolist() == [True, False, False, True, False]
    assert stream.two_sided.tolist() == [False, False, False, False, True]


def test_a_category_that_the_reference_never_had_is_bet_upward() -> None:
    stream = categorical("x", [700, 300, 0, 0, 0, 5, 0])
    assert stream.two_sided.tolist() == [True, True, False, False, False, False, False]
    assert stream.upward.tolist() == [False, False, True, True, True, True, True]


def test_fewer_rows_in_an_estimated_cell_are_no_news() -> None:
    stream = replace(
        categorical("x", [700, 200, 50, 50, 0, 0]), estimated=frozenset({CellRole.unseen})
    )
    assert stream.two_sided.tolist() == [True, True, True, True, False, False]
    assert stream.downward.tolist() == [True, True, True, False, False, False]


def test_a_profiles_stream_is_folded() -> None:
    cells = ordered_cells(Kind.numeric, np.array([1, 2], np.float32), 0.0)
    counts = np.array([1, 0, 50, 40, 2, 3, 4])
    stream = Stream("x", Group.feature, None, cells, counts)
    own = ReferenceStream.of(stream)
    assert own.counts.tolist() == [1, 50, 40, 5, 4]
    assert (own.rows, own.roles, own.labels) == (100, cells.folded_roles, cells.names)
    assert ReferenceStream.of(stream, 2 * counts).rows == 200


@pytest.mark.parametrize("group", Group)
def test_a_joint_stream_says_so(group: Group) -> None:
    cells = ordered_cells(Kind.numeric, np.array([1, 2], np.float32), 0.0)
    stream = Stream("x", group, None, cells, np.ones(cells.size, np.int64))
    assert ReferenceStream.of(stream).is_joint is (group is Group.joint)


@pytest.mark.parametrize(
    ("roles", "counts", "told"),
    [
        ((CellRole.finite,), [1, 2], "'x' has 1 roles, 1 labels and 2 counts"),
        ((CellRole.finite,), [0], "'x' has 0 rows"),
        ((CellRole.finite, CellRole.finite), [5, -1], "the fewest in a cell are -1"),
        ((CellRole.finite, CellRole.plus_infinity), [5, 1], r"a cell \+inf"),
    ],
)
def test_what_does_not_fit_is_refused(
    roles: tuple[CellRole, ...], counts: list[int], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        ReferenceStream("x", roles, tuple("c" for _ in roles), np.array(counts))
