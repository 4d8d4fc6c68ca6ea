import numpy as np

from tiltyard.monitor.counting.layout import CountLayout
from tiltyard.monitor.counting.level import HOUR
from tiltyard.monitor.counting.pane_budget import PaneBudget
from tiltyard.monitor.counting.panes import Panes

LAYOUT = CountLayout.of([30, 30])
T0 = 1_700_000_000


def plane(seconds: int, step: float = 1.0) -> Panes:
    panes = Panes(LAYOUT, T0)
    for index in range(seconds):
        panes.add(T0 + index * step, np.full(LAYOUT.size, 3), index, index)
    return panes


def sealed(panes: Panes) -> list[int]:
    return [len(level.sealed) for level in panes.levels]


def test_within_the_budget_nothing_is_given_up() -> None:
    planes = [plane(100), plane(200)]
    budget = PaneBudget(sum(panes.bytes_held for panes in planes))
    assert budget.enforce(planes) == ""
    assert budget.bytes_held == budget.bytes_max
    assert [panes.panes_dropped for panes in planes] == [0, 0]


def test_the_oldest_seconds_of_the_largest_go_first() -> None:
    small, large = plane(100), plane(600)
    before = sealed(large)
    budget = PaneBudget(small.bytes_held + large.bytes_held - 1)
    assert budget.enforce([small, large]) == ""
    assert sealed(small) == sealed(plane(100))
    assert before[0] - 60 <= sealed(large)[0] < before[0]
    assert sealed(large)[1:] == before[1:]
    assert large.panes_dropped == before[0] - sealed(large)[0]
    assert budget.bytes_held == small.bytes_held + large.bytes_held <= budget.bytes_max


def test_then_minutes_then_hours_and_the_totals_stay() -> None:
    planes = [plane(400), plane(200, step=600.0)]
    totals = [panes.totals() for panes in planes]
    for share in (0.8, 0.5, 0.3, 0.1):
        held = sum(panes.bytes_held for panes in planes)
        PaneBudget(int(held * share)).enforce(planes)
        for panes, total in zip(planes, totals, strict=True):
            assert np.array_equal(panes.totals(), total)
    assert [sealed(panes)[0] for panes in planes] == [0, 0]
    assert planes[1].panes_dropped > 100


def test_what_cannot_be_given_up_is_said() -> None:
    planes = [plane(300), plane(10, step=HOUR)]
    budget = PaneBudget(100)
    said = budget.enforce(planes)
    assert [sealed(panes) for panes in planes] == [[0, 0, 0], [0, 0, 0]]
    assert said.startswith(f"the counts of 2 planes take {budget.bytes_held:,} bytes without any")
    assert "monitor_bytes_max is 100" in said


def test_no_planes() -> None:
    budget = PaneBudget(0)
    assert budget.enforce([]) == ""
