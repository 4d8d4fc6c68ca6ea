"""Ticks of replicas are one tick."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.monitor.alarm.references import categorical, uniform
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.detector import Detector
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.alarm.tick import TickCounts, merged

STREAMS = [uniform("a"), categorical("b", [3000, 1500, 400, 50, 0, 40, 10])]


@given(st.integers(0, 2**32 - 1), st.integers(2, 5))
def test_evidence_of_merged_counts_is_that_of_one_gateway_to_the_bit(
    seed: int, replicas: int
) -> None:
    rng = np.random.default_rng(seed)
    tables = BetTables.build(STREAMS, AlarmPolicy())
    one, several = (Detector(tables, AlarmPolicy(warmup_ticks=3)) for _ in range(2))
    for t in range(1, 6):
        parts = [
            TickCounts(
                cells=np.concatenate(
                    [rng.multinomial(60, s.counts / s.rows) for s in STREAMS]
                ).astype(np.int64),
                rows=60,
                requests=30,
                rows_squared=120,
                elapsed_s=1.0,
                ended_s=float(t),
            )
            for _ in range(replicas)
        ]
        whole = TickCounts(
            sum((p.cells for p in parts[1:]), parts[0].cells),
            60 * replicas,
            30 * replicas,
            120 * replicas,
            1.0,
            float(t),
        )
        order = rng.permutation(replicas)
        assert several.tick(merged([parts[i] for i in order])).log_evidence == (
            one.tick(whole).log_evidence
        )
    saved, expected = several.to_arrays(), one.to_arrays()
    assert all(np.array_equal(saved[name], expected[name]) for name in expected)


def test_nothing_cannot_be_merged() -> None:
    with pytest.raises(ValueError, match="at least one"):
        merged([])
