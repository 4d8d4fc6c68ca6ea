"""Loading the versions that are wanted; one that fails or hangs never stops the others."""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Protocol

from tiltyard._core import CoreError, Engine, LoadedVersion, enter_idle_priority
from tiltyard.errors import TiltyardError
from tiltyard.store import Store

STILL_LOADING: Final = "it is being loaded"
# A version that has taken this long is left to itself, and the next one is begun beside it.
PATIENCE_S: Final = 2.0
# How often what has changed is published, at most, and how soon a stop is noticed.
INTERVAL_S: Final = 0.2

Key = tuple[str, int]  # model, version


class Stopping(Protocol):
    """Tells whether loading is to end early; a threading.Event is one."""

    def is_set(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version that can answer, and sentences for the log."""

    version: LoadedVersion
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class LoadReport:
    """What has come of the versions wanted so far. `unready` has (model, version, reason).

    `loading` are those of the unready ones that have neither failed nor been given up. `unloaded`
    has why each that is known and not wanted is not; who wants versions fills it in.
    `settled` is true when each has loaded, has failed, or has been given up for hanging.
    """

    versions: list[LoadedVersion] = field(default_factory=list)
    unready: list[tuple[str, int, str]] = field(default_factory=list)
    loading: frozenset[Key] = frozenset()
    unloaded: Mapping[Key, str] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    bugs: list[Exception] = field(default_factory=list)
    settled: bool = False

    @property
    def models(self) -> int:
        """How many models have a version that can answer."""
        return len({version.model for version in self.versions})

    def find(self, model: str, number: int) -> LoadedVersion | None:
        """The version, if it can answer."""
        return self._by_key.get((model, number))

    @cached_property
    def _by_key(self) -> dict[Key, LoadedVersion]:
        return {(version.model, version.version): version for version in self.versions}

    def reason(self, model: str, number: int) -> str:
        """Why it cannot answer; "" when it can, or was never wanted."""
        return self._reasons.get((model, number), "")

    @cached_property
    def _reasons(self) -> dict[Key, str]:
        return {(model, number): reason for model, number, reason in self.unready}


class Loader:
    """Loads versions one after the other, in the order in which they are wanted.

    Each is loaded on a thread of its own, because nothing can interrupt a session that is being
    made. One that takes long delays the others by `patience_s`, and itself for as long as it takes.
    After `timeout_s` it counts as failed; should it come after all, it is served.
    """

    def __init__(
        self,
        load: Callable[[str, int], Loaded],
        *,
        timeout_s: float,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._load = load
        self._timeout_s = timeout_s
        self._patience_s = patience_s
        self._lock = threading.Lock()  # of all that follows but the queue
        self._wanted: frozenset[Key] = frozenset()
        self._waiting: deque[Key] = deque()
        self._begun: dict[Key, float] = {}  # those that are being loaded, and since when
        self._done: queue.SimpleQueue[tuple[Key, Loaded | Exception] | None] = queue.SimpleQueue()
        self._loaded: dict[Key, LoadedVersion] = {}
        self._failed: dict[Key, str] = {}
        self._notices: list[str] = []
        self._bugs: list[Exception] = []

    @property
    def is_busy(self) -> bool:
        """Whether a version is being loaded at this moment."""
        return bool(self._begun)

    def want(self, keys: Iterable[Key]) -> None:
        """From any thread: have these in memory and no others; new ones load in this order.

        One that has failed stays failed until it is unwanted, or tried again.
        """
        wanted = list(dict.fromkeys(keys))
        with self._lock:
            known = self._loaded.keys() | self._failed.keys() | self._begun.keys()
            self._wanted = frozenset(wanted)
            waiting = deque(key for key in wanted if key not in known)
            gone = (self._loaded.keys() | self._failed.keys()) - self._wanted
            for key in gone:
                self._loaded.pop(key, None)
                self._failed.pop(key, None)
            is_news = bool(gone) or waiting != self._waiting
            self._waiting = waiting
        if is_news:
            self._done.put(None)

    def try_again(self, key: Key) -> None:
        """From any thread: load a version that has failed, before those that wait."""
        with self._lock:
            if self._failed.pop(key, None) is None:
                return
            self._waiting.appendleft(key)
        self._done.put(None)

    def run(self, stopping: Stopping, on_change: Callable[[LoadReport], None]) -> None:
        """Load on threads that the calling one starts, until it is to stop.

        `on_change` is told, on the calling thread, what there is now; also when all have settled,
        and of each that comes later, also when it failed as it did before. A load that raises what
        is no TiltyardError is a bug, and is reported as one.
        """
        told_at = time.monotonic()
        told = LoadReport()
        has_ended = False
        while not stopping.is_set():
            self._begin_next()
            has_ended |= self._take(INTERVAL_S)
            report = self.report()
            is_due = report.settled or time.monotonic() - told_at >= INTERVAL_S
            if is_due and (has_ended or report != told) and not stopping.is_set():
                on_change(report)
                told, told_at, has_ended = report, time.monotonic(), False

    def report(self) -> LoadReport:
        """What has come of the versions so far."""
        with self._lock:
            return self._report(time.monotonic())

    def _report(self, now: float) -> LoadReport:
        overdue = [key for key, since in self._begun.items() if now - since >= self._timeout_s]
        hung = f"{STILL_LOADING}, for more than {self._timeout_s:g} s now"
        loading = dict.fromkeys([*self._waiting, *self._begun], STILL_LOADING)
        unready = loading | dict.fromkeys(overdue, hung) | self._failed
        return LoadReport(
            versions=list(self._loaded.values()),
            unready=[(model, number, reason) for (model, number), reason in unready.items()],
            loading=frozenset(loading).difference(overdue),
            notices=list(self._notices),
            bugs=list(self._bugs),
            settled=not self._waiting and len(overdue) == len(self._begun),
        )

    def _is_patient(self) -> bool:
        """Whether one that is being loaded has not taken long yet."""
        now = time.monotonic()
        return any(now - since < self._patience_s for since in self._begun.values())

    def _begin_next(self) -> None:
        with self._lock:
            if not self._waiting or self._is_patient():
                return
            key = self._waiting.popleft()
            self._begun[key] = time.monotonic()

        def work() -> None:
            enter_idle_priority("load")
            try:
                self._done.put((key, self._load(*key)))
            except Exception as error:  # noqa: BLE001 - a bug met by one model must not stop others
                self._done.put((key, error))

        threading.Thread(target=work, name="load", daemon=True).start()

    def _take(self, wait_s: float) -> bool:
        """Wait for what ends, or is asked for; whether it is a load that has ended."""
        try:
            done = self._done.get(timeout=wait_s)
        except queue.Empty:
            return False
        if done is None:
            return False
        key, outcome = done
        with self._lock:
            del self._begun[key]
            if not isinstance(outcome, Loaded | TiltyardError | CoreError):
                self._bugs.append(outcome)
            if key not in self._wanted:
                return True
            if isinstance(outcome, Loaded):
                self._loaded[key] = outcome.version
                self._notices += outcome.notices
            elif isinstance(outcome, TiltyardError | CoreError):
                self._failed[key] = str(outcome)
            else:
                self._failed[key] = f"{type(outcome).__name__}: {outcome}"
        return True


def load_from(engine: Engine, store: Store) -> Callable[[str, int], Loaded]:
    """A function that reads a version, every byte checked, and makes a session of those bytes."""

    def load(model: str, number: int) -> Loaded:
        files = store.read_version(model, number)
        version = engine.load_version(
            model,
            number,
            files.model,
            files.external,
            rowwise_proved=files.manifest.description.rowwise.proved,
            batchable_claimed=files.manifest.batchable_claimed,
            samples=files.samples,
        )
        return Loaded(version, files.notices)

    return load


def newest_first(models: Mapping[str, Iterable[int]]) -> list[Key]:
    """The newest version of every model, then the second newest of every model, and so on."""
    ranked = [
        (age, model, number)
        for model, numbers in models.items()
        for age, number in enumerate(sorted(numbers, reverse=True))
    ]
    return [(model, number) for _, model, number in sorted(ranked)]
