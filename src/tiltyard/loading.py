"""Loading every version of a store; one that fails or hangs never stops the others."""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from tiltyard._core import CoreError, Engine, LoadedVersion, enter_background_priority
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
    """What has come of the versions of a store so far. `unready` has (model, version, reason).

    `loading` are those of the unready ones that have neither failed nor been given up.
    `settled` is true when each has loaded, has failed, or has been given up for hanging.
    """

    versions: list[LoadedVersion] = field(default_factory=list)
    unready: list[tuple[str, int, str]] = field(default_factory=list)
    loading: frozenset[Key] = frozenset()
    notices: list[str] = field(default_factory=list)
    bugs: list[Exception] = field(default_factory=list)
    settled: bool = False

    @property
    def models(self) -> int:
        """How many models have a version that can answer."""
        return len({version.model for version in self.versions})


class Loader:
    """Loads versions one after the other, the newest of each model first: it is the default.

    Each is loaded on a thread of its own, because nothing can interrupt a session that is being
    made. One that takes long delays the others by `patience_s`, and itself for as long as it takes.
    After `timeout_s` it counts as failed; should it come after all, it is served.
    """

    def __init__(
        self,
        load: Callable[[str, int], Loaded],
        models: Mapping[str, Iterable[int]],
        *,
        timeout_s: float,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._load = load
        self._timeout_s = timeout_s
        self._patience_s = patience_s
        self._waiting = deque(_newest_first(models))
        self._begun: dict[Key, float] = {}  # those that are being loaded, and since when
        self._done: queue.SimpleQueue[tuple[Key, Loaded | Exception]] = queue.SimpleQueue()
        self._loaded: list[LoadedVersion] = []
        self._failed: dict[Key, str] = {}
        self._notices: list[str] = []
        self._bugs: list[Exception] = []

    @property
    def is_busy(self) -> bool:
        """Whether a version is being loaded at this moment."""
        return bool(self._begun)

    def run(self, stopping: Stopping, on_change: Callable[[LoadReport], None]) -> None:
        """Load all on threads that the calling one starts; return when none is left, or to stop.

        `on_change` is told, on the calling thread, what there is now; also when all have settled,
        and of each that comes later. A load that raises what is no TiltyardError is a bug, and is
        reported as one.
        """
        told_at = time.monotonic()
        told = LoadReport()
        while not stopping.is_set():
            if self._waiting and not self._is_patient():
                self._begin(self._waiting.popleft())
            elif not self._begun and told.settled:
                return
            self._take(0.0 if not self._begun else INTERVAL_S)
            report = self.report()
            is_due = report.settled or time.monotonic() - told_at >= INTERVAL_S
            if is_due and report != told and not stopping.is_set():
                on_change(report)
                told, told_at = report, time.monotonic()

    def report(self) -> LoadReport:
        """What has come of the versions so far."""
        now = time.monotonic()
        overdue = [key for key, since in self._begun.items() if now - since >= self._timeout_s]
        hung = f"{STILL_LOADING}, for more than {self._timeout_s:g} s now"
        loading = dict.fromkeys([*self._waiting, *self._begun], STILL_LOADING)
        unready = loading | dict.fromkeys(overdue, hung) | self._failed
        return LoadReport(
            versions=list(self._loaded),
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

    def _begin(self, key: Key) -> None:
        def work() -> None:
            enter_background_priority("load")
            try:
                self._done.put((key, self._load(*key)))
            except Exception as error:  # noqa: BLE001 - a bug met by one model must not stop others
                self._done.put((key, error))

        self._begun[key] = time.monotonic()
        threading.Thread(target=work, name="load", daemon=True).start()

    def _take(self, wait_s: float) -> None:
        try:
            key, outcome = self._done.get(timeout=wait_s)
        except queue.Empty:
            return
        del self._begun[key]
        if isinstance(outcome, Loaded):
            self._loaded.append(outcome.version)
            self._notices += outcome.notices
        elif isinstance(outcome, TiltyardError | CoreError):
            self._failed[key] = str(outcome)
        else:
            self._failed[key] = f"{type(outcome).__name__}: {outcome}"
            self._bugs.append(outcome)


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


def _newest_first(models: Mapping[str, Iterable[int]]) -> list[Key]:
    """The newest version of every model, then the second newest of every model, and so on."""
    ranked = [
        (age, model, number)
        for model, numbers in models.items()
        for age, number in enumerate(sorted(numbers, reverse=True))
    ]
    return [(model, number) for _, model, number in sorted(ranked)]
