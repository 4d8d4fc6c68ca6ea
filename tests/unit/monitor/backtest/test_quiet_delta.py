"""The smallest delta without an alarm."""

from hypothesis import given
from hypothesis import strategies as st

from tiltyard.monitor.backtest.quiet_delta import GRID, QuietDelta, quiet_delta


@given(st.floats(0.0, 1.2), st.sampled_from([*GRID, 0.12]))
def test_it_is_found_with_few_passes(limit: float, asked: float) -> None:
    calls: list[float] = []

    def is_quiet(delta: float) -> bool:
        calls.append(delta)
        return delta >= limit

    found = quiet_delta(is_quiet, {asked: asked >= limit})
    grid = sorted({*GRID, asked})
    assert found.delta == next((delta for delta in grid if delta >= limit), None)
    assert found.louder == max((delta for delta in grid if delta < limit), default=None)
    assert asked not in calls
    assert len(calls) <= 4


@given(st.sets(st.sampled_from(GRID)), st.sampled_from(GRID))
def test_both_were_tried_whatever_the_answers(quiet: set[float], asked: float) -> None:
    found = quiet_delta(quiet.__contains__, {asked: asked in quiet})
    assert found.delta is None or found.delta in quiet
    assert found.louder not in quiet


def test_a_file_that_is_quiet_everywhere_has_no_louder_one() -> None:
    assert quiet_delta(lambda _: True, {0.1: True}) == QuietDelta(GRID[0], None)
    assert quiet_delta(lambda _: False, {0.1: False}) == QuietDelta(None, GRID[-1])
