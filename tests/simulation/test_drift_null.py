"""Traffic that does not change raises no alarm: 40 x 4,000 ticks of each kind, T = 1,000 s."""

import numpy as np
import pytest

from bench.drift_null import FALSE_ALARM_S, NULLS, ROWS, Null, run_null

RUNS, TICKS = 40, 4_000


@pytest.mark.timeout(900)
@pytest.mark.parametrize("null", NULLS, ids=lambda null: null.name)
def test_nothing_happens(null: Null) -> None:
    outcome = run_null(null, RUNS, TICKS)
    assert (outcome.alarms, outcome.runs, outcome.ticks) == (0, RUNS, TICKS)
    assert outcome.log_highest < np.log(FALSE_ALARM_S)
    assert np.isfinite(outcome.log_highest)
    assert outcome.kappa >= 1.0


@pytest.mark.timeout(300)
def test_the_design_effect_alone_knows_of_equal_rows() -> None:
    """As when requests of one row each repeat what the one before them asked."""
    null = next(null for null in NULLS if null.name == "requests of ten equal rows")
    outcome = run_null(null, 10, 1_000, kappa_alone=True)
    assert outcome.alarms == 0
    assert outcome.kappa > 0.8 * null.rows_squared / ROWS


def test_naive_rules_are_asked_about_the_same_ticks() -> None:
    null = NULLS[0]
    outcome = run_null(null, 2, 100, naive_every=10)
    assert outcome.psi_ticks > 0.9
    assert outcome.ks_ticks <= 0.2
    assert np.isnan(run_null(null, 1, 20).psi_ticks)
