"""Messages of the admin API to views, the reverse of admin/messages.py.

A word that this client does not know, of a newer gateway, comes through as the number it has.
"""

import json
from typing import Any, Final

from tiltyard.control.views import (
    AgreementView,
    BatchSizeView,
    EventView,
    LatencyView,
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
from tiltyard.protocol.admin_words import word_of

_NS_PER_S: Final = 1_000_000_000


def read_event(message: Any) -> EventView:
    return EventView(
        seq=message.seq,
        at_unix_s=_unix_s(message.at),
        model=message.model,
        epoch=message.epoch,
        kind=message.kind,
        actor=message.actor,
        data=json.loads(message.data_json or "{}"),
    )


def read_version(message: Any) -> VersionView:
    return VersionView(
        model=message.model,
        version=message.version,
        state=_word("VersionState", message.state),
        reason=message.reason,
        wanted=message.wanted,
        roles=tuple(_word("Role", role) for role in message.roles),
        digest=message.digest,
        size_bytes=message.size_bytes,
        created=message.created,
        batchable=_optional(message, "batchable"),
        batch_rows_max=message.batch_rows_max,
        batch_reason=message.batch_reason,
        bitwise=_optional(message, "bitwise"),
        error_max=_optional(message, "error_max"),
        kept_until_unix_s=_unix_s(message.kept_until) if message.HasField("kept_until") else None,
    )


def read_model(message: Any) -> ModelView:
    return ModelView(
        model=message.model,
        epoch=message.epoch,
        champion=_optional(message, "champion"),
        previous=_optional(message, "previous"),
        challengers=tuple(message.challengers),
        versions=tuple(map(read_version, message.versions)),
    )


def read_route(message: Any) -> RouteView:
    return RouteView(
        model=message.model,
        epoch=message.epoch,
        table_epoch=message.table_epoch,
        champion=_slot(message.champion) if message.HasField("champion") else None,
        challengers=tuple(map(_slot, message.challengers)),
        previous=_slot(message.previous) if message.HasField("previous") else None,
        split=_word("Split", message.split),
        salt_hex=message.salt_hex,
        desired_differs=tuple(message.desired_differs),
        durable=message.durable,
        repeated=message.repeated_call,
    )


def read_statistics(message: Any) -> StatisticsRow:
    return StatisticsRow(
        model=message.model,
        version=message.version,
        role=_word("Role", message.role),
        epoch=message.epoch,
        assigned=message.assigned,
        completed=message.completed,
        cancelled=message.cancelled,
        rerouted=message.rerouted,
        non_finite=message.non_finite,
        unkeyed=message.unkeyed,
        ineligible=message.ineligible,
        units_seen=message.units_seen,
        units_failed=message.units_failed,
        errors=dict(message.errors),
        latency=_latency(message, "latency"),
        run=_latency(message, "run"),
        version_batch_sizes=tuple(
            BatchSizeView(size.rows, size.runs) for size in message.version_batch_sizes
        ),
        shadow=_agreement(message, "shadow"),
    )


def _slot(message: Any) -> SlotView:
    return SlotView(
        role=_word("Role", message.role),
        version=message.version,
        state=_word("VersionState", message.state),
        since_unix_s=_unix_s(message.since),
        reason=message.reason,
        share=Share(message.share.buckets) if message.HasField("share") else None,
        share_measured=_optional(message, "share_measured"),
        sample=Sample(message.sample.ppm) if message.HasField("sample") else None,
        reverse_shadow=message.reverse_shadow,
        until_unix_s=_unix_s(message.until) if message.HasField("until") else None,
        requests=message.requests,
        requests_per_s=_optional(message, "requests_per_s"),
        errors=dict(message.errors),
        latency=_latency(message, "latency"),
        agreement=_agreement(message, "agreement"),
        compare=tuple(map(_rule, message.compare.rules)),
        non_finite=message.non_finite,
    )


def _rule(message: Any) -> OutputRule:
    mode = _word("CompareMode", message.mode)
    return OutputRule(message.output, mode, message.atol, message.rtol)


def _agreement(holder: Any, field: str) -> AgreementView | None:
    if not holder.HasField(field):
        return None
    message = getattr(holder, field)
    return AgreementView(
        source_version=message.source_version,
        offered=message.offered,
        sampled_out=message.sampled_out,
        queued=message.queued,
        ok=message.ok,
        error=message.error,
        expired=message.expired,
        in_flight=message.in_flight,
        dropped=dict(message.dropped),
        outputs=tuple(map(_output, message.outputs)),
        latency=_latency(message, "latency"),
        run=_latency(message, "run"),
        champion_latency=_latency(message, "champion_latency"),
    )


def _output(message: Any) -> OutputAgreementView:
    return OutputAgreementView(
        name=message.name,
        mode=_word("CompareMode", message.mode),
        compared=message.compared,
        disagreed=message.disagreed,
        score_diff_p50=message.score_diff_p50,
        score_diff_p99=message.score_diff_p99,
        score_diff_max=message.score_diff_max,
        non_finite_champion=message.non_finite_champion,
        non_finite_shadow=message.non_finite_shadow,
        atol=message.atol,
        rtol=message.rtol,
        incompatible=dict(message.incompatible),
        score_diff_buckets=tuple(map(_score_bucket, message.score_diff_buckets)),
    )


def _score_bucket(message: Any) -> ScoreBucketView:
    return ScoreBucketView(message.lowest, message.highest, message.rows)


def _latency(holder: Any, field: str) -> LatencyView | None:
    if not holder.HasField(field):
        return None
    message = getattr(holder, field)
    return LatencyView(
        count=message.count,
        p50_ms=message.p50_ms,
        p90_ms=message.p90_ms,
        p99_ms=message.p99_ms,
        p999_ms=message.p999_ms,
        max_ms=message.max_ms,
    )


def _optional(message: Any, field: str) -> Any:
    return getattr(message, field) if message.HasField(field) else None


def _word(enum: str, number: int) -> Any:
    """One of the words that the view's type lists, or the number of a newer one."""
    return word_of(enum, number)


def _unix_s(timestamp: Any) -> float:
    return float(timestamp.seconds + timestamp.nanos / _NS_PER_S)
