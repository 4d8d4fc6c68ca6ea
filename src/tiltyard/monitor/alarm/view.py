"""A detector as operators see it. Pure."""

from typing import Final

import numpy as np

from tiltyard.monitor.alarm.detector import Detector
from tiltyard.monitor.snapshot import DetectorView

# Shown for less than this, and for nothing, which has no logarithm: a nanosecond.
EVIDENCE_LOG10_MIN: Final = -9.0


def detector_view(detector: Detector, kind: str) -> DetectorView:
    """Where it stands; `kind` is drift or skew. Before the first tick `since` is 0."""
    names = detector.tables.names
    evidence = [_log10(float(log)) for log in detector.log_streams]
    return DetectorView(
        kind=kind,
        state=detector.state.value,
        since=detector.since_s or 0.0,
        ticks=detector.ticks,
        warmup_ticks=detector.policy.warmup_ticks,
        evidence_log10=_log10(detector.log_evidence),
        threshold_log10=_log10(detector.log_threshold),
        delta=detector.policy.delta,
        kappa=dict(zip(names, map(float, detector.kappa), strict=True)),
        tolerance=dict(zip(names, map(float, detector.tables.tolerance), strict=True)),
        stream_evidence_log10=dict(zip(names, evidence, strict=True)),
        serial=tuple(name for name, told in zip(names, detector.is_serial, strict=True) if told),
    )


def _log10(log: float) -> float:
    return max(log / float(np.log(10.0)), EVIDENCE_LOG10_MIN)
