"""What stands below the table of `tiltyard status`: all that is not as it should be, in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tiltyard.cli.render.formats import difference, listed, one_line, percent, timestamp
from tiltyard.cli.render.slots import answers_of, name_of, slots_of, tolerance_words
from tiltyard.control.views import AgreementView, RouteView, SlotView, StatisticsRow, VersionView

VERSIONS_SHOWN: Final = 6
NOT_RECORDED: Final = (
    "a restart now would undo the rollback; it is recorded as soon as the registry can be written"
)


def needs_a_look(route: RouteView) -> bool:
    """Whether somebody should see to the model."""
    return (
        not route.durable
        or bool(route.desired_differs)
        or route.champion is None
        or any(slot.state == "failed" for slot in slots_of(route))
    )


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence, and before it what it is about."""

    label: str
    told: str
    style: str = "dim"


def notes(
    route: RouteView, versions: Sequence[VersionView], rows: Sequence[StatisticsRow] = ()
) -> list[Note]:
    """The most pressing first. `rows` are the statistics of the model."""
    found = [Note("NOT RECORDED", NOT_RECORDED, "bold red")] if not route.durable else []
    found += [Note("not as wanted", told, "red") for told in differences(route)]
    found += [Note("not split", told) for told in _not_split(rows)]
    for slot in slots_of(route):
        answers = answers_of(slot)
        if slot.errors and answers.failed:
            told = f"{name_of(slot)}: {_kinds(slot.errors)} of {answers.count:,} requests"
            found.append(Note("errors", told))
        if slot.agreement is not None:
            found += [Note("compared", told) for told in _compared(slot, slot.agreement)]
            found += [Note("not compared", told) for told in _lost(slot, slot.agreement)]
    beside = _others(route, versions)
    if beside:
        found.append(Note("other versions", beside))
    found += [Note("failed", told, "red") for told in _failed(route, versions)]
    return found


def differences(route: RouteView) -> list[str]:
    """The gateway's sentences, and one for each slot that is not ready and not in them."""
    told = [one_line(text) for text in route.desired_differs]
    for slot in slots_of(route):
        reason = one_line(slot.reason)
        is_told = bool(reason) and any(reason in text for text in told)
        if slot.state not in ("ready", "stored") and not is_told:
            told.append(f"{name_of(slot)} is {slot.state}" + (f": {reason}" if reason else ""))
    return told


def _not_split(rows: Sequence[StatisticsRow]) -> Iterator[str]:
    """What no canary can have had, and no share is of."""
    for row in rows:
        for count, why in (
            (row.unkeyed, "that came without a key"),
            (row.ineligible, "that their canary cannot take"),
        ):
            if count:
                yield f"{count:,} requests {why}; the champion answered them"


def _compared(slot: SlotView, seen: AgreementView) -> Iterator[str]:
    """A line for each output."""
    for output in seen.outputs:
        if output.agreement is None:
            continue
        told = f"{name_of(slot)} with version {seen.source_version}, {one_line(output.name)}:"
        within = tolerance_words(output.atol, output.rtol) if output.mode == "tolerance" else ""
        told += f" {percent(output.agreement)} of {output.compared:,} agree{within}"
        if output.score_diff_max:
            told += f"; scores differ by up to {difference(output.score_diff_max)}"
            told += f" (p99 {difference(output.score_diff_p99)})"
        mine, theirs = output.non_finite_shadow, output.non_finite_champion
        if mine or theirs:
            told += f"; not finite: {mine:,} of version {slot.version}"
            told += f" and {theirs:,} of {seen.source_version}"
        yield told


def _lost(slot: SlotView, seen: AgreementView) -> Iterator[str]:
    """What a shadow should have seen, and did not or could not answer."""
    lost = {**seen.dropped, "expired": seen.expired, "failed": seen.error}
    if any(lost.values()):
        sampled = seen.offered - seen.sampled_out
        yield f"{name_of(slot)}: {_kinds(lost)} of {sampled:,} requests"


def _kinds(counts: Mapping[str, int]) -> str:
    """The most frequent first."""
    by_count = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    words = [f"{count:,} {one_line(name).replace('_', ' ')}" for name, count in by_count if count]
    return listed(words)


def _others(route: RouteView, versions: Sequence[VersionView]) -> str:
    """The newest of the versions that are in no slot, those that failed excepted."""
    shown = {slot.version for slot in slots_of(route)}
    beside = [v for v in versions if v.version not in shown and v.state != "failed"]
    newest = beside[-VERSIONS_SHOWN:]
    by_state: dict[str, list[str]] = {}
    for view in newest:
        until = view.kept_until_unix_s if view.state == "ready" else None
        state = view.state if until is None else f"ready until {timestamp(until)} UTC"
        by_state.setdefault(state, []).append(str(view.version))
    told = [f"{listed(numbers)} {state}" for state, numbers in by_state.items()]
    hidden = len(beside) - len(newest)
    return "; ".join([*told, *([f"{hidden} older"] if hidden else [])])


def _failed(route: RouteView, versions: Sequence[VersionView]) -> Iterator[str]:
    shown = {slot.version for slot in slots_of(route)}
    told = " ".join(differences(route))
    for view in versions:
        reason = one_line(view.reason)
        if view.state != "failed" or view.version in shown or (reason and reason in told):
            continue
        yield f"version {view.version}: {reason}"
