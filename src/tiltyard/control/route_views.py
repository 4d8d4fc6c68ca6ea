"""From states, tables and counters to what operators see. Pure but for reading counters."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tiltyard.control.agreement_views import (
    ShadowCounters,
    agreement_view,
    find_shadow,
    latency_view,
)
from tiltyard.control.arms import CHAMPIONS, Arm, counted_arms, errors_of, share_of
from tiltyard.control.comparison import missing_outputs, output_rules
from tiltyard.control.reconciler import Reconciler
from tiltyard.control.table import ModelTable
from tiltyard.control.views import (
    BatchSizeView,
    Role,
    RouteView,
    Sample,
    Share,
    SlotView,
    StatisticsRow,
    VersionState,
)
from tiltyard.loading import LoadReport

if TYPE_CHECKING:
    from tiltyard.registry import Challenger, ModelState


def route_view(
    reconciler: Reconciler, state: "ModelState", report: LoadReport, *, repeated: bool = False
) -> RouteView:
    """A model's route, desired and actual; where others have changed it since, as it was then."""
    made = reconciler.table.tables().get(state.name, ModelTable(state))
    if made.state.epoch > state.epoch or (repeated and made.state.epoch != state.epoch):
        made = ModelTable(state)
    counters = made.rollout.counters() if made.rollout is not None else {"arms": [], "shadows": []}
    arms = counted_arms(counters)
    return RouteView(
        model=state.name,
        epoch=state.epoch,
        table_epoch=reconciler.table.epoch,
        champion=_champion(reconciler, made, report, arms),
        challengers=tuple(
            _challenger(reconciler, made, entry, report, arms, counters["shadows"])
            for entry in state.challengers
        ),
        previous=_previous(reconciler, state, report),
        split=state.split,
        salt_hex=state.salt.hex(),
        desired_differs=() if repeated else tuple(differences(reconciler, state, made, report)),
        durable=reconciler.desired.overrides.get(state.name) is None,
        repeated=repeated,
    )


def version_state(report: LoadReport, model: str, version: int) -> tuple[VersionState, str]:
    """What has become of a version on this gateway, and why."""
    if report.find(model, version) is not None:
        return "ready", ""
    reason = report.reason(model, version)
    if not reason:
        return "stored", report.unloaded.get((model, version), "it is not wanted in memory")
    return ("loading" if (model, version) in report.loading else "failed"), reason


def differences(
    reconciler: Reconciler, state: "ModelState", made: ModelTable, report: LoadReport
) -> list[str]:
    """A sentence for each thing that is not as it is wanted."""
    told = []
    served = made.champion.version if made.champion is not None else None
    if served != state.champion and state.champion is not None:
        _, reason = version_state(report, state.name, state.champion)
        reason = reason or "its table is being made"
        who = f"version {served} serves" if served is not None else "nobody serves"
        told.append(f"version {state.champion} should be the champion, {who}: {reason}")
    if state.champion is None:
        for version in sorted(state.versions):
            ready, reason = version_state(report, state.name, version)
            if ready != "ready":
                told.append(f"version {version} does not serve: {reason}")
    for entry in state.challengers:
        ready, reason = version_state(report, state.name, entry.version)
        if ready != "ready":
            told.append(f"{entry.mode} {entry.version} does not run: {reason}")
    told += _not_compared(made)
    why = reconciler.desired.overrides.reasons().get(state.name)
    if why is not None:
        told.append(f"the rollback is in force and not recorded yet: {why}")
    return [*told, *reconciler.problems]


def _not_compared(made: ModelTable) -> Iterator[str]:
    """A champion that came later may lack what a rule names."""
    if made.champion is None:
        return
    shadows = [(entry, made.champion) for entry, _ in made.shadows]
    for entry, source in [*shadows, *zip(made.canaries, made.serving[1:], strict=True)]:
        for output in missing_outputs(entry, source):
            yield (
                f"{entry.mode} {entry.version}: output {output!r} is not compared, because"
                f" version {source.version} has none such"
            )


def statistics_rows(
    made: ModelTable | None, versions: Sequence[Mapping[str, Any]]
) -> list[StatisticsRow]:
    """One row an arm of the rollout, one a shadow, and one a version for what asks for its number.

    `versions` are those of the model in Engine.statistics(). Batches are a version's since it was
    loaded, and so stand in the row that counts since then.
    """
    rows = []
    if made is not None and made.rollout is not None:
        counters = made.rollout.counters()
        for arm in counted_arms(counters):
            left_out = counters if arm["role"] == "unsplit" else {}
            rows.append(
                _row(
                    counters["model"],
                    arm,
                    epoch=counters["epoch"],
                    unkeyed=left_out.get("unkeyed", 0),
                    ineligible=left_out.get("ineligible", 0),
                )
            )
        rows += [_shadow_row(counters, shadow) for shadow in counters["shadows"]]
    for row in versions:
        sizes = _batch_sizes(row["batch_sizes"])
        rows.append(_row(row["model"], row["pinned"], version_batch_sizes=sizes))
    return rows


def _row(model: str, arm: Arm, **more: Any) -> StatisticsRow:
    return StatisticsRow(
        model=model,
        version=arm["version"],
        role=arm["role"],
        assigned=arm["assigned"],
        completed=arm["completed"],
        cancelled=arm["cancelled"],
        rerouted=arm["rerouted"],
        non_finite=arm["non_finite"],
        units_seen=arm.get("units_seen", 0),
        units_failed=arm.get("units_failed", 0),
        errors=arm["errors"],
        latency=latency_view(arm["latency_buckets"]),
        run=latency_view(arm["run_buckets"]),
        **more,
    )


def _shadow_row(counters: Mapping[str, Any], shadow: ShadowCounters) -> StatisticsRow:
    agreement = agreement_view(shadow)
    return StatisticsRow(
        model=counters["model"],
        version=shadow["version"],
        role="shadow",
        epoch=counters["epoch"],
        errors=shadow["errors"],
        latency=agreement.latency,
        run=agreement.run,
        shadow=agreement,
    )


def _batch_sizes(sizes: Mapping[int, Sequence[int]]) -> tuple[BatchSizeView, ...]:
    return tuple(BatchSizeView(rows, parts[0]) for rows, parts in sorted(sizes.items()))


def _champion(
    reconciler: Reconciler, made: ModelTable, report: LoadReport, arms: Sequence[Arm]
) -> SlotView | None:
    state = made.state
    serving = made.champion.version if made.champion is not None else state.champion
    if serving is None:
        return None
    own = [index for index, arm in enumerate(arms) if arm["role"] in CHAMPIONS]
    since = reconciler.champion_since(state.name)
    return _slot(reconciler, made, "champion", serving, report, since, arms, own)


def _challenger(
    reconciler: Reconciler,
    made: ModelTable,
    entry: "Challenger",
    report: LoadReport,
    arms: Sequence[Arm],
    shadows: Sequence[ShadowCounters],
) -> SlotView:
    if entry.mode == "shadow":
        found = find_shadow(shadows, entry.version)
        own = [len(arms) + index for index, shadow in enumerate(shadows) if shadow is found]
        return _shadow(reconciler, made, entry, report, found, own)
    reverse = find_shadow(shadows, made.champion.version if made.champion else 0, entry.version)
    own = [
        index
        for index, arm in enumerate(arms)
        if arm["role"] == "canary" and arm["version"] == entry.version
    ]
    since = reconciler.since.challenger(made.state.name, entry.version)
    return _slot(
        reconciler,
        made,
        entry.mode,
        entry.version,
        report,
        since,
        arms,
        own,
        share=Share(entry.buckets),
        sample=Sample(entry.sample_ppm) if entry.sample_ppm else None,
        reverse_shadow=entry.reverse_shadow,
        compare=output_rules(entry),
        agreement=agreement_view(reverse) if reverse is not None else None,
    )


def _shadow(
    reconciler: Reconciler,
    made: ModelTable,
    entry: "Challenger",
    report: LoadReport,
    counters: ShadowCounters | None,
    own: Sequence[int],
) -> SlotView:
    """Its requests are those that it ran, its rate that of those which were compared, and its
    latency is from leaving the queue. `own` is its index for rates.
    """
    ready, reason = version_state(report, made.state.name, entry.version)
    agreement = agreement_view(counters) if counters is not None else None
    return SlotView(
        role="shadow",
        version=entry.version,
        state=ready,
        reason=reason,
        since_unix_s=reconciler.since.challenger(made.state.name, entry.version),
        sample=Sample(entry.sample_ppm),
        compare=output_rules(entry),
        requests=agreement.ok + agreement.error if agreement is not None else 0,
        requests_per_s=_rate(reconciler, made, own),
        errors=counters["errors"] if counters is not None else {},
        latency=agreement.latency if agreement is not None else None,
        agreement=agreement,
    )


def _previous(reconciler: Reconciler, state: "ModelState", report: LoadReport) -> SlotView | None:
    if state.previous is None:
        return None
    ready, reason = version_state(report, state.name, state.previous)
    return SlotView(
        role="previous",
        version=state.previous,
        state=ready,
        reason=reason,
        since_unix_s=reconciler.since.champion(state.name),
        until_unix_s=state.previous_until,
    )


def _slot(
    reconciler: Reconciler,
    made: ModelTable,
    role: Role,
    version: int,
    report: LoadReport,
    since_unix_s: float,
    arms: Sequence[Arm],
    own: Sequence[int],
    **more: Any,
) -> SlotView:
    """A slot with the counters of its arms, which are those of the numbers `own`."""
    ready, reason = version_state(report, made.state.name, version)
    counted = [arms[index] for index in own]
    return SlotView(
        role=role,
        version=version,
        state=ready,
        reason=reason,
        since_unix_s=since_unix_s,
        share_measured=share_of(counted, arms),
        requests=sum(arm["assigned"] for arm in counted),
        requests_per_s=_rate(reconciler, made, own),
        errors=errors_of(counted),
        non_finite=sum(arm["non_finite"] for arm in counted),
        latency=latency_view(*(arm["latency_buckets"] for arm in counted)),
        **more,
    )


def _rate(reconciler: Reconciler, made: ModelTable, own: Sequence[int]) -> float | None:
    if made.rollout is None:
        return None
    model, epoch = made.state.name, made.rollout.epoch
    rates = [reconciler.rates.get((model, epoch, index)) for index in own]
    known = [rate for rate in rates if rate is not None]
    return sum(known) if known else None
