"""The lines of `tiltyard route`: how requests are routed, to the bucket and to the second."""

from collections.abc import Iterator

from tiltyard.cli.render.formats import listed, one_line, remaining, timestamp
from tiltyard.cli.render.slots import canaries_of, name_of, rule_words, slots_of
from tiltyard.cli.render.status_notes import NOT_RECORDED
from tiltyard.control.views import BUCKETS, RouteView, SlotView

LABEL_WIDTH = 13


def route_lines(route: RouteView, now: float) -> list[str]:
    return [f"{label:<{LABEL_WIDTH}}  {told}" for label, told in _labelled(route, now)]


def _labelled(route: RouteView, now: float) -> Iterator[tuple[str, str]]:
    yield "model", route.model
    yield "epoch", f"{route.epoch}, in force with route table {route.table_epoch}"
    by_key = "by key: the requests of a key go to one version"
    yield "split", by_key if route.split == "key" else "by request: each is routed by itself"
    yield "salt", route.salt_hex or "none: nobody challenges"
    if route.champion is None:
        yield "champion", "none: nobody serves"
    for slot in slots_of(route):
        yield name_of(slot), ", ".join(_facts(route, slot, now))
    for told in route.desired_differs:
        yield "not as wanted", one_line(told)
    if not route.durable:
        yield "NOT RECORDED", NOT_RECORDED


def _facts(route: RouteView, slot: SlotView, now: float) -> Iterator[str]:
    yield f"{slot.state}: {one_line(slot.reason)}" if slot.reason else slot.state
    if slot.role == "champion":
        taken = sum(canary.share.buckets for canary in canaries_of(route) if canary.share)
        yield _buckets(BUCKETS - taken)
    if slot.share is not None:
        yield _buckets(slot.share.buckets)
    if slot.sample is not None:
        exact = f"{slot.sample.ppm / 10_000:.4f}".rstrip("0").rstrip(".")
        yield f"shadowed by the champion {exact} %" if slot.reverse_shadow else f"sample {exact} %"
    if slot.compare:
        yield f"comparing {listed([rule_words(rule) for rule in slot.compare])}"
    if slot.since_unix_s:
        yield f"since {timestamp(slot.since_unix_s)} UTC"
    if slot.until_unix_s is not None:
        until = f"{timestamp(slot.until_unix_s)} UTC"
        left = slot.until_unix_s - now
        if left > 0:
            yield f"kept warm until {until} ({remaining(left)})"
        else:
            yield f"was kept warm until {until}"


def _buckets(count: int) -> str:
    exact = f"{100 * count / BUCKETS:.4f}".rstrip("0").rstrip(".")
    return f"{count:,} of {BUCKETS:,} buckets ({exact} %)"
