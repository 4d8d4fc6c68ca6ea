"""Ticks of a file: as a gateway would have closed them, but none over midnight."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.backtest.tick_cuts import TickCuts, cut_ticks
from tiltyard.monitor.policy import DAY_S

POLICY = AlarmPolicy(tick_rows_min=3)


def cut(times: list[float], policy: AlarmPolicy = POLICY) -> TickCuts:
    array = np.array(times, np.float64)
    return cut_ticks(array, (array // DAY_S).astype(np.int64), policy)


def test_a_tick_closes_with_rows_and_time_enough() -> None:
    cuts = cut([0.0, 0.1, 0.2, 0.3, 1.5, 1.6, 5.0, 9.0, 9.5])
    assert cuts.begin.tolist() == [0, 5]
    assert cuts.end.tolist() == [5, 8]
    assert cuts.elapsed_s.tolist() == [1.5, 7.5]
    assert cuts.ended_s.tolist() == [1.5, 9.0]
    assert cuts.rows_left == 1


def test_no_tick_reaches_over_midnight_and_time_goes_on() -> None:
    cuts = cut([DAY_S - 9, DAY_S - 8, DAY_S - 7, DAY_S - 6, DAY_S + 1, DAY_S + 2, DAY_S + 3])
    assert cuts.day.tolist() == [0, 1]
    assert cuts.begin.tolist() == [0, 4]
    assert cuts.elapsed_s.tolist() == [2.0, 10.0]
    assert cuts.of_day(1) == range(1, 2)
    assert cuts.rows_left == 1


def test_without_rows_enough_there_is_no_tick() -> None:
    cuts = cut([0.0, 5.0])
    assert len(cuts) == 0
    assert cuts.rows_left == 2


@given(
    st.lists(st.integers(0, 3 * 86_400 * 8), min_size=1, max_size=200),
    st.integers(1, 7),
    st.sampled_from([0.1, 1.0, 600.0]),
)
def test_ticks_are_as_a_loop_over_rows_closes_them(
    eighths: list[int], rows_min: int, tick_s: float
) -> None:
    times = [eighth / 8 for eighth in sorted(eighths)]
    policy = replace(POLICY, tick_rows_min=rows_min, tick_s=tick_s)
    expected, since, begin = [], times[0], 0
    for row, time in enumerate(times):
        if time // DAY_S != times[begin] // DAY_S:
            begin = row
        if policy.closes(time - since, row + 1 - begin):
            expected.append((begin, row + 1, time - since))
            since, begin = time, row + 1
            if begin == len(times):
                break
    cuts = cut(times, policy)
    found = zip(cuts.begin.tolist(), cuts.end.tolist(), cuts.elapsed_s.tolist(), strict=True)
    assert list(found) == expected
    assert cuts.rows_left == len(times) - int((cuts.end - cuts.begin).sum())
