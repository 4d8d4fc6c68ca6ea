import math

import pytest

from tests.unit.cli.sample_planes import sample_plane
from tests.unit.cli.sample_views import HOUR, NOW
from tiltyard.cli.render import drift_words as words
from tiltyard.monitor.statistics.measure import Rate
from tiltyard.monitor.statistics.report import report_of


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "-"),
        (math.nan, "-"),
        (0.0, "0"),
        (1e-9, "<0.001"),
        (0.0214, "0.021"),
        (1.236, "1.24"),
        (12.34, "12.3"),
        (1_234.5, "1,234"),
        (-0.5, "-0.500"),
    ],
)
def test_figures(value: float | None, told: str) -> None:
    assert words.figure(value) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "-"), (0.0049, "0"), (0.314, "+0.31"), (-2.0, "-2.00"), (1_234.0, "+1,234")],
)
def test_shifts(value: float | None, told: str) -> None:
    assert words.shift(value) == told


@pytest.mark.parametrize(
    ("number", "told"),
    [(0, "0"), (9_999, "9,999"), (12_345, "12.3k"), (123_456, "123k"), (12_345_678, "12.3M")],
)
def test_counts(number: int, told: str) -> None:
    assert words.count(number) == told


def test_rates() -> None:
    found = Rate(60, 1_000, 0.06, 0.05, 0.08, 0.049)
    assert (words.rate(found), words.is_worse(found)) == ("6 %", True)
    usual = Rate(60, 1_000, 0.06, 0.05, 0.08, 0.05)
    assert not words.is_worse(usual)
    unknown = Rate(0, 0, math.nan, math.nan, math.nan, 0.0)
    assert (words.rate(unknown), words.is_worse(unknown)) == ("-", False)
    assert (words.rate(None), words.is_worse(None)) == ("", False)


def test_the_cell_that_changed_most() -> None:
    measures = {m.stream: m for m in report_of(sample_plane(), "baseline").streams}
    cell = words.most_changed(measures["items"])
    assert cell is not None
    assert (cell.name, round(cell.share, 3)) == ("MISSING", 0.06)


def test_the_rest() -> None:
    assert [words.rows(1), words.rows(24_000)] == ["1 row", "24,000 rows"]
    assert [words.probability(p) for p in (None, 0.04, 1e-300)] == ["-", "0.04", "<1e-12"]
    assert words.ago(NOW - 2 * HOUR, NOW) == "2 h ago (08:00)"
