from tiltyard.monitor.recorded import Recorded


class Plan:
    def __init__(self, offered: int, dropped: int) -> None:
        self.offered, self.dropped = offered, dropped

    def counters(self) -> dict[str, dict[str, int]]:
        return {"champion": {"offered": self.offered, "dropped": self.dropped}}


def test_it_goes_on_over_recordings() -> None:
    recorded = Recorded()
    assert recorded.rows("champion") == (0, 0)
    plans = [Plan(10 * n, n) for n in range(1, 5)]
    for plan in plans:
        recorded.begin(plan)
    assert recorded.rows("champion") == (100, 10)
    assert recorded.rows("champion-as") == (0, 0)
    plans[2].offered += 5  # what was under way when the last one began
    assert recorded.rows("champion") == (105, 10)
    plans[1].offered += 1_000
    assert recorded.rows("champion") == (105, 10), "it has long ended"
