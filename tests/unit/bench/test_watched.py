"""What became of rows, and of how many of them a cost is."""

from bench.watched import Accounts


def test_rows_are_counted_or_dropped_or_missing() -> None:
    before, after = Accounts(100, 90, 10), Accounts(350, 290, 40)
    rows = after - before
    assert rows == Accounts(offered=250, counted=200, dropped=30)
    assert rows.missing == 20
    assert before.missing == 0
