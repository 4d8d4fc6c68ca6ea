"""What a command says that has changed something: what it did, what serves now, what comes next."""

from collections.abc import Iterator

from tiltyard.cli.render.formats import one_line, percent, remaining
from tiltyard.cli.render.next_step import NextStep, command_line, next_step
from tiltyard.cli.render.slots import name_of, slots_of, warm_s
from tiltyard.cli.render.status_notes import NOT_RECORDED
from tiltyard.control.views import RouteView, SlotView, VersionView


def change_report(
    done: str, route: RouteView, now: float, address: str, *, address_is_default: bool
) -> list[str]:
    """The lines; `done` is what was asked for and has been done."""
    told = [done, f"  now:  {summary(route, now)}"]
    told += [f"  not as wanted: {one_line(text)}" for text in route.desired_differs]
    if not route.durable:
        told.append(f"  NOT RECORDED: {NOT_RECORDED}")
    step = next_step(route, (), now)
    if not step.is_idle:
        told.append(_next(step, address, address_is_default))
    return told


def summary(route: RouteView, now: float) -> str:
    """`champion 3, canary 4 with 5 %, previous 2 (warm for 2 d), epoch 7`."""
    slots = [_slot(slot, now) for slot in slots_of(route)]
    return ", ".join([*(slots or ["nobody serves"]), f"epoch {route.epoch}"])


def slot_words(slot: SlotView) -> str:
    """`canary 4 with 5 %`, `shadow 5 of 20 %`."""
    told = name_of(slot)
    if slot.share is not None:
        told += f" with {percent(slot.share.fraction)}"
    if slot.sample is not None:
        reverse = " and a reverse shadow" if slot.reverse_shadow else ""
        told += f"{reverse} of {percent(slot.sample.fraction)}"
    return told


def publish_report(view: VersionView, address: str, *, address_is_default: bool) -> list[str]:
    """What `tiltyard publish --admin` says when the gateway has stored the version."""
    told = [f"published {view.model} version {view.version} on {address}", *_loaded(view)]
    if view.state == "failed":
        step = NextStep(f"tiltyard status {view.model}", "it failed")
    elif "champion" in view.roles:
        step = NextStep(f"tiltyard status {view.model}", "it is the first version, and so serves")
    else:
        step = NextStep(
            f"tiltyard challenge {view.model} {view.version} --shadow", "the champion serves on"
        )
    return [*told, _next(step, address, address_is_default)]


def _loaded(view: VersionView) -> Iterator[str]:
    if view.state == "failed":
        yield f"  it cannot be loaded: {one_line(view.reason)}"
    elif view.state != "ready":
        yield "  the gateway is loading it"
    elif view.batchable:
        yield f"  ready; rows share batches of up to {view.batch_rows_max}"
    else:
        yield f"  ready; rows do not share batches: {one_line(view.batch_reason)}"


def _slot(slot: SlotView, now: float) -> str:
    told = slot_words(slot)
    if warm_s(slot, now):
        return f"{told} (warm for {remaining(warm_s(slot, now))})"
    return told if slot.state == "ready" else f"{told} ({slot.state})"


def _next(step: NextStep, address: str, address_is_default: bool) -> str:
    return f"  next: {command_line(step, address, is_default=address_is_default)}  # {step.why}"
