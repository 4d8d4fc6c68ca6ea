from collections.abc import Iterable
from typing import cast

import numpy as np

from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.detection import DRIFT, SKEW, Detection
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.ticking import Ticking


class Told:
    """Takes a detector's place, and remembers its ticks."""

    def __init__(self) -> None:
        self.ticks: list[tuple[list[int], float, float]] = []

    def tick(self, counts: Ints, elapsed_s: float, at: float) -> tuple[str, None]:
        self.ticks.append((counts.tolist(), elapsed_s, at))
        return "", None


def ticking(kinds: Iterable[str] = (SKEW,)) -> tuple[Ticking, dict[str, Told]]:
    told = {kind: Told() for kind in kinds}
    made = Ticking(AlarmPolicy(tick_s=1.0, tick_rows_min=50), monotonic=10.0)
    made.detections.update({kind: cast("Detection", one) for kind, one in told.items()})
    return made, told


def rows(count: int) -> Ints:
    return np.array([count, 1, count], np.int64)


def test_a_tick_closes_after_a_second_with_rows_enough() -> None:
    made, told = ticking((SKEW, DRIFT))
    made.add(rows(30))
    assert list(made.close(11.0, 1000.0)) == [], "too few rows"
    made.add(rows(30))
    assert list(made.close(10.9, 1000.9)) == [], "too early"
    assert [event for _, event, _ in made.close(12.5, 1002.5)] == ["", ""]
    for one in told.values():
        assert one.ticks == [([60, 2, 60], 2.5, 1002.5)]
    made.add(rows(50))
    assert len(list(made.close(13.5, 1003.5))) == 2
    assert told[SKEW].ticks[1] == ([50, 1, 50], 1.0, 1003.5)


def test_nothing_is_bet_of_time_without_rows() -> None:
    made, told = ticking()
    assert list(made.close(1e6, 1e6)) == []
    assert told[SKEW].ticks == []


def test_what_is_added_may_be_used_again() -> None:
    made, told = ticking()
    counts = rows(50)
    made.add(counts)
    counts[:] = 0
    assert len(list(made.close(11.0, 1001.0))) == 1
    assert told[SKEW].ticks[0][0] == [50, 1, 50]


def test_an_open_tick_goes_on_where_it_was_saved() -> None:
    made, _ = ticking()
    made.add(rows(30))
    saved = made.to_arrays(monotonic=10.25, at=1_000.25)
    restored, told = ticking()
    restored.restore(saved, monotonic=3.0, saved_at=1_000.25)  # after a boot
    restored.add(rows(30))
    assert list(restored.close(3.5, 2_000.0)) == []
    assert len(list(restored.close(3.75, 2_000.0))) == 1
    assert told[SKEW].ticks == [([60, 2, 60], 1.0, 2_000.0)]
    nothing, told = ticking()
    nothing.restore(restored.to_arrays(3.75, 2_000.0), monotonic=4.0, saved_at=2_000.0)
    assert list(nothing.close(9.0, 2_010.0)) == []
    assert told[SKEW].ticks == []


def test_what_is_saved_is_not_what_goes_on() -> None:
    made, _ = ticking()
    made.add(rows(30))
    saved = made.to_arrays(10.5, 1_000.5)
    made.add(rows(30))
    assert saved["counts"].tolist() == rows(30).tolist()
    assert made.changes == 2
