"""What stands below the table of `tiltyard status`: all that is not as it should be, in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tiltyard.cli.render.agreement_notes import compared, kinds, latencies, not_compared
from tiltyard.cli.render.formats import listed, one_line, timestamp
from tiltyard.cli.render.slots import answers_of, completed_of, name_of, slots_of
from tiltyard.control.views import RouteView, SlotView, StatisticsRow, VersionView

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
            told = f"{name_of(slot)}: {kinds(slot.errors)} of {answers.count:,} requests"
            found.append(Note("errors", told))
        if slot.non_finite:
            told = f"{slot.non_finite:,} of {completed_of(slot):,} answers of {name_of(slot)}"
            found.append(Note("not finite", told, "red"))
        found += _of_agreement(route, slot)
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


def _of_agreement(route: RouteView, slot: SlotView) -> Iterator[Note]:
    seen = slot.agreement
    if seen is None:
        return
    yield from (Note("compared", told) for told in compared(route, slot, seen))
    yield from (Note("p50 and p99", told) for told in latencies(route, slot, seen))
    yield from (Note("not compared", told) for told in not_compared(route, slot, seen))


def _not_split(rows: Sequence[StatisticsRow]) -> Iterator[str]:
    """What no canary can have had, and no share is of."""
    for row in rows:
        for count, why in (
            (row.unkeyed, "that came without a key"),
            (row.ineligible, "that their canary cannot take"),
        ):
            if count:
                yield f"{count:,} requests {why}; the champion answered them"


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
