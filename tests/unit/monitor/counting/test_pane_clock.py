from hypothesis import given
from hypothesis import strategies as st

from tiltyard.monitor.counting.pane_clock import SLEW, PaneClock


def test_it_follows_the_wall_clock() -> None:
    clock = PaneClock(100.0, 0.0)
    assert clock.at(101.5, 1.5) == 101.5
    assert clock.at(5000.0, 2.5) == 5000.0
    assert clock.ahead_s == 0


def test_an_hour_back_is_made_up_for() -> None:
    clock = PaneClock(10_000.0, 0.0)
    needed = 3600 / SLEW
    for passed in range(0, int(needed), 100):
        assert clock.at(6_400.0 + passed, float(passed)) > 6_400.0 + passed
    assert clock.at(6_400.0 + needed + 1, needed + 1) == 6_400.0 + needed + 1
    assert clock.ahead_s == 0


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0, 1e4)), max_size=30))
def test_it_never_goes_back(steps: list[tuple[float, float]]) -> None:
    unix, monotonic = 1e9, 0.0
    clock = PaneClock(unix, monotonic)
    before = unix
    for jump, passed in steps:
        unix += jump + passed
        monotonic += passed
        now = clock.at(unix, monotonic)
        assert now >= before
        assert now >= unix
        assert clock.ahead_s == now - unix
        before = now
