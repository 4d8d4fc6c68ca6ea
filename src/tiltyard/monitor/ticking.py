"""When the counts of a version are bet: a tick closes after a second with rows enough."""

from collections.abc import Iterator

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
        self._counts: Ints | None = None
        self._since = monotonic

    def add(self, counts: Ints) -> None:
        """Count these int64[layout.size] in the tick that is open."""
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
        for detection in list(self.detections.values()):
            yield (detection, *detection.tick(counts, elapsed_s, at))
