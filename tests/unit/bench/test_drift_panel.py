"""A panel of planes is so many detectors."""

import numpy as np
import pytest

from bench.drift_panel import Panel
from bench.drift_traffic import normal_features
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.detector import Detector
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.alarm.tick import TickCounts


def test_its_evidence_is_that_of_a_detector_for_each_plane() -> None:
    policy = AlarmPolicy(warmup_ticks=20)
    planes = [normal_features(np.random.default_rng(run), 4, 2_000) for run in range(3)]
    streams = [[feature.stream for feature in plane] for plane in planes]
    panel = Panel(streams, policy)
    detectors = [Detector(BetTables.build(own, policy), policy) for own in streams]
    rng = np.random.default_rng(9)
    for second in range(1, 60):
        counts = [
            3 * np.concatenate([rng.multinomial(40, f.shares()) for f in plane]) for plane in planes
        ]
        logs = panel.tick(TickCounts(np.concatenate(counts), 120, 40, 360, 1.0, float(second)))
        for i, detector in enumerate(detectors):
            detector.tick(TickCounts(counts[i], 120, 40, 360, 1.0, float(second)))
            if np.isfinite(logs[i]) or np.isfinite(detector.log_evidence):
                assert logs[i] == pytest.approx(detector.log_evidence, rel=1e-9, abs=1e-9)
            assert panel.kappa[i] == pytest.approx(detector.kappa, rel=1e-9)


def test_planes_have_one_number_of_streams() -> None:
    a, b = normal_features(np.random.default_rng(1), 2, 100)
    with pytest.raises(ValueError, match=r"\[1, 2\]"):
        Panel([[a.stream], [a.stream, b.stream]], AlarmPolicy())
