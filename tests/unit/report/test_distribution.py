from markupsafe import Markup

from tests.unit.report.measures import categories, measured, numeric, stream_with
from tiltyard.monitor.profile.cells import Kind
from tiltyard.report.distribution import CATEGORIES_MAX, CELLS_MAX, VALUES_MAX, distribution

EVEN = numeric(1, 2, 3, 4, 5, 6)
BEFORE = [0, 0, 100, 100, 100, 100, 100, 100, 0, 0, 0]
STREAM = stream_with(EVEN, BEFORE)
AFTER = [0, 0, 50, 100, 100, 100, 100, 150, 0, 0, 12]


def test_values_have_an_axis_of_values() -> None:
    stream = stream_with(EVEN, BEFORE, scale=100.0)
    shown = distribution(measured(stream, AFTER), stream)
    assert shown.caption == "rows by value"
    assert shown.ticks == ("0", "150", "300", "450", "600")
    assert shown.bars == ()
    assert shown.chart.count("<path") == 2


def test_uneven_cells_are_drawn_by_cell_and_it_is_said() -> None:
    stream = stream_with(numeric(0.01, 0.1, 1, 10, 100, 1_000), BEFORE)
    shown = distribution(measured(stream, AFTER), stream)
    assert shown.caption == "share of rows by cell, equally wide"
    assert shown.ticks[0] == "0"
    assert shown.ticks[-1] == "1,000"


def test_few_discrete_values_each_have_their_label() -> None:
    cells = numeric(0, 1, 2, kind=Kind.discrete)
    stream = stream_with(cells, [0, 0, 5, 5, 5, 0, 0, 0, 0])
    shown = distribution(measured(stream, [0, 0, 5, 5, 5, 0, 0, 0, 5]), stream)
    assert shown.is_labelled
    assert shown.ticks == ("0", "1", "2")
    assert [cell.name for cell in shown.aside] == ["UNSEEN"]


def test_many_discrete_values_have_a_few_labels() -> None:
    values = range(VALUES_MAX + 1)
    stream = stream_with(numeric(*values, kind=Kind.discrete), [0, 0, *[5] * 13, 0, 0, 0, 0])
    shown = distribution(measured(stream, [0, 0, *[5] * 13, 0, 0, 0, 0]), stream)
    assert not shown.is_labelled
    assert shown.ticks == ("0", "3", "6", "9", "12")


def test_categories_are_bars_the_largest_first_and_the_rest_is_counted() -> None:
    labels = [f"c{k}" for k in range(12)]
    before = [*range(120, 0, -10), 0, 0, 0, 0]
    stream = stream_with(categories(*labels), before)
    after = [*range(120, 10, -10), 400, 0, 0, 0, 0]
    shown = distribution(measured(stream, after), stream)
    assert len(shown.bars) == CATEGORIES_MAX
    assert shown.more == 12 - CATEGORIES_MAX
    assert shown.bars[0].name == "c11"  # the one that moved most is in sight
    assert shown.bars[0].after_width == 100
    assert shown.chart == Markup()


def test_without_rows_nothing_is_said_of_now() -> None:
    stream = stream_with(EVEN, BEFORE)
    shown = distribution(measured(stream, [0] * 11), stream)
    assert "class=after" not in shown.chart
    assert shown.top_part is None
    assert shown.aside == ()
    red = stream_with(categories("red"), [5, 0, 0, 0, 0])
    assert distribution(measured(red, [0] * 5), red).bars[0].after is None


def test_the_cell_that_adds_most_is_named_with_its_part() -> None:
    stream = stream_with(EVEN, BEFORE)
    measure = measured(stream, AFTER)
    shown = distribution(measure, stream)
    assert shown.top_part is not None
    assert shown.top_part.psi == max(cell.psi for cell in measure.coarse)
    assert shown.top_share * sum(cell.psi for cell in measure.coarse) == shown.top_part.psi


def test_noise_is_drawn_as_small_as_it_is() -> None:
    stream = stream_with(EVEN, BEFORE)
    shown = distribution(measured(stream, [0, 0, 99, 101, 100, 100, 100, 100, 0, 0, 0]), stream)
    assert "class=more" not in shown.parts


def test_a_few_rows_out_of_range_are_not_worth_telling() -> None:
    stream = stream_with(EVEN, BEFORE)
    shown = distribution(measured(stream, [0, 1, *[1_000] * 6, 0, 0, 900]), stream)
    assert [cell.role for cell in shown.aside] == ["missing"]


def test_of_very_many_cells_those_that_add_most_are_listed_in_order() -> None:
    labels = [f"c{k:03}" for k in range(100)]
    stream = stream_with(categories(*labels), [*[100] * 100, 0, 0, 0, 0])
    after = [100 + 3 * k for k in range(100)]
    measure = measured(stream, [*after, 0, 0, 0, 0])
    shown = distribution(measure, stream)
    assert len(shown.cells) == CELLS_MAX
    assert shown.cells_more == 100 - CELLS_MAX
    assert [cell.name for cell in shown.cells] == sorted(cell.name for cell in shown.cells)
    rest = [cell.psi for cell in measure.coarse if cell not in shown.cells]
    assert min(cell.psi for cell in shown.cells) >= max(rest)
    few = distribution(measured(STREAM, AFTER), STREAM)
    assert [cell.name for cell in few.cells][-1] == "MISSING"
    assert few.cells_more == 0


def test_the_training_profile_is_a_third_outline() -> None:
    stream = stream_with(EVEN, BEFORE)
    measure = measured(stream, AFTER)
    shown = distribution(measure, stream, training=measure)
    assert shown.chart.count("<path") == 3
    assert "class=training" in shown.chart
