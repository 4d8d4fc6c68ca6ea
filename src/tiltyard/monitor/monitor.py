"""The counting of every record: takes blocks, counts them, closes panes, bets ticks.

One thread drains; others look, each with the lock held. What is long (reading the store, building
tables, writing the state) is done without it, by the keeper.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final, Protocol

import numpy as np

from tiltyard._core import RecordBlock
from tiltyard.monitor.alarm_book import AlarmBook
from tiltyard.monitor.counting.pane_clock import PaneClock
from tiltyard.monitor.detection import DRIFT, Detection
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.recording import CHAMPION, CHAMPION_AS, Recording
from tiltyard.monitor.snapshot import Alarm, PlaneKey, Window
from tiltyard.monitor.statistics.cause import cause
from tiltyard.monitor.statistics.report import report
from tiltyard.monitor.watched import Told, Watched

DRAIN_S: Final = 0.1
TICK_S: Final = 1.0
NS: Final = 1e9

VersionKey = tuple[str, int]


class Reader(Protocol):
    """What is asked of a RecordReader."""

    def take(self) -> list[RecordBlock]: ...
    def release(self) -> None: ...


class Monitor:
    """`clock` gives unix seconds, `monotonic` those of CLOCK_MONOTONIC, as records have them."""

    def __init__(
        self,
        book: AlarmBook,
        *,
        tick_s: float = TICK_S,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lock = threading.RLock()
        self.book = book
        self.watched: dict[VersionKey, Watched] = {}
        self.recordings: dict[VersionKey, Recording] = {}
        self.rows = 0
        self.rows_unclaimed = 0  # of versions that nobody watches any more
        self.drains = 0
        self.busy_s = 0.0
        self._clock = clock
        self._monotonic = monotonic
        self._panes_clock = PaneClock(clock(), monotonic())
        self._tick_s = tick_s
        self._tick_at = monotonic() + tick_s
        self._routes: dict[int, tuple[Watched, str]] = {}
        self._followers: dict[VersionKey, list[Watched]] = {}

    def now(self) -> float:
        """The time of panes; never goes back."""
        with self.lock:
            return self._panes_clock.at(self._clock(), self._monotonic())

    def monotonic(self) -> float:
        return self._monotonic()

    def boot_s(self) -> float:
        """The unix time at which CLOCK_MONOTONIC was 0."""
        return self._clock() - self._monotonic()

    # ---- the draining thread

    def run(self, reader: Reader, stopping: threading.Event) -> None:
        """Drain until it is to stop, and once more then."""
        while not stopping.wait(DRAIN_S):
            self.drain(reader)
        self.drain(reader)

    def drain(self, reader: Reader) -> int:
        """Count all records that there are, and bet the ticks that are complete; the rows."""
        began = time.thread_time()
        blocks = reader.take()
        rows = 0
        with self.lock:
            now = self.now()
            touched: set[int] = set()
            for block in blocks:
                rows += block.records
                self._count(block, now, touched)
            self._settle(now, touched)
            self.rows += rows
            self.drains += 1
        reader.release()
        with self.lock:
            self._tick(now)
            self.busy_s += time.thread_time() - began
        return rows

    def _count(self, block: RecordBlock, now: float, touched: set[int]) -> None:
        route = self._routes.get(block.plane)
        if route is None:
            self.rows_unclaimed += block.records
            return
        watched, role = route
        words = np.frombuffer(memoryview(block), np.uint32).reshape(block.records, block.words)
        watched.count(role, words, now)
        touched.add(id(watched))
        if role == CHAMPION:
            for follower in self._followers.get(watched.key, ()):
                follower.count(CHAMPION_AS, words, now)
                touched.add(id(follower))

    def _settle(self, now: float, touched: set[int]) -> None:
        for watched in self.watched.values():
            if id(watched) in touched:
                watched.settle(now)

    def _tick(self, now: float) -> None:
        monotonic = self._monotonic()
        if monotonic < self._tick_at:
            return
        self._tick_at = max(self._tick_at + self._tick_s, monotonic)
        for watched in self.watched.values():
            for told in watched.close_ticks(monotonic, now):
                self.book.take(told.event, self._alarm(watched, told, now), now)

    # ---- with the lock held

    def watch(self, watched: Watched, recording: Recording | None) -> None:
        """Count what is recorded of a version, from now on. The lock is held."""
        self._forget_routes(watched.key)
        self.watched[watched.key] = watched
        if recording is None:
            self.recordings.pop(watched.key, None)
            return
        self.recordings[watched.key] = recording
        for role, number in recording.numbers.items():
            self._routes[number] = (watched, role)

    def unwatch(self, key: VersionKey) -> None:
        """Count nothing of it any more; what was counted stays. The lock is held."""
        self._forget_routes(key)
        self.recordings.pop(key, None)

    def follow(self, followers: dict[VersionKey, list[VersionKey]]) -> None:
        """Count the champions' records also in the cells of these versions. The lock is held."""
        self._followers = {
            champion: [self.watched[key] for key in keys if key in self.watched]
            for champion, keys in followers.items()
        }

    def _forget_routes(self, key: VersionKey) -> None:
        self._routes = {
            number: route for number, route in self._routes.items() if route[0].key != key
        }

    def lag_s(self, keys: Iterable[int]) -> float:
        """How old the newest of these times (ns) of records is; 0 without any."""
        newest = max(keys, default=0)
        return max(0.0, self._monotonic() - newest / NS) if newest else 0.0

    def supersede(self, key: VersionKey, by: str) -> None:
        """Close what is open of a version, and begin anew. The lock is held."""
        for segment, detection in self.watched[key].detections():
            self._close(self.watched[key], segment, detection, by)

    def close_drift(self, watched: Watched, by: str) -> None:
        """Close what is open against its baseline. The lock is held."""
        for segment, detection in watched.detections():
            if detection.kind == DRIFT:
                self._close(watched, segment, detection, by)

    def _close(self, watched: Watched, segment: str, detection: Detection, by: str) -> None:
        now = self.now()
        told = detection.detector.close(by, now)
        if told is not None:
            alarm = detection.alarm(told, self._key(watched, segment), "")
            self.book.take("superseded", alarm, now)

    def open_alarms(self) -> Iterator[tuple[Watched, Detection, Alarm]]:
        """Those of detectors, as they are now: sizes go on growing. The lock is held."""
        for watched in self.watched.values():
            for segment, detection in watched.detections():
                told = detection.detector.alarm
                if told is not None:
                    yield watched, detection, detection.alarm(told, self._key(watched, segment), "")

    def _alarm(self, watched: Watched, told: Told, now: float) -> Alarm:
        key = self._key(watched, told.segment)
        alarm = told.detection.alarm(told.alarm, key, "")
        if alarm.closed_at is not None:
            return alarm
        return replace(alarm, cause=self._cause(watched, told, alarm, now))

    def _cause(self, watched: Watched, told: Told, alarm: Alarm, now: float) -> str:
        """What reserved cells explain of the streams that lead."""
        reference = told.detection.reference
        counts = since(watched, told.segment, alarm.onset, now + 1.0)  # the second that is open
        measured = report(
            watched.profile,
            reference.counts,
            Window(alarm.onset, now, counts),
            against="profile" if reference.kind == "skew" else "baseline",
            reference_digest=reference.digest,
        )
        leading = {stream.stream for stream in alarm.streams if stream.is_leading}
        found = (cause(one) for one in measured.streams if one.stream in leading)
        return next((text for text in found if text), "")

    @staticmethod
    def _key(watched: Watched, segment: str) -> PlaneKey:
        model, version = watched.key
        return PlaneKey(model, version, watched.role or CHAMPION, segment)


def since(watched: Watched, segment: str, begin: float, end: float) -> Ints:
    """What a version was counted in [begin, end), in every role that is bet, int64[size]."""
    total = watched.profile.layout.zeros()
    for plane in watched.bet_planes(segment):
        total += plane.panes.window(begin, end).counts
    return total
