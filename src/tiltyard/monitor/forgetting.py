"""Versions that left: how long what was counted of them is kept, and how many there may be."""

from typing import Final

from tiltyard.monitor.counting.level import DAY
from tiltyard.monitor.given import Served
from tiltyard.monitor.monitor import Monitor, VersionKey
from tiltyard.monitor.saving import Saving

KEPT_S: Final = 35.0 * DAY  # as long as hours are
KEPT_MAX: Final = 100  # a version takes about 1.5 MB beside its panes


class Forgetting:
    """Whoever retrains daily leaves versions behind: they are looked at for a while, not for ever.

    A version that is loaded, or has a slot, is never forgotten. Of the others the last hundred are
    kept for 35 days, in memory and in the state file; one that is loaded after that begins anew.
    Used from the keeper's thread.
    """

    def __init__(self, monitor: Monitor, saving: Saving, served: Served) -> None:
        self.versions = 0  # that were forgotten by this process
        self._monitor = monitor
        self._saving = saving
        self._served = served
        self._left: dict[VersionKey, float] = {}  # when each was found to have left, unix seconds

    def look(self) -> list[VersionKey]:
        """Forget what is due; those that were forgotten."""
        if not self._served.is_settled():
            return []  # what was saved may be of versions that are still being loaded
        now = self._monitor.now()
        self._left = {key: self._left.get(key, at) for key, at in self._gone(now).items()}
        newest = sorted(self._left, key=lambda key: self._left[key], reverse=True)
        due = [
            key
            for place, key in enumerate(newest)
            if place >= KEPT_MAX or now - self._left[key] > KEPT_S
        ]
        for key in due:
            del self._left[key]
            with self._monitor.lock:
                self._monitor.forget(key)
            self._saving.forget(key)
        self.versions += len(due)
        return due

    def _gone(self, now: float) -> dict[VersionKey, float]:
        """Versions that are neither loaded nor in a slot, and when each was last, at the latest."""
        kept = {(one.model, one.version) for one in self._served.versions()}
        for model, state in self._served.states().items():
            kept.update((model, version) for version in state.serving)
        gone = dict.fromkeys(self._monitor.watched.keys() - self._monitor.recordings.keys(), now)
        gone.update(self._saving.unclaimed())
        return {key: at for key, at in gone.items() if key not in kept}
