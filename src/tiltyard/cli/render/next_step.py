"""The command that most likely comes next, and why: a hint for a person, not a verdict.

The rules are of the thumb. Whether a challenger is good enough is the operator's to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tiltyard.cli.render.agreement_notes import incompatible
from tiltyard.cli.render.formats import one_line, percent, remaining
from tiltyard.cli.render.slots import (
    agreement_of,
    answers_of,
    canaries_of,
    compared_of,
    completed_of,
    name_of,
    shadows_of,
    warm_s,
)
from tiltyard.control.views import RouteView, SlotView, VersionView

ENOUGH: Final = 100  # requests, before they are a hint at all
FAULTS_MIN: Final = 3
WORSE_BY: Final = 0.005
AGREES: Final = 0.95
HALF: Final = 0.5
RECENT_S: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class NextStep:
    """`is_idle`: nothing is under way, and nothing has to be done."""

    command: str
    why: str
    is_idle: bool = False


def command_line(step: NextStep, address: str, *, is_default: bool) -> str:
    """The command, so that it reaches this gateway when it is pasted into a shell.

    `is_default`: it does so without --admin; but for publishing, which is local without.
    """
    if is_default and not step.command.startswith("tiltyard publish "):
        return step.command
    return f"{step.command} --admin {address}"


def next_step(route: RouteView, versions: Sequence[VersionView], now: float) -> NextStep:
    """`versions` are those of the model, as far as they are known."""
    name = route.model
    if not route.durable:
        return NextStep(_watch(name), "until the rollback is recorded")
    if route.champion is None:
        return _without_champion(name, versions)
    if canaries_of(route):
        return _with_canaries(route)
    if shadows_of(route):
        return _with_shadows(route)
    return _alone(route, route.champion, versions, now)


def _without_champion(name: str, versions: Sequence[VersionView]) -> NextStep:
    ready = [view.version for view in versions if view.state == "ready"]
    if ready:
        return NextStep(f"tiltyard champion {name} {max(ready)}", "nobody serves")
    if any(view.state == "loading" for view in versions):
        return NextStep(_watch(name), "nobody serves, and a version is being loaded")
    return NextStep(_publish(name), "nobody serves, and no version can")


def _with_canaries(route: RouteView) -> NextStep:
    name, canaries = route.model, canaries_of(route)
    for canary in canaries:
        wrong = _what_is_wrong(canary, route.champion)
        if wrong and len(canaries) == 1:
            return NextStep(f"tiltyard rollback {name}", wrong)
        if wrong:
            return NextStep(_stop(name, canary), wrong)
    canary = max(canaries, key=lambda slot: (_share(slot), slot.version))
    if canary.state != "ready":
        return NextStep(_watch(name), f"{name_of(canary)} is not ready yet")
    if not _share(canary):
        told = f"{name_of(canary)} is given no requests"
        return NextStep(f"tiltyard challenge {name} {canary.version} --canary 5%", told)
    answers = answers_of(canary)
    if answers.count < ENOUGH:
        return NextStep(_watch(name), f"{name_of(canary)} has had {_few(answers.count)} so far")
    failed = f"{answers.failed:,}" if answers.failed else "none"
    told = f"{failed} of {_requests(answers.count)} failed with {name_of(canary)}"
    others = sum(_share(slot) for slot in canaries if slot is not canary)
    if _share(canary) < HALF and others <= HALF:
        return NextStep(f"tiltyard challenge {name} {canary.version} --canary 50%", told)
    which = f" {canary.version}" if len(route.challengers) > 1 else ""
    return NextStep(f"tiltyard promote {name}{which}", told)


def _with_shadows(route: RouteView) -> NextStep:
    name = route.model
    for shadow in shadows_of(route):
        wrong = _what_is_wrong(shadow, route.champion) or _not_comparable(shadow)
        agrees, compared = agreement_of(shadow), compared_of(shadow)
        if not wrong and agrees is not None and agrees < AGREES and compared >= ENOUGH:
            wrong = f"{name_of(shadow)} differs in {percent(1 - agrees)} of {_requests(compared)}"
        if wrong:
            return NextStep(_stop(name, shadow), wrong)
    shadow = max(shadows_of(route), key=compared_of)
    if shadow.state != "ready":
        return NextStep(_watch(name), f"{name_of(shadow)} is not ready yet")
    agrees, compared = agreement_of(shadow), compared_of(shadow)
    if agrees is None or compared < ENOUGH:
        return NextStep(_watch(name), f"{name_of(shadow)} was compared in {_few(compared)} so far")
    return NextStep(
        f"tiltyard challenge {name} {shadow.version} --canary 5%",
        f"{name_of(shadow)} agrees in {percent(agrees)} of {_requests(compared)}",
    )


def _alone(
    route: RouteView, champion: SlotView, versions: Sequence[VersionView], now: float
) -> NextStep:
    name, previous = route.model, route.previous
    # Without --to it is refused where a rollback was the last thing done.
    rollback = f"tiltyard rollback {name} --to previous"
    wrong = _what_is_wrong(champion, None)
    if wrong and previous is not None:
        return NextStep(rollback, f"{wrong}; before it, version {previous.version} served")
    if wrong:
        return NextStep(_publish(name), f"{wrong}, and there is none to go back to")
    if route.desired_differs:
        return NextStep(_watch(name), "until it is as wanted")
    is_recent = now - champion.since_unix_s < RECENT_S
    kept = warm_s(previous, now) if previous is not None else 0.0
    told = f"if version {champion.version} is wrong; kept warm for {remaining(kept)}"
    was_taken_back = previous is not None and previous.version > champion.version
    if kept and is_recent and not was_taken_back:
        return NextStep(rollback, told)
    known = (champion.version, previous.version if previous is not None else 0)
    newer = [v.version for v in versions if v.state == "ready" and v.version > max(known)]
    if newer:
        command = f"tiltyard challenge {name} {max(newer)} --shadow"
        return NextStep(command, f"version {max(newer)} is ready, and newer than the champion")
    if was_taken_back and previous is not None:
        return NextStep(_publish(name), f"version {previous.version} was taken back", is_idle=True)
    if kept:
        return NextStep(rollback, told, is_idle=True)
    return NextStep(_publish(name), "nothing is under way", is_idle=True)


def _what_is_wrong(slot: SlotView, beside: SlotView | None) -> str:
    """Why a slot should be left; "" when nothing speaks against it."""
    if slot.state == "failed":
        return f"{name_of(slot)} cannot be loaded"
    rate, usual = _fault_rate(slot), _fault_rate(beside) if beside is not None else 0.0
    if answers_of(slot).blamed < FAULTS_MIN or rate <= 2 * usual + WORSE_BY:
        return _not_finite(slot, beside)
    told = f"{name_of(slot)} fails {percent(rate)}"
    if beside is None:
        return f"{told} of {_requests(answers_of(slot).count)}"
    return f"{told}, the champion {percent(usual)}"


def _not_finite(slot: SlotView, beside: SlotView | None) -> str:
    """A NaN is an answer, but seldom the right one."""
    rate, usual = _non_finite_rate(slot), _non_finite_rate(beside) if beside is not None else 0.0
    if slot.non_finite < FAULTS_MIN or rate <= 2 * usual + WORSE_BY:
        return ""
    told = f"{percent(rate)} of the answers of {name_of(slot)} are not finite"
    return told if beside is None else f"{told}, {percent(usual)} of the champion's"


def _not_comparable(shadow: SlotView) -> str:
    """What is wrong with a shadow's outputs, else than that they differ; "" for nothing."""
    for output in shadow.agreement.outputs if shadow.agreement is not None else ():
        other = sum(output.incompatible.values())
        if other > WORSE_BY * (other + output.compared):
            return f"{name_of(shadow)} cannot be compared, {incompatible(output)}"
        odd = output.non_finite_shadow - output.non_finite_champion
        if odd >= FAULTS_MIN and odd > WORSE_BY * output.compared:
            told = f"{name_of(shadow)}, {one_line(output.name)}: {output.non_finite_shadow:,}"
            return f"{told} of {output.compared:,} answers are not finite"
    return ""


def _non_finite_rate(slot: SlotView) -> float:
    answered = completed_of(slot)
    return slot.non_finite / answered if answered else 0.0


def _fault_rate(slot: SlotView) -> float:
    answers = answers_of(slot)
    return answers.blamed / answers.count if answers.count else 0.0


def _share(slot: SlotView) -> float:
    return slot.share.fraction if slot.share is not None else 0.0


def _requests(count: int) -> str:
    return f"{count:,} request{'' if count == 1 else 's'}"


def _few(count: int) -> str:
    return _requests(count) if count else "no requests"


def _watch(name: str) -> str:
    return f"tiltyard status {name} --watch"


def _publish(name: str) -> str:
    return f"tiltyard publish {name} FILE.onnx"


def _stop(name: str, slot: SlotView) -> str:
    return f"tiltyard stop-challenge {name} {slot.version}"
