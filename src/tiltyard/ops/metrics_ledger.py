"""Counters that never go backwards, although what counts them begins anew.

An arm of a rollout counts from 0 at every change of its model's routing, and a version whenever it
is loaded. The ledger adds what they had counted to what now counts in their place. It must be told
of every route table in the order they come into force (take()), so that no rollout is missed, and
now and then be given the time to close the accounts of old ones (settle()): until then it keeps
them alive, and with them their sessions.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

# What is counted: the name of a sample and the values of its labels; of a model and a version.
Series = tuple[str, tuple[str, ...]]
Owner = tuple[str, str]
Counts = Mapping[Owner, Mapping[Series, float]]

# An io thread may still be in the cycle in which it read the table before.
SETTLE_S: Final = 10.0
# What is in flight for longer when its route is gone is not waited for, but counted as unsettled.
SETTLE_S_MAX: Final = 300.0
SHOWN_S: Final = 3_600.0  # for so long the last counts of who is gone are told
OWNERS_KEPT_MAX: Final = 5_000


class Counting(Protocol):
    """What is asked of a Rollout."""

    def counters(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Collected:
    """The sums by owner, and what the rollouts in force count, as they give it."""

    sums: dict[Owner, dict[Series, float]]
    in_force: list[dict[str, Any]]


@dataclass(slots=True)
class _Retired:
    rollout: Counting
    at: float


class Ledger:
    """Thread-safe. `read` makes the series of one Rollout.counters(), which only ever grow."""

    def __init__(
        self,
        read: Callable[[Mapping[str, Any]], Counts],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._taken: deque[tuple[float, list[Counting]]] = deque()
        self._in_force: dict[int, Counting] = {}  # by id: a rollout is itself
        self._retired: list[_Retired] = []
        self._kept: dict[Owner, dict[Series, float]] = {}  # the oldest first
        self._kept_at: dict[Owner, float] = {}
        self._versions: dict[Owner, Mapping[Series, float]] = {}  # as they were seen last
        self.unsettled = 0  # requests in flight whose end was not waited for
        self.forgotten = 0  # owners whose counts were given up: they would begin anew

    def take(self, rollouts: Iterable[Counting]) -> None:
        """These are in force from now on, and no others. Waits for nobody: not for a lock either,
        as a rollback may stand behind it.
        """
        self._taken.append((self._clock(), list(rollouts)))

    def settle(self) -> None:
        """Close the accounts of rollouts whose requests have ended, and let go of them.

        It waits for nobody: where a scrape is under way, that does the same.
        """
        if self._lock.acquire(blocking=False):
            try:
                self._settle(self._clock())
            finally:
                self._lock.release()

    def collect(self, versions: Counts) -> Collected:
        """Everything now; `versions` are the series of those that are loaded, as they count.

        A version that went and came back between two calls has lost what it counted since the
        first.
        """
        with self._lock:
            now = self._clock()
            self._settle(now)
            self._begin_anew(versions, now)
            in_force = [rollout.counters() for rollout in self._in_force.values()]
            retired = [one.rollout.counters() for one in self._retired]
            sums: dict[Owner, dict[Series, float]] = {}
            for counts in (versions, *map(self._read, (*in_force, *retired))):
                for owner, series in counts.items():
                    _add(sums.setdefault(owner, {}), series)
            for owner, kept in self._kept.items():
                if owner in sums or now - self._kept_at[owner] <= SHOWN_S:
                    _add(sums.setdefault(owner, {}), kept)
            return Collected(sums, in_force)

    def _look_at_taken(self) -> None:
        while self._taken:
            at, rollouts = self._taken.popleft()
            after = {id(rollout): rollout for rollout in rollouts}
            gone = [one for key, one in self._in_force.items() if key not in after]
            self._retired = [one for one in self._retired if id(one.rollout) not in after]
            self._retired += [_Retired(rollout, at) for rollout in gone]
            self._in_force = after

    def _settle(self, now: float) -> None:
        self._look_at_taken()
        waiting = []
        for retired in self._retired:
            counters = retired.rollout.counters() if now - retired.at >= SETTLE_S else None
            left = _in_flight(counters) if counters is not None else 0
            if counters is None or (left and now - retired.at < SETTLE_S_MAX):
                waiting.append(retired)
                continue
            self.unsettled += left
            self._keep(self._read(counters), now)
        self._retired = waiting

    def _begin_anew(self, versions: Counts, now: float) -> None:
        """Keep what a version had counted that is gone, or counts less than before."""
        for owner, before in self._versions.items():
            after = versions.get(owner)
            if after is None or any(after.get(one, 0) < n for one, n in before.items()):
                self._keep({owner: before}, now)
        self._versions = dict(versions)

    def _keep(self, counts: Counts, now: float) -> None:
        for owner, series in counts.items():
            kept = self._kept.pop(owner, {})
            _add(kept, series)
            self._kept[owner] = kept
            self._kept_at[owner] = now
        while len(self._kept) > OWNERS_KEPT_MAX:
            oldest = next(iter(self._kept))
            del self._kept[oldest], self._kept_at[oldest]
            self.forgotten += 1


def _add(sums: dict[Series, float], series: Mapping[Series, float]) -> None:
    for one, value in series.items():
        sums[one] = sums.get(one, 0) + value


def _in_flight(counters: Mapping[str, Any]) -> int:
    apart = counters["unsplit"]
    arms = [*counters["arms"], *counters["shadows"], *([apart] if apart is not None else [])]
    return sum(arm["in_flight"] for arm in arms)
