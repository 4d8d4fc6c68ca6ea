"""Views of a gateway at NOW, for tests of what people read."""

from dataclasses import replace
from typing import Final

from tiltyard.control.views import (
    AgreementView,
    EventView,
    LatencyView,
    ModelView,
    OutputAgreementView,
    RouteView,
    Sample,
    Share,
    SlotView,
    StatisticsRow,
    VersionView,
)

NOW: Final = 1_795_600_800.0  # 2026-11-25 10:00:00 UTC
MINUTE: Final = 60.0
HOUR: Final = 3_600.0
DAY: Final = 86_400.0

LATENCY = LatencyView(12_345, 0.5, 0.75, 1.5, 2.5, 9.0)
AGREEMENT = AgreementView(
    source_version=3,
    offered=1_000,
    sampled_out=800,
    queued=190,
    ok=185,
    error=3,
    expired=2,
    in_flight=0,
    dropped={"queue_full": 7, "too_old": 3},
    outputs=(
        OutputAgreementView("label", "label", 185, 1.25),
        OutputAgreementView("probabilities", "tolerance", 185, 0.0, 1e-7, 0.125, 0.5, 0, 2, 0.75),
    ),
    latency=replace(LATENCY, count=185, p50_ms=0.8, p99_ms=12.25),
    champion_latency=replace(LATENCY, count=185, p50_ms=0.51, p99_ms=1.75),
)
CHAMPION = SlotView(
    role="champion",
    version=3,
    state="ready",
    since_unix_s=NOW - 2 * HOUR - 2 * MINUTE,
    share_measured=0.9501,
    requests=12_345,
    requests_per_s=250.5,
    errors={"run_failed": 1, "deadline_passed": 2},
    latency=LATENCY,
)
CANARY = SlotView(
    role="canary",
    version=4,
    state="ready",
    since_unix_s=NOW - 10 * MINUTE,
    share=Share(3_276),
    share_measured=0.0499,
    requests=648,
    requests_per_s=13.2,
    latency=replace(LATENCY, count=648, p50_ms=0.048, p99_ms=1_234.5),
)
SHADOW = SlotView(
    role="shadow",
    version=5,
    state="ready",
    since_unix_s=NOW - 40,
    sample=Sample(200_000),
    requests_per_s=48.0,
    agreement=AGREEMENT,
)
PREVIOUS = SlotView(
    role="previous",
    version=2,
    state="ready",
    since_unix_s=NOW - 2 * HOUR - 2 * MINUTE,
    until_unix_s=NOW + 3 * DAY - 2 * HOUR,
)
FULL = RouteView(
    model="fraud",
    epoch=7,
    table_epoch=19,
    champion=CHAMPION,
    challengers=(CANARY, SHADOW),
    previous=PREVIOUS,
    split="key",
    salt_hex="00112233445566778899aabbccddeeff",
)
QUIET = RouteView(
    model="churn",
    epoch=1,
    table_epoch=19,
    champion=replace(
        CHAMPION,
        version=1,
        errors={},
        share_measured=1.0,
        requests_per_s=0.4,
        since_unix_s=NOW - 12 * DAY,
    ),
)
PROMOTED = replace(FULL, challengers=(), champion=replace(CHAMPION, share_measured=1.0, errors={}))
NOT_RECORDED = replace(
    PROMOTED,
    model="pricing",
    durable=False,
    desired_differs=("the rollback is in force and not recorded yet: the registry is read-only",),
)
NOBODY = RouteView(
    "empty", 0, 19, None, desired_differs=("version 1 does not serve: its digest is another",)
)


def versions(model: str, *numbers: int) -> tuple[VersionView, ...]:
    """Versions that are ready."""
    return tuple(VersionView(model, number, "ready", wanted=True) for number in numbers)


MODELS = (
    ModelView(
        "fraud",
        7,
        3,
        2,
        (4, 5),
        (
            *versions("fraud", 1, 2, 3, 4, 5, 6),
            VersionView("fraud", 7, "failed", "the model needs 3 GB,\nthe limit is 2"),
            VersionView("fraud", 8, "stored"),
        ),
    ),
)
STATISTICS = StatisticsRow("fraud", 3, "unsplit", epoch=7, unkeyed=1_234, ineligible=5)
EVENT = EventView(
    seq=8,
    at_unix_s=NOW - 3,
    model="fraud",
    epoch=7,
    kind="promoted",
    actor="anna@box",
    data={"text": "version 3 of fraud promoted from canary to champion (was 2)", "version": 3},
)
