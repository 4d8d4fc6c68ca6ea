"""The counting of every record: takes blocks, counts them, closes panes, bets ticks.

One thread drains; others look, each with the lock held. What is long (reading the store, building
tables, writing the state) is done without it, by the keeper.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, Protocol

import numpy as np

from tiltyard._core import RecordBlock
from tiltyard.monitor.alarm_book import OPEN, AlarmBook
from tiltyard.monitor.bugs import Bugs, OnBug
from tiltyard.monitor.counting.pane_clock import PaneClock
from tiltyard.monitor.detection import DRIFT, SKEW, Detection, Reference, alarm_id
from tiltyard.monitor.incidents.feed import SUPERSEDED
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.recording import CHAMPION, CHAMPION_AS, Recording
from tiltyard.monitor.snapshot import Alarm, PlaneKey, Window
from tiltyard.monitor.statistics.cause import cause
from tiltyard.monitor.statistics.measure import Report
from tiltyard.monitor.statistics.report import report
from tiltyard.monitor.watched import Told, Watched

DRAIN_S: Final = 0.1

VersionKey = tuple[str, int]


class Reader(Protocol):
    """What is asked of a RecordReader."""

    def take(self) -> list[RecordBlock]: ...
    def release(self) -> None: ...


def _raise(_where: str, error: BaseException) -> None:
    raise error


class Monitor:
    """`clock` gives unix seconds, `monotonic` those of CLOCK_MONOTONIC, as records have them.

    A block that cannot be counted, or a version whose ticks cannot be bet, is told to `on_bug`, and
    everything else goes on; without one it is raised.
    """

    def __init__(
        self,
        book: AlarmBook,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        on_bug: OnBug = _raise,
    ) -> None:
        self.lock = threading.RLock()
        self.book = book
        self.watched: dict[VersionKey, Watched] = {}
        self.recordings: dict[VersionKey, Recording] = {}
        self.rows = 0
        self.bugs = Bugs(on_bug)
        # Of versions and profiles that nobody watches any more, and of blocks that could not be
        # counted.
        self.rows_unclaimed = 0
        self.drains = 0
        self.busy_s = 0.0
        self._clock = clock
        self._monotonic = monotonic
        self._panes_clock = PaneClock(clock(), monotonic())
        self._ticking: dict[int, Watched] = {}  # those with ticks that are open
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
        is_over = False
        while not is_over:
            is_over = stopping.wait(DRAIN_S)
            try:
                self.drain(reader)
            except Exception as error:  # noqa: BLE001 - the next one may do
                self.bugs.take("monitor", error)

    def drain(self, reader: Reader) -> int:
        """Count all records that there are, and bet the ticks that are complete; the rows."""
        began = time.thread_time()
        blocks = reader.take()
        try:
            with self.lock:
                now = self.now()
                rows = self._count_all(blocks, now)
                self.rows += rows
                self.drains += 1
        finally:
            reader.release()
        with self.lock:
            self._tick(now)
            self.busy_s += time.thread_time() - began
        return rows

    def _count_all(self, blocks: Iterable[RecordBlock], now: float) -> int:
        """Count blocks, and put what is new into panes; the rows."""
        rows = 0
        touched: dict[int, Watched] = {}
        for block in blocks:
            rows += block.records
            try:
                self._count(block, now, touched)
            except Exception as error:  # noqa: BLE001 - what others sent is still counted
                self.rows_unclaimed += block.records
                self.bugs.take("monitor: a block of records", error)
        for watched in touched.values():
            watched.settle(now)
        self._ticking.update(touched)
        return rows

    def _count(self, block: RecordBlock, now: float, touched: dict[int, Watched]) -> None:
        route = self._routes.get(block.plane)
        if route is None:
            self.rows_unclaimed += block.records
            return
        watched, role = route
        words = np.frombuffer(memoryview(block), np.uint32).reshape(block.records, block.words)
        touched[id(watched)] = watched
        watched.count(role, words, now, self._monotonic())
        if role == CHAMPION:
            for follower in self._followers.get(watched.key, ()):
                touched[id(follower)] = follower
                follower.count(CHAMPION_AS, words, now, self._monotonic())

    def _tick(self, now: float) -> None:
        monotonic = self._monotonic()
        for watched in list(self._ticking.values()):
            try:
                for told in watched.close_ticks(monotonic, now):
                    self.book.take(told.event, self._alarm(watched, told), now)
                is_open = watched.has_open_ticks
            except Exception as error:  # noqa: BLE001 - the others' ticks are still bet
                model, version = watched.key
                self.bugs.take(f"monitor: the ticks of {model} version {version}", error)
                is_open = False
            if not is_open:
                del self._ticking[id(watched)]

    # ---- with the lock held

    def watch(self, watched: Watched, recording: Recording) -> None:
        """Count what is recorded of a version, from now on. The lock is held.

        What it was recorded as before counts on while it may still be under way, unless that is in
        the cells of another profile.
        """
        before = self.recordings.get(watched.key)
        is_same = self.watched.get(watched.key) is watched
        self._forget_routes(watched.key, before.numbers if before and is_same else {})
        if not is_same:
            self._forget_follower(watched.key)
            self._ticking.pop(id(self.watched.get(watched.key)), None)
        self._ticking[id(watched)] = watched  # with a tick that was saved, perhaps
        self.watched[watched.key] = watched
        self.recordings[watched.key] = recording
        watched.recorded.begin(recording.plan)
        for role, number in recording.numbers.items():
            self._routes[number] = (watched, role)

    def unwatch(self, key: VersionKey) -> None:
        """It is recorded no more; what is under way still counts. The lock is held."""
        self.recordings.pop(key, None)

    def forget(self, key: VersionKey) -> None:
        """Nothing is told of a version any more; what is under way of it is not counted. The lock
        is held."""
        watched = self.watched.pop(key, None)
        self.recordings.pop(key, None)
        self._ticking.pop(id(watched), None)
        self._forget_routes(key, {})
        self._forget_follower(key)

    def follow(self, followers: dict[VersionKey, list[VersionKey]]) -> None:
        """Count the champions' records also in the cells of these versions. The lock is held."""
        self._followers = {
            champion: [self.watched[key] for key in keys if key in self.watched]
            for champion, keys in followers.items()
        }

    def _forget_routes(self, key: VersionKey, kept: Mapping[str, int]) -> None:
        numbers = set(kept.values())
        self._routes = {
            number: route
            for number, route in self._routes.items()
            if route[0].key != key or number in numbers
        }

    def _forget_follower(self, key: VersionKey) -> None:
        """With another profile its slots may be others: who follows is decided anew."""
        self._followers = {
            champion: [one for one in followers if one.key != key]
            for champion, followers in self._followers.items()
            if champion != key
        }

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
        told = detection.close(by, now)
        if told is not None:
            alarm = detection.alarm(told, self._key(watched, segment), "")
            self.book.take(SUPERSEDED, alarm, now)

    def close_in_book(self, alarm_id: str, by: str) -> None:
        """Close an alarm without a detector, if it is open. The lock is held."""
        alarm = self.book.find(alarm_id)
        if alarm is not None and alarm.state == OPEN:
            self.book.close(alarm, by, self.now())

    def close_orphans(self, watched: Watched, why: Callable[[Alarm], str]) -> None:
        """Close the version's alarms that none of its detectors has open. The lock is held."""
        mine = [
            one
            for one in self.book.all(watched.profile.model, open_only=True)
            if one.key.version == watched.profile.version
        ]
        if not mine:
            return
        live = {
            alarm_id(self._key(watched, segment), detection.reference, crossed_s)
            for segment, detection in watched.detections()
            if (crossed_s := detection.detector.crossed_s) is not None
        }
        for alarm in mine:
            if alarm.id not in live:
                self.close_in_book(alarm.id, why(alarm))

    def open_alarms(self) -> Iterator[tuple[Watched, Detection, Alarm]]:
        """Those of detectors, as they are now: sizes go on growing. The lock is held."""
        for watched in self.watched.values():
            for segment, detection in watched.detections():
                told = detection.detector.alarm
                if told is not None:
                    yield watched, detection, detection.alarm(told, self._key(watched, segment), "")

    def _alarm(self, watched: Watched, told: Told) -> Alarm:
        key = self._key(watched, told.segment)
        alarm = told.detection.alarm(told.alarm, key, "")
        if alarm.closed_at is not None:
            return alarm
        return replace(alarm, cause=self._cause(watched, told, alarm))

    def measured(
        self, watched: Watched, segment: str, reference: Reference, begin: float
    ) -> Report:
        """What a version was counted since then, against a reference. The lock is held."""
        end = self.now() + 1.0  # the second that is open
        return report(
            watched.profile,
            reference.counts,
            Window(begin, end, since(watched, segment, begin, end)),
            against="profile" if reference.kind == SKEW else "baseline",
            reference_digest=reference.digest,
        )

    def _cause(self, watched: Watched, told: Told, alarm: Alarm) -> str:
        """What reserved cells explain of the streams that lead."""
        found = self.measured(watched, told.segment, told.detection.reference, alarm.onset)
        leading = {stream.stream for stream in alarm.streams if stream.is_leading}
        texts = (cause(one) for one in found.streams if one.stream in leading)
        return next((text for text in texts if text), "")

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
