"""An alarm stays while the change does, and ends soon after it."""

import numpy as np
import pytest

from bench.drift_changes import CHANGES, UNCHANGED, References, at, counts_of, warmed_up
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.detector import State
from tiltyard.monitor.alarm.policy import AlarmPolicy

RUNS, STAYS, BACK = 10, 300, 120
NAMES = ("mean 0.3 sigma", "variance x 2", "missing 5 %", "two humps", "new category 1 %")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", NAMES)
def test_it_recovers_after_the_change_and_not_before(name: str) -> None:
    change = next(change for change in CHANGES if change.name == name)
    policy = AlarmPolicy()
    took = []
    for run in range(RUNS):
        rng = np.random.default_rng([7, run])
        references = References.draw(rng, 5_000)
        tables = BetTables.build(references.streams, policy)
        sizes = tables.layout.sizes
        usual, changed = UNCHANGED.shares(references), change.shares(references)
        ticks = (counts_of(rng, usual, sizes) for _ in range(policy.warmup_ticks + 1))
        detector = warmed_up(tables, policy, ticks)
        events = []
        for _ in range(STAYS):
            tick = at(counts_of(rng, changed, sizes), detector.ticks + 1)
            events.append(detector.tick(tick).event)
        assert detector.state is State.drifting
        assert (events.count("opened"), events.count("recovered")) == (1, 0)
        for ago in range(1, BACK + 1):
            tick = at(counts_of(rng, usual, sizes), detector.ticks + 1)
            if detector.tick(tick).event == "recovered":
                took.append(ago)
                break
    assert len(took) == RUNS
    assert np.median(took) <= 60
