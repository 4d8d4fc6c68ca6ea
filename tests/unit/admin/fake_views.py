"""Views with a value in every field, for the fake and for round trips."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from tiltyard.control.views import (
    BUCKETS,
    PPM,
    AgreementView,
    BatchSizeView,
    EventView,
    LatencyView,
    Mode,
    ModelView,
    OutputAgreementView,
    OutputRule,
    RouteView,
    Sample,
    ScoreBucketView,
    Share,
    SlotView,
    StatisticsRow,
    VersionView,
)

BEGAN_UNIX_S = 1_800_000_000.25
SALT_HEX = "00112233445566778899aabbccddeeff"
DIGEST = "ab" * 32
LATENCY = LatencyView(1_000, 0.5, 0.75, 1.5, 2.5, 9.0)
AGREEMENT = AgreementView(
    source_version=1,
    offered=100,
    sampled_out=50,
    queued=40,
    ok=37,
    error=1,
    expired=1,
    in_flight=1,
    dropped={"queue_full": 7, "too_old": 3},
    outputs=(
        OutputAgreementView(
            "label",
            "label",
            37,
            1.25,
            0.125,
            0.25,
            0.5,
            2,
            3,
            0.75,
            0.01,
            incompatible={"shape": 4},
            score_diff_buckets=(ScoreBucketView(0.25, 0.375, 5), ScoreBucketView(0.5, 0.75, 6)),
        ),
    ),
    latency=LATENCY,
    run=replace(LATENCY, count=37),
    champion_latency=replace(LATENCY, count=36),
)
VERSION = VersionView(
    model="fraud",
    version=2,
    state="failed",
    reason="its digest is another",
    wanted=True,
    roles=("shadow", "previous"),
    digest=DIGEST,
    size_bytes=300_000_000,
    created="2026-11-25T08:00:00+00:00",
    batchable=False,
    batch_rows_max=64,
    batch_reason="a Reshape stops the proof",
    bitwise=False,
    error_max=2e-6,
    kept_until_unix_s=BEGAN_UNIX_S + 60.5,
)
MODEL = ModelView("fraud", 7, 3, 2, (4, 5), (VERSION, replace(VERSION, version=3, state="ready")))
CHAMPION = SlotView(
    role="champion",
    version=3,
    state="ready",
    since_unix_s=1_795_593_600.123456,
    requests=12_345,
    requests_per_s=250.5,
    errors={"UNAVAILABLE": 3},
    non_finite=2,
    latency=LATENCY,
)
CANARY = SlotView(
    role="canary",
    version=4,
    state="ready",
    since_unix_s=BEGAN_UNIX_S,
    share=Share(3_277),
    share_measured=0.0499,
    reverse_shadow=True,
    agreement=AGREEMENT,
)
SHADOW = SlotView(
    role="shadow",
    version=5,
    state="loading",
    since_unix_s=BEGAN_UNIX_S,
    reason="it is being loaded",
    sample=Sample(200_000),
    compare=(OutputRule("label", "label"), OutputRule("score", "tolerance", 0.5, 0.01)),
)
PREVIOUS = SlotView("previous", 2, "ready", BEGAN_UNIX_S, until_unix_s=BEGAN_UNIX_S + 259_200)
ROUTE = RouteView(
    model="fraud",
    epoch=7,
    table_epoch=19,
    champion=CHAMPION,
    challengers=(CANARY, SHADOW),
    previous=PREVIOUS,
    split="key",
    salt_hex=SALT_HEX,
    desired_differs=("version 5 is not ready: it is being loaded",),
    durable=False,
    repeated=True,
)
ROW = StatisticsRow(
    model="fraud",
    version=4,
    role="canary",
    epoch=7,
    assigned=1,
    completed=2,
    cancelled=3,
    rerouted=4,
    non_finite=5,
    unkeyed=6,
    ineligible=7,
    units_seen=8,
    units_failed=9,
    errors={"INVALID_ARGUMENT": 10},
    latency=LATENCY,
    run=replace(LATENCY, count=11),
    version_batch_sizes=(BatchSizeView(1, 12), BatchSizeView(64, 13)),
    shadow=AGREEMENT,
)
EVENT = EventView(8, BEGAN_UNIX_S, "fraud", 7, "promote", "anna", {"version": 4, "from": [3, None]})


def challenger(
    mode: Mode,
    version: int,
    share: Decimal | None,
    sample: Decimal | None,
    reverse: bool,
    compare: Sequence[OutputRule] = (),
) -> SlotView:
    """The slot that a challenge of so many percent comes to."""
    slot = SlotView(
        mode, version, "ready", BEGAN_UNIX_S, reverse_shadow=reverse, compare=tuple(compare)
    )
    if mode == "canary":
        return replace(slot, share=Share(round((share or Decimal(0)) * BUCKETS / 100)))
    return replace(slot, sample=Sample(round((sample or Decimal(100)) * PPM / 100)))
