"""Accepting what a version serves as its baseline."""

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from tiltyard.control.errors import PreconditionError, Reason
from tiltyard.errors import TiltyardError
from tiltyard.monitor.accepting import ROWS_MIN, baseline_of, is_due
from tiltyard.monitor.alarm.detector import State
from tiltyard.monitor.counting.layout import REQUESTS, ROWS
from tiltyard.monitor.monitor import Monitor, VersionKey, since
from tiltyard.monitor.profile.baseline_codec import check_baseline
from tiltyard.monitor.profile.errors import MalformedProfileError
from tiltyard.monitor.snapshot import Baseline, Window
from tiltyard.monitor.watched import Watched
from tiltyard.store import Store
from tiltyard.store.profiles import add_baseline, baseline_numbers, read_baseline

# Keeps in the registry's events what was done to a version, and by whom.
Note = Callable[[str, VersionKey, Mapping[str, object], str], None]

HOUR_S: Final = 3600.0
# The first pane begins up to a second before the plane does, and the last is still open.
AROUND_S: Final = 3.0
# Of the baselines that a version has, so many of the newest may be of other profiles.
LOOKED_AT: Final = 5
# Who accepts a version's first traffic where nobody else does.
ITSELF: Final = "tiltyard"


class BaselineRefusedError(TiltyardError):
    """The newest baseline of a version cannot be bet against, and is ignored."""


class Baselines:
    """Of one gateway. From any thread; the monitor's lock is taken where it is needed."""

    def __init__(self, monitor: Monitor, store: Store, note: Note) -> None:
        self._monitor = monitor
        self._store = store
        self._note = note
        self._refused: dict[tuple[str, int, int, str], str] = {}  # why; by file and profile

    def served(self, watched: Watched) -> tuple[int, int, float]:
        """Requests and rows since a version was first counted, and when that was (unix seconds)."""
        with self._monitor.lock:
            planes = list(watched.bet_planes(""))
            totals = [plane.panes.totals() for plane in planes]
            began = min((plane.panes.began for plane in planes), default=self._monitor.now())
        requests = sum(int(total[REQUESTS]) for total in totals)
        return requests, sum(int(total[ROWS]) for total in totals), began

    def look(self, watched: Watched) -> None:
        """Adopt the newest of the store's that is of the version's profile, if that is new.

        Raises BaselineRefusedError where one is newer than that, StoreError.
        """
        numbers = baseline_numbers(self._store, *watched.key)
        refused = []
        for number in reversed(numbers[-LOOKED_AT:]):
            known = watched.baseline
            if known is not None and number <= known.number:
                break
            place = (*watched.key, number, watched.profile.digest)
            if place not in self._refused:
                try:
                    self.adopt(watched, self._read(watched, number))
                    break
                except MalformedProfileError as error:
                    self._refused[place] = f"{error}; it is ignored"
            refused.append(self._refused[place])
        if refused:
            raise BaselineRefusedError(refused[0])

    def _read(self, watched: Watched, number: int) -> Baseline:
        model, version = watched.key
        where = f"baseline {number} of {model} version {version}"
        found = read_baseline(self._store, model, version, number)
        check_baseline(found, watched.profile, where)
        if not found.counts[ROWS]:
            raise MalformedProfileError(f"{where}: expected rows, got none")
        return found

    def accept_if_due(self, watched: Watched) -> None:
        """What a version has served by now becomes its baseline, if there is enough of it.

        Raises as accept().
        """
        # Settled: it is known how much its rows depend on each other.
        if any(one.detector.state is State.warming for _, one in watched.detections()):
            return
        requests, rows, began = self.served(watched)
        age_s = self._monitor.now() - began
        if not is_due(watched.policy, requests=requests, rows=rows, age_s=age_s):
            return
        with contextlib.suppress(BaselineRefusedError):
            self.look(watched)  # another gateway may have been faster
        if watched.baseline is None:
            self.accept(watched, age_s + AROUND_S, ITSELF)

    def accept(self, watched: Watched, window_s: float, actor: str) -> Baseline:
        """What it served in the last `window_s` is normal from now on; the baseline as stored.

        Raises PreconditionError where that is too little, StoreError.
        """
        model, version = watched.key
        with self._monitor.lock:
            end = self._monitor.now() + 1.0  # the second that is open too
            began = min((one.panes.began for one in watched.bet_planes("")), default=end)
            segments = [segment for segment in watched.segments if segment]
        begin = max(end - window_s, math.floor(began))
        windows = self._windows(watched, "", begin, end)
        rows = sum(int(window.counts[ROWS]) for window in windows)
        if rows < ROWS_MIN:
            raise PreconditionError(
                f"{model} version {version} was counted in {rows:,} rows in the last"
                f" {window_s:g} s, and a baseline has at least {ROWS_MIN:,}",
                Reason.PRECONDITION,
                to_do="Wait for more traffic, or take a longer window.",
            )
        parts = {one: self._windows(watched, one, windows[0].begin, end) for one in segments}
        made = baseline_of(watched.profile, windows, parts, by=actor, at=end)
        stored = add_baseline(self._store, model, version, made)
        self.adopt(watched, stored)
        data = {"number": stored.number, "rows": rows}
        self._note("baseline_accepted", watched.key, data, actor)
        return stored

    def _windows(self, watched: Watched, segment: str, begin: float, end: float) -> list[Window]:
        """The hours with rows; the lock is taken for each, so that records wait for one at most."""
        windows = []
        for begins, ends in _hours(begin, end):
            with self._monitor.lock:
                windows.append(Window(begins, ends, since(watched, segment, begins, ends)))
        return [window for window in windows if window.counts[ROWS]]

    def forget(self, key: VersionKey) -> None:
        """The version is not watched any more."""
        self._refused = {one: why for one, why in self._refused.items() if one[:2] != key}

    def adopt(self, watched: Watched, baseline: Baseline) -> None:
        """Drift is against this one from now on; what is open against another is over.

        Nothing happens where the version has this one already, or a newer one.
        """
        with self._monitor.lock:
            known = watched.baseline
            if known is not None and known.number >= baseline.number:
                return
            self._monitor.close_drift(watched, f"accepted by {baseline.accepted_by}")
            watched.set_baseline(baseline)


def _hours(begin: float, end: float) -> Iterator[tuple[float, float]]:
    """[begin, end) cut at full hours."""
    at = begin
    while at < end:
        until = min(end, (at // HOUR_S + 1) * HOUR_S)
        yield at, until
        at = until
