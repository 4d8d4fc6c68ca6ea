"""Where the alarms of a plane stand, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from tiltyard.cli.render.formats import duration, timestamp
from tiltyard.monitor.snapshot import DetectorView
from tiltyard.report.charts.gauge import bar
from tiltyard.report.figures import SIGMA, decimal

# The worst last: what several gateways tell is told as the worst of them.
ORDER: Final = ("no baseline", "ok", "warming", "suspicious", "drifting")
SKEWED: Final = "skewed"
METER_END: Final = 1.25  # of the threshold, so that what is beyond it is seen
SYMBOLS: Final = {
    "no baseline": "○",
    "ok": "✓",
    "warming": "◔",
    "suspicious": "▲",
    "drifting": "■",
}


@dataclass(frozen=True, slots=True)
class State:
    """`name` is drift or skew; `word` says the state, for skew is never called drifting.

    `detail` is a sentence, `meter` the evidence beside the threshold.
    """

    name: str
    state: str
    word: str
    symbol: str
    since: str
    detail: str
    meter: Markup
    evidence_log10: float
    threshold_log10: float
    delta: float


def state_of(kind: str, detectors: Sequence[DetectorView], now: float) -> State | None:
    """The worst of the detectors of a kind; None where there is none."""
    found = [detector for detector in detectors if detector.kind == kind]
    if not found:
        return None
    worst = max(found, key=lambda d: (_place(d.state), d.evidence_log10))
    since = f"since {timestamp(worst.since)} UTC, {duration(now - worst.since)}"
    threshold = worst.threshold_log10
    said = (
        f"Evidence: 10 to the {decimal(worst.evidence_log10, 2)} seconds;"
        f" an alarm at 10 to the {decimal(threshold, 2)}"
    )
    # The gauge takes square roots, which would show the middle of a logarithm at the wrong place.
    share = min(METER_END, max(0.0, worst.evidence_log10 / threshold)) if threshold > 0 else 0.0
    return State(
        name=kind,
        state=worst.state,
        word=SKEWED if kind == "skew" and worst.state == "drifting" else worst.state,
        symbol=SYMBOLS.get(worst.state, "?"),
        since=since if worst.since else "",
        detail=_detail(worst, len(found)),
        meter=bar(share * share, 1.0, METER_END * METER_END, said),
        evidence_log10=worst.evidence_log10,
        threshold_log10=threshold,
        delta=worst.delta,
    )


def _place(state: str) -> int:
    """A state that is not known here counts as the worst, so that it is seen."""
    return ORDER.index(state) if state in ORDER else len(ORDER)


def _detail(worst: DetectorView, gateways: int) -> str:
    told = {
        "no baseline": "There is no accepted baseline, so nothing can page.",
        "warming": (
            f"{worst.ticks:,} of {worst.warmup_ticks:,} ticks: computed, but nothing pages yet."
        ),
        "ok": f"No shift beyond {decimal(worst.delta, 2)} {SIGMA} is in evidence.",
        "suspicious": "A tenth of the evidence that makes an alarm is there.",
        "drifting": "The evidence has crossed the threshold; the state is latched.",
    }.get(worst.state, "")
    if worst.kind == "skew":
        told += " Skew never pages."
    return told if gateways == 1 else f"{told} The worst of {gateways} gateways."
