import pytest

from tiltyard.store.rowwise.dim import ONE, ROWS, Dim
from tiltyard.store.rowwise.step import opaques
from tiltyard.store.rowwise.value import Fixed, NotProved, Rows, Sizes, broadcast, demoted


def test_sizes_without_the_rows_are_constants() -> None:
    sizes = Sizes((Dim(2),), (Dim(3), Dim(1, ("s",))))
    assert Fixed((Dim(2),)) == demoted(sizes)


def test_sizes_with_the_rows_are_not() -> None:
    with pytest.raises(NotProved, match="number of rows"):
        demoted(Sizes((ONE,), (ROWS,)))


def test_broadcasting_counts_from_the_right() -> None:
    wide = Rows((ROWS, Dim(3), Dim(4)), 0)
    assert wide == broadcast([wide, Fixed((Dim(4),))], opaques())
    assert Rows((Dim(5), ROWS, Dim(4)), 1) == broadcast(
        [Rows((ROWS, Dim(4)), 0), Fixed((Dim(5), ONE, ONE))], opaques()
    )


def test_an_unknown_rank_ends_the_proof() -> None:
    with pytest.raises(NotProved, match="rank"):
        broadcast([Rows((ROWS,), 0), Fixed(None)], opaques())


def test_blocks_of_different_size_do_not_meet() -> None:
    double = Rows((ROWS.times(Dim(2)),), 0)
    with pytest.raises(NotProved, match="rows meet on different axes"):
        broadcast([double, Rows((ROWS,), 0)], opaques())
