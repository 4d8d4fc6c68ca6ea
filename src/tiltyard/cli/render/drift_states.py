"""Where the detectors of a plane stand, in words."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.text import Text

from tiltyard.cli.render.formats import one_line, percent, since
from tiltyard.monitor.snapshot import DetectorView

SERIAL_SHOWN: Final = 3
# The worst last.
ORDER: Final = ("no baseline", "ok", "warming", "suspicious", "drifting")
STYLES: Final = {
    "ok": "green",
    "warming": "cyan",
    "suspicious": "bold yellow",
    "drifting": "bold red",
}


def worst_of(kind: str, detectors: Sequence[DetectorView]) -> DetectorView | None:
    """Of the gateways' detectors of a kind. A state that is not known here is the worst."""
    found = [view for view in detectors if view.kind == kind]
    return max(found, key=lambda view: (_rank(view.state), view.evidence_log10), default=None)


def state_text(kind: str, detectors: Sequence[DetectorView], now: float) -> Text:
    """`ok since 2 h (07:48), 3 % of the evidence that an alarm takes`."""
    worst = worst_of(kind, detectors)
    if worst is None:
        return Text("no alarm is kept for it", style="dim")
    text = Text().append(state_word(worst), style=STYLES.get(worst.state, ""))
    if worst.since:
        text.append(f" since {since(worst.since, now)}")
    text.append("".join(f", {told}" for told in _facts(worst)))
    gateways = sum(view.kind == kind for view in detectors)
    if gateways > 1:
        like = sum(view.kind == kind and view.state == worst.state for view in detectors)
        text.append(f", on {like} of {gateways} gateways")
    return text


def state_word(view: DetectorView) -> str:
    """Skew does not page, and so is not told in the word for what does."""
    if view.state == "drifting":
        return "DRIFTING" if view.kind == "drift" else "skewed"
    return view.state


def _facts(view: DetectorView) -> list[str]:
    match view.state:
        case "no baseline":
            return ["nothing can page until traffic is accepted as one"]
        case "warming":
            share = view.ticks / view.warmup_ticks if view.warmup_ticks else 0.0
            how_far = f"{view.ticks:,} of {view.warmup_ticks:,} ticks ({percent(min(share, 1.0))})"
            return [how_far, "nothing pages yet"]
        case _:
            told = [f"shifts below {view.delta:g} sd do not matter"] if view.kind == "drift" else []
            return [*_evidence(view), *told, *_serial(view)]


def _evidence(view: DetectorView) -> Iterator[str]:
    """How far it is to an alarm; of one that is open, evidence that has gone down says nothing."""
    above = view.evidence_log10 - view.threshold_log10
    is_open = view.state == "drifting"
    if not is_open or above >= 0:
        yield _times(above)
    if is_open:
        yield "open until it recovers"


def _serial(view: DetectorView) -> Iterator[str]:
    """Whose shapes are not bet on."""
    if view.serial:
        shown = ", ".join(one_line(name) for name in view.serial[:SERIAL_SHOWN])
        more = len(view.serial) - SERIAL_SHOWN
        also = f" and {more} more" if more > 0 else ""
        yield f"ticks depend on those before in {shown}{also}, whose shape is not watched"


def _times(above: float) -> str:
    """Evidence of 10 times too much is told as the power it is."""
    if above >= 1:
        return f"evidence 10^{above:.0f} times an alarm's"
    if above >= 0:
        return f"evidence {10**above:.1f} times an alarm's"
    return f"evidence {percent(10 ** max(above, -300.0))} of an alarm's"


def _rank(state: str) -> int:
    return ORDER.index(state) if state in ORDER else len(ORDER)
