"""A detector as operators see it."""

import numpy as np
import pytest

from tests.unit.monitor.alarm.references import ordered, uniform
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.detector import Detector
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.alarm.tick import TickCounts
from tiltyard.monitor.alarm.view import EVIDENCE_LOG10_MIN, detector_view

STREAMS = [uniform("a"), ordered("b", [0, 5000, 0, 0])]


def test_before_and_after_a_tick() -> None:
    tables = BetTables.build(STREAMS, AlarmPolicy())
    detector = Detector(tables, AlarmPolicy(false_alarm_s=1e6))
    view = detector_view(detector, "drift")
    assert (view.kind, view.state, view.since, view.ticks, view.warmup_ticks) == (
        "drift",
        "warming",
        0.0,
        0,
        300,
    )
    assert view.evidence_log10 == EVIDENCE_LOG10_MIN
    assert view.threshold_log10 == pytest.approx(6)
    cells = np.concatenate([s.counts // 50 for s in STREAMS])
    detector.tick(TickCounts(cells, 100, 100, 100, 1.0, 77.0))
    view = detector_view(detector, "skew")
    assert (view.since, view.ticks) == (77.0, 1)
    assert 10**view.evidence_log10 == pytest.approx(np.exp(detector.log_evidence))
    assert np.mean([10**e for e in view.stream_evidence_log10.values()]) == pytest.approx(
        10**view.evidence_log10
    )
    assert list(view.kappa) == list(view.tolerance) == ["a", "b"]


def test_streams_whose_ticks_tell_of_each_other_are_named() -> None:
    tables = BetTables.build(STREAMS, AlarmPolicy())
    detector = Detector(tables, AlarmPolicy())
    rng = np.random.default_rng(3)
    shares = STREAMS[0].counts / STREAMS[0].rows
    held = [rng.multinomial(20, shares) for _ in range(5)]
    for tick in range(600):
        held[tick % 5] = rng.multinomial(20, shares)
        cells = np.concatenate([np.sum(held, axis=0), STREAMS[1].counts // 50])
        detector.tick(TickCounts(cells, 100, 100, 100, 1.0, float(tick)))
        if tick == 20:
            assert detector_view(detector, "drift").serial == ()
    assert detector_view(detector, "drift").serial == ("a",)
