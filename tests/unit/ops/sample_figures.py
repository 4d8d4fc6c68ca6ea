"""What the engine and the monitor tell, as they do."""

from collections.abc import Mapping
from typing import Any

from tests.unit.control.fakes import arm
from tiltyard.monitor.interface import MonitorStatus, PlaneFigures
from tiltyard.ops.metrics_gateway import CLOSED_PREFIX, GAUGES, IO_TOTALS, LIMIT_NAMES, TOTALS

CLOSED = "flood", "idle", "age", "slow_reader", "handshake", "keepalive", "protocol_error"
IO_NAMES = (*IO_TOTALS, *LIMIT_NAMES, "busy_ns", *(f"{CLOSED_PREFIX}{reason}" for reason in CLOSED))
NEW_NAMES = "record_blocks", "record_blocks_free", "record_bytes", "records_dropped"


def engine_counters(**more: Any) -> dict[str, Any]:
    """An Engine.counters() of two io threads, without records."""
    return {
        **{name: 3 for name in (*GAUGES, *TOTALS) if name not in NEW_NAMES},
        **{name: [1_000, 2_000] for name in IO_NAMES},
        "errors": {"none": 40, "unknown_model": 2},
        "starved_ns": {"io-0": 1_500_000_000},
        **more,
    }


def version_row(model: str, version: int, **more: Any) -> dict[str, Any]:
    """One of Engine.statistics()."""
    return {
        "model": model,
        "version": version,
        "queue_ns": 500_000_000,
        "compute_input_ns": 0,
        "compute_infer_ns": 2_000_000_000,
        "compute_output_ns": 0,
        "inline_runs": 8,
        "worker_runs": 0,
        "padded_runs": 3,
        "rows": 20,
        "batch_sizes": {1: (4, 0, 0, 0), 4: (4, 0, 0, 0)},
        "last_inference_ms": 1_700_000_000_500,
        "pinned": arm("pinned", version),
        **more,
    }


def rollout_counters(model: str, *arms: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """One of Rollout.counters()."""
    return {
        "model": model,
        "epoch": 1,
        "unkeyed": 0,
        "ineligible": 0,
        "arms": list(arms),
        "unsplit": None,
        "shadows": [],
        **more,
    }


def plane_figures(model: str = "fraud", streams: int = 3, **more: Any) -> PlaneFigures:
    """A champion's plane; the PSI of stream k is (k + 1) / 100."""
    names = [f"feature_{number}" for number in range(streams)]
    values: dict[str, Any] = {
        "version": 3,
        "role": "champion",
        "segment": "",
        "baseline": "0123456789ab",
        "rows": 900,
        "offered": 1_000,
        "dropped": 100,
        "lag_s": 0.25,
        "is_drifting": False,
        "onset": None,
        "window_rows": 500,
        "psi": {name: (k + 1) / 100 for k, name in enumerate(names)},
        "psi_band": dict.fromkeys(names, 0.05),
        "js_distance": dict.fromkeys(names, 0.1),
        "wasserstein": dict.fromkeys(names, 0.2),
        "evidence_log10": dict.fromkeys(names, -1.5),
        "missing": dict.fromkeys(names, 7),
        "unseen": dict.fromkeys(names, 0),
        "out_of_range": dict.fromkeys(names, 1),
        "cells": {name: {"< 0": 1, "[0, 1]": 899} for name in names},
        "model_age_s": 3_600.0,
        "definitions": {
            name: f"tiltyard-1 edges={k:012x} groups=0a0a0a0a0a0a n_reference=5000 n=500"
            for k, name in enumerate(names)
        },
    }
    return PlaneFigures(model=model, **{**values, **more})


def monitor_status(**more: Any) -> MonitorStatus:
    """A monitor that works."""
    values: dict[str, Any] = {
        "is_watching": True,
        "is_compiled": True,
        "planes": 1,
        "bytes_held": 1_000,
        "bytes_max": 2_000,
        "panes_dropped": 0,
        "saved_at": None,
        "gap_s": 0.0,
        "rows": 900,
        "drains": 10,
        "busy_s": 0.5,
        "events_undelivered": 2,
        "problems": (),
    }
    return MonitorStatus(**{**values, **more})
