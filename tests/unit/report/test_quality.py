from tests.unit.report.measures import measured, numeric, stream_with
from tiltyard.report.quality import quality_rows

CELLS = numeric(1, 2, 3, 4)
BEFORE = [0, 0, 250, 250, 250, 250, 0, 0, 10]


def test_what_got_worse_beyond_chance_comes_first() -> None:
    steady = measured(stream_with(CELLS, BEFORE, "steady"), [0, 0, 250, 250, 250, 250, 0, 0, 11])
    broken = measured(stream_with(CELLS, BEFORE, "broken"), [0, 0, 250, 250, 250, 250, 0, 0, 90])
    rows = quality_rows([steady, broken])
    assert [(row.stream, row.what, row.is_worse) for row in rows] == [
        ("broken", "missing", True),
        ("steady", "missing", False),
    ]
    assert rows[0].before == "0.99 %"
    assert rows[0].text.startswith("8.26 % (")


def test_a_share_that_fell_is_no_fault() -> None:
    healed = measured(stream_with(CELLS, [0, 0, 250, 250, 250, 250, 0, 0, 90]), BEFORE)
    (row,) = quality_rows([healed])
    assert not row.is_worse


def test_shares_that_are_0_on_both_sides_have_no_row() -> None:
    stream = stream_with(CELLS, [0, 0, 250, 250, 250, 250, 0, 0, 0])
    assert quality_rows([measured(stream, [0, 0, 1, 1, 1, 1, 0, 0, 0])]) == ()


def test_without_rows_there_is_nothing_to_say() -> None:
    assert quality_rows([measured(stream_with(CELLS, BEFORE), [0] * 9)]) == ()


def test_one_row_out_of_range_is_counted_but_no_alarm() -> None:
    stream = stream_with(CELLS, [0, 0, 250, 250, 250, 250, 0, 0, 0])
    (row,) = quality_rows([measured(stream, [0, 0, 250, 250, 250, 250, 0, 1, 0])])
    assert (row.what, row.rate.count, row.is_worse) == ("out of range", 1, False)
