"""When the counts of a version are bet: a tick closes after a second with rows enough."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.alarm.alarm import Alarm as ToldAlarm
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.counting.layout import ROWS
from tiltyard.monitor.detection import Detection
from tiltyard.monitor.profile.cells import Ints


class Ticking:
    """Of one version and segment, whatever its roles. Not thread-safe.

    `monotonic` times are in seconds, of one clock; `at` is in unix seconds.
    """

    def __init__(self, policy: AlarmPolicy, monotonic: float) -> None:
        self.detections: dict[str, Detection] = {}  # by kind
        self.policy = policy
        self.changes = 0  # of what to_arrays() gives
        self._counts: Ints | None = None
        self._since = monotonic

    @property
    def is_open(self) -> bool:
        """Whether there are counts that are not bet yet."""
        return self._counts is not None

    def add(self, counts: Ints) -> None:
        """Count these int64[layout.size] in the tick that is open."""
        self.changes += 1
        if self._counts is None:
            self._counts = counts.copy()
        else:
            self._counts += counts

    def close(
        self, monotonic: float, at: float
    ) -> Iterator[tuple[Detection, str, ToldAlarm | None]]:
        """Bet what was counted, if a tick is complete; what each detector says of it.

        Without rows no time is bet: an hour in which nobody asks is no evidence.
        """
        counts, elapsed_s = self._counts, monotonic - self._since
        if counts is None or not self.policy.closes(elapsed_s, int(counts[ROWS])):
            return
        self._counts, self._since = None, monotonic
        self.changes += 1
        for detection in list(self.detections.values()):
            yield (detection, *detection.tick(counts, elapsed_s, at))

    def to_arrays(self, monotonic: float, at: float) -> dict[str, npt.NDArray[Any]]:
        """The tick that is open: its counts, and since when it lasts in unix seconds."""
        counts = np.zeros(0, np.int64) if self._counts is None else self._counts.copy()
        return {"counts": counts, "since": np.array(at - (monotonic - self._since))}

    def restore(
        self, arrays: Mapping[str, npt.NDArray[Any]], monotonic: float, saved_at: float
    ) -> None:
        """Go on with the tick that was open; no time has passed for it since it was saved.

        The counts are to be of the same layout.
        """
        self._counts = arrays["counts"].copy() if len(arrays["counts"]) else None
        self._since = monotonic - max(0.0, saved_at - float(arrays["since"]))
