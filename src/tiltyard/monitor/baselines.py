"""Accepting what a version serves as its baseline."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tiltyard.control.errors import PreconditionError, Reason
from tiltyard.monitor.accepting import ROWS_MIN, baseline_of
from tiltyard.monitor.counting.layout import REQUESTS, ROWS
from tiltyard.monitor.monitor import Monitor, since
from tiltyard.monitor.snapshot import Baseline, Window
from tiltyard.monitor.watched import Watched
from tiltyard.store import Store
from tiltyard.store.profiles import add_baseline

if TYPE_CHECKING:
    from tiltyard.registry import Registry

HOUR_S: Final = 3600.0


class Baselines:
    """Of one gateway. From any thread; the monitor's lock is taken where it is needed."""

    def __init__(
        self, monitor: Monitor, store: Store, registry: "Callable[[], Registry | None]"
    ) -> None:
        self._monitor = monitor
        self._store = store
        self._registry = registry

    def served(self, watched: Watched) -> tuple[int, int, float]:
        """Requests and rows since a version was first counted, and when that was (unix seconds)."""
        with self._monitor.lock:
            planes = list(watched.bet_planes(""))
            totals = [plane.panes.totals() for plane in planes]
            began = min((plane.panes.began for plane in planes), default=self._monitor.now())
        requests = sum(int(total[REQUESTS]) for total in totals)
        return requests, sum(int(total[ROWS]) for total in totals), began

    def accept(self, watched: Watched, window_s: float, actor: str) -> Baseline:
        """What it served in the last `window_s` is normal from now on; the baseline as stored.

        Raises PreconditionError where that is too little, StoreError, RegistryUnavailableError.
        """
        model, version = watched.key
        with self._monitor.lock:
            end = self._monitor.now() + 1.0  # the second that is open too
            windows = [
                Window(begin, until, since(watched, "", begin, until))
                for begin, until in _hours(end - window_s, end)
            ]
            windows = [window for window in windows if window.counts[ROWS]]
            rows = sum(int(window.counts[ROWS]) for window in windows)
            if rows < ROWS_MIN:
                raise PreconditionError(
                    f"{model} version {version} was counted in {rows:,} rows in the last"
                    f" {window_s:g} s, and a baseline has at least {ROWS_MIN:,}",
                    Reason.PRECONDITION,
                    to_do="Wait for more traffic, or take a longer window.",
                )
            made = baseline_of(watched.profile, windows, number=0, by=actor, at=end)
            segments = {
                segment: since(watched, segment, made.begin, end)
                for segment in watched.segments
                if segment
            }
        made = replace(made, segments={name: one for name, one in segments.items() if one[ROWS]})
        stored = add_baseline(self._store, model, version, made)
        registry = self._registry()
        if registry is not None:
            data = {"number": stored.number, "rows": rows}
            registry.note("baseline_accepted", model, version, data, actor=actor)
        self.adopt(watched, stored)
        return stored

    def adopt(self, watched: Watched, baseline: Baseline) -> None:
        """Drift is against this one from now on; what is open against another is over."""
        with self._monitor.lock:
            self._monitor.close_drift(watched, f"accepted by {baseline.accepted_by}")
            watched.set_baseline(baseline)


def _hours(begin: float, end: float) -> Iterator[tuple[float, float]]:
    """[begin, end) cut at full hours."""
    at = begin
    while at < end:
        until = min(end, (at // HOUR_S + 1) * HOUR_S)
        yield at, until
        at = until
