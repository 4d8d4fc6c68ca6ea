"""Views of Control to messages of the admin API. Names are the same; what differs is here."""

import json
from collections.abc import Sequence
from typing import Any, Final

from tiltyard.control.views import (
    AgreementView,
    EventView,
    LatencyView,
    ModelView,
    OutputAgreementView,
    OutputRule,
    RouteView,
    Sample,
    Share,
    SlotView,
    StatisticsRow,
    VersionView,
)
from tiltyard.protocol.admin_words import admin_message, number_of
from tiltyard.protocol.messages import message_class

NS_PER_S: Final = 1_000_000_000


def event_message(view: EventView) -> Any:
    return admin_message("Event")(
        seq=view.seq,
        at=_timestamp(view.at_unix_s),
        model=view.model,
        epoch=view.epoch,
        kind=view.kind,
        actor=view.actor,
        data_json=json.dumps(dict(view.data), sort_keys=True),
    )


def version_message(view: VersionView) -> Any:
    return admin_message("Version")(
        model=view.model,
        version=view.version,
        state=number_of("VersionState", view.state),
        reason=view.reason,
        wanted=view.wanted,
        roles=[number_of("Role", role) for role in view.roles],
        digest=view.digest,
        size_bytes=view.size_bytes,
        created=view.created,
        batchable=view.batchable,
        batch_rows_max=view.batch_rows_max,
        batch_reason=view.batch_reason,
        bitwise=view.bitwise,
        error_max=view.error_max,
        kept_until=_timestamp(view.kept_until_unix_s),
    )


def model_message(view: ModelView) -> Any:
    return admin_message("Model")(
        model=view.model,
        epoch=view.epoch,
        champion=view.champion,
        previous=view.previous,
        challengers=view.challengers,
        versions=[version_message(version) for version in view.versions],
    )


def route_message(view: RouteView) -> Any:
    return admin_message("Route")(
        model=view.model,
        epoch=view.epoch,
        table_epoch=view.table_epoch,
        champion=_slot(view.champion),
        challengers=[_slot(slot) for slot in view.challengers],
        previous=_slot(view.previous),
        split=number_of("Split", view.split),
        salt_hex=view.salt_hex,
        desired_differs=view.desired_differs,
        durable=view.durable,
        repeated_call=view.repeated,
    )


def statistics_message(view: StatisticsRow) -> Any:
    return admin_message("StatisticsRow")(
        model=view.model,
        version=view.version,
        role=number_of("Role", view.role),
        epoch=view.epoch,
        assigned=view.assigned,
        completed=view.completed,
        cancelled=view.cancelled,
        rerouted=view.rerouted,
        non_finite=view.non_finite,
        unkeyed=view.unkeyed,
        ineligible=view.ineligible,
        units_seen=view.units_seen,
        units_failed=view.units_failed,
        errors=dict(view.errors),
        latency=_latency(view.latency),
        run=_latency(view.run),
        version_batch_sizes=[
            admin_message("BatchSize")(rows=size.rows, runs=size.runs)
            for size in view.version_batch_sizes
        ],
        shadow=_agreement(view.shadow),
    )


def epoch_moved_message(model: str, expected: int, now: int, changes: Sequence[EventView]) -> Any:
    return admin_message("EpochMoved")(
        model=model,
        expected=expected,
        now=now,
        changes=[event_message(change) for change in changes],
    )


def _slot(view: SlotView | None) -> Any:
    if view is None:
        return None
    return admin_message("Slot")(
        role=number_of("Role", view.role),
        version=view.version,
        state=number_of("VersionState", view.state),
        reason=view.reason,
        since=_timestamp(view.since_unix_s),
        share=_share(view.share),
        share_measured=view.share_measured,
        sample=_sample(view.sample),
        reverse_shadow=view.reverse_shadow,
        until=_timestamp(view.until_unix_s),
        requests=view.requests,
        requests_per_s=view.requests_per_s,
        errors=dict(view.errors),
        latency=_latency(view.latency),
        agreement=_agreement(view.agreement),
        compare=_comparison(view.compare),
        non_finite=view.non_finite,
    )


def _comparison(rules: Sequence[OutputRule]) -> Any:
    if not rules:
        return None
    message = admin_message("Comparison")()
    for rule in rules:
        message.rules.add(
            output=rule.output,
            mode=number_of("CompareMode", rule.mode),
            atol=rule.atol,
            rtol=rule.rtol,
        )
    return message


def _share(view: Share | None) -> Any:
    if view is None:
        return None
    return admin_message("Share")(buckets=view.buckets, fraction=view.fraction)


def _sample(view: Sample | None) -> Any:
    if view is None:
        return None
    return admin_message("Sample")(ppm=view.ppm, fraction=view.fraction)


def _latency(view: LatencyView | None) -> Any:
    if view is None:
        return None
    return admin_message("Latency")(
        count=view.count,
        p50_ms=view.p50_ms,
        p90_ms=view.p90_ms,
        p99_ms=view.p99_ms,
        p999_ms=view.p999_ms,
        max_ms=view.max_ms,
    )


def _agreement(view: AgreementView | None) -> Any:
    if view is None:
        return None
    return admin_message("Agreement")(
        source_version=view.source_version,
        offered=view.offered,
        sampled_out=view.sampled_out,
        queued=view.queued,
        ok=view.ok,
        error=view.error,
        expired=view.expired,
        in_flight=view.in_flight,
        dropped=dict(view.dropped),
        outputs=[_output(output) for output in view.outputs],
        latency=_latency(view.latency),
        run=_latency(view.run),
        champion_latency=_latency(view.champion_latency),
    )


def _output(view: OutputAgreementView) -> Any:
    return admin_message("OutputAgreement")(
        name=view.name,
        mode=number_of("CompareMode", view.mode),
        compared=view.compared,
        disagreed=view.disagreed,
        score_diff_p50=view.score_diff_p50,
        score_diff_p99=view.score_diff_p99,
        score_diff_max=view.score_diff_max,
        non_finite_champion=view.non_finite_champion,
        non_finite_shadow=view.non_finite_shadow,
        atol=view.atol,
        rtol=view.rtol,
        incompatible=dict(view.incompatible),
        score_diff_buckets=[
            admin_message("ScoreBucket")(
                lowest=bucket.lowest, highest=bucket.highest, rows=bucket.rows
            )
            for bucket in view.score_diff_buckets
        ],
    )


def _timestamp(unix_s: float | None) -> Any:
    if unix_s is None:
        return None
    # Second and fraction apart: their product as a float would be off by a hundred nanoseconds.
    whole_s = int(unix_s)
    made = message_class("google.protobuf.Timestamp")()
    made.FromNanoseconds(whole_s * NS_PER_S + round((unix_s - whole_s) * NS_PER_S))
    return made
