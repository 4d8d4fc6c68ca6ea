"""The lines of `tiltyard drift policy`."""

from collections.abc import Iterator

from tiltyard.cli.render.formats import one_line, percent, remaining
from tiltyard.monitor.policy import DriftPolicy

LABEL_WIDTH = 13


def policy_lines(name: str, policy: DriftPolicy) -> list[str]:
    return [f"{label:<{LABEL_WIDTH}}  {told}" for label, told in _labelled(name, policy)]


def _labelled(name: str, policy: DriftPolicy) -> Iterator[tuple[str, str]]:
    yield "model", name
    yield "epoch", str(policy.epoch)
    yield "means", f"shifts below {policy.delta:g} sd do not matter"
    yield "rates", f"changes below {percent(policy.delta_indicator)} do not matter"
    rows = "do not depend" if policy.rows_independent else "may depend"
    yield "rows", f"those of one request {rows} on each other"
    kept = "kept" if policy.captures_values else "not kept"
    yield "values", f"those of the strangest rows are {kept}"
    yield "baseline", _baseline(policy)
    for segment in policy.segments:
        yield "segment", one_line(str(segment))
    if not policy.segments:
        yield "segments", "none: no requests are watched apart"


def _baseline(policy: DriftPolicy) -> str:
    if not policy.accepts_by_itself:
        return "accepted by people alone"
    first = f"{remaining(policy.baseline_window_s)} or {policy.baseline_rows:,} rows"
    return f"a version's first {first}, whichever comes first, unless people accept another"
