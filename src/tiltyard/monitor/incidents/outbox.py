"""What is still to be delivered to one endpoint: bounded, in order, tried again and again.

Pure but for its lock: times are given. They are unix seconds, because what is pending outlives the
process.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

ITEMS_MAX: Final = 1_000
BACKOFF_S: Final = 1.0  # doubled after every attempt
BACKOFF_S_MAX: Final = 3_600.0
TRYING_S_MAX: Final = 24 * 3_600.0
# An alarm may name its streams one after another: they are waited for, and told as one.
MERGE_S: Final = 30.0
# None of an exponent that overflows.
_DOUBLINGS_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one endpoint. `group` is what has to stay in order, the incident's id.

    Of those with the same `merges` that were not tried yet only the newest is kept; "" merges with
    nothing.
    """

    id: str
    group: str
    merges: str
    body: str
    created: float
    due: float
    attempts: int = 0


class Outbox:
    """Thread-safe. `jitter()` gives numbers from 0 to 1."""

    def __init__(self, jitter: Callable[[], float], *, items_max: int = ITEMS_MAX) -> None:
        self._jitter = jitter
        self._items_max = items_max
        self._lock = threading.Lock()
        self._items: dict[str, Delivery] = {}  # by id, the oldest first
        self._trying = ""
        self.is_stopped = False
        self.counts = dict.fromkeys(
            (
                "attempts",
                "delivered",
                "failed",
                "rejected",
                "refused",
                "expired",
                "dropped",
                "merged",
            ),
            0,
        )

    def put(self, delivery: Delivery) -> Delivery | None:
        """Take one more; what had to go for it, where there were ITEMS_MAX.

        One that is there already is not taken twice, and a stopped endpoint takes none: it goes.
        """
        with self._lock:
            if delivery.id in self._items:
                return None
            if self.is_stopped:
                self.counts["dropped"] += 1
                return delivery
            delivery = self._merged(delivery)
            self._items[delivery.id] = delivery
            if len(self._items) <= self._items_max:
                return None
            self.counts["dropped"] += 1
            return self._items.pop(next(one for one in self._items if one != self._trying))

    def withdraw(self, merges: str) -> None:
        """What is put in next says all that those with this `merges` say: they need not go."""
        with self._lock:
            for one in list(self._items.values()):
                if one.merges == merges and one.id != self._trying:
                    del self._items[one.id]
                    self.counts["merged"] += 1

    def take(self, now: float) -> Delivery | None:
        """The first that is due, to be tried now: then failed() or ended() is owed.

        One waits for those of its group that came before it.
        """
        with self._lock:
            due = [one for one in self._heads() if one.due <= now]
            if not due:
                return None
            found = min(due, key=lambda one: one.due)
            self._trying = found.id
            self.counts["attempts"] += 1
            return found

    def next_due(self) -> float | None:
        """When there will be something to take; None: not before something is put in."""
        with self._lock:
            return min((one.due for one in self._heads()), default=None)

    def ended(self, delivery: Delivery, how: str) -> None:
        """It is over: "delivered" or "refused"."""
        with self._lock:
            self._trying = ""
            self._items.pop(delivery.id, None)
            self.counts[how] += 1

    def failed(
        self, delivery: Delivery, now: float, wait_s: float = 0.0, *, is_rejected: bool = False
    ) -> float:
        """Try it again later, in `wait_s` at the earliest; in how many seconds.

        `is_rejected`: the receiver said that the fault is with the request; counted apart, too.
        """
        with self._lock:
            self._trying = ""
            self.counts["failed"] += 1
            self.counts["rejected"] += int(is_rejected)
            doubled_s = BACKOFF_S * 2 ** min(delivery.attempts, _DOUBLINGS_MAX)
            backoff_s = min(doubled_s, BACKOFF_S_MAX) * (1 + self._jitter()) / 2
            wait_s = max(backoff_s, min(wait_s, BACKOFF_S_MAX))
            if delivery.id in self._items:
                attempts = delivery.attempts + 1
                self._items[delivery.id] = replace(delivery, attempts=attempts, due=now + wait_s)
            return wait_s

    def expire(self, now: float) -> list[Delivery]:
        """Give up what was tried for TRYING_S_MAX; what that is."""
        with self._lock:
            old = [one for one in self._items.values() if now - one.created >= TRYING_S_MAX]
            for one in old:
                del self._items[one.id]
            self.counts["expired"] += len(old)
            return old

    def stop(self) -> int:
        """Take no more, and give up what there is; how much that is."""
        with self._lock:
            self._trying = ""
            self.is_stopped = True
            given_up = len(self._items)
            self.counts["dropped"] += given_up
            self._items.clear()
            return given_up

    def pending(self) -> list[dict[str, Any]]:
        """What is not over, ready for JSON and restore()."""
        with self._lock:
            return [asdict(one) for one in self._items.values()]

    def restore(self, deliveries: Iterable[Delivery]) -> None:
        """What was pending before; it is older than what is there."""
        with self._lock:
            older = {one.id: one for one in deliveries}
            self._items = {**older, **self._items}
            while len(self._items) > self._items_max:
                del self._items[next(iter(self._items))]
                self.counts["dropped"] += 1

    def __len__(self) -> int:
        return len(self._items)

    def _heads(self) -> list[Delivery]:
        """The oldest of each group."""
        heads: dict[str, Delivery] = {}
        for one in self._items.values():
            heads.setdefault(one.group, one)
        return list(heads.values())

    def _merged(self, delivery: Delivery) -> Delivery:
        """In place of one that it merges with; then no later than that one."""
        for one in self._items.values():
            is_same = delivery.merges and one.merges == delivery.merges
            if is_same and not one.attempts and one.id != self._trying:
                del self._items[one.id]
                self.counts["merged"] += 1
                return replace(delivery, due=min(one.due, delivery.due))
        return delivery
