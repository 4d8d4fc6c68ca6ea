"""Rollbacks that are in force on this gateway and that the registry has not recorded yet."""

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tiltyard.errors import TiltyardError

if TYPE_CHECKING:
    from tiltyard.registry import Change, ModelState


@dataclass(slots=True, eq=False)
class Pending:
    """One rollback. `record` makes it in the registry.

    `state` is the model's after it, `champion_at` (unix seconds) when its champion came back; None:
    it had not left. `key` and `digest` tell the call from others. What came of it is `change`, or
    `refused` when what it rolled back served no more, by the registry.
    """

    state: "ModelState"
    record: Callable[[], "Change"]
    champion_at: float | None = None
    key: str = ""
    digest: str = ""
    change: "Change | None" = None
    refused: TiltyardError | None = None


class Overrides:
    """Those of all models, each model's in their order. Thread-safe.

    No lock that hold(), states() and find() take is held while the registry is asked.
    """

    def __init__(self, adopt: Callable[["ModelState"], object]) -> None:
        """`adopt` takes what the registry has recorded, before the rollback is let go."""
        self._adopt = adopt
        # Told of each that the registry has refused: whoever asked for it may be gone by now.
        self.on_refused: Callable[[Pending], object] = lambda _: None
        self._lock = threading.Lock()  # of all that follows
        self._pending: dict[str, list[Pending]] = {}
        self._why: dict[str, str] = {}
        self._recording: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def hold(self, pending: Pending) -> None:
        """Keep to it, whatever the registry says."""
        with self._lock:
            self._pending.setdefault(pending.state.name, []).append(pending)

    def states(self) -> dict[str, "ModelState"]:
        """Of the models that are held, after their last rollback."""
        with self._lock:
            return {name: pending[-1].state for name, pending in self._pending.items()}

    def get(self, model: str) -> "ModelState | None":
        with self._lock:
            pending = self._pending.get(model)
            return pending[-1].state if pending else None

    def find(self, model: str, key: str | None) -> Pending | None:
        """The rollback that was asked for with this idempotency key."""
        with self._lock:
            held = self._pending.get(model, [])
            return next((pending for pending in held if key and pending.key == key), None)

    def champion_at(self, model: str) -> float | None:
        """When the champion came back that serves by a rollback; None: by what is recorded."""
        with self._lock:
            times = [entry.champion_at for entry in self._pending.get(model, [])]
            return next((at for at in reversed(times) if at is not None), None)

    def reasons(self) -> Mapping[str, str]:
        """By model, why its rollback is not recorded."""
        with self._lock:
            return {model: self._why.get(model, "it is being recorded") for model in self._pending}

    def record(self, model: str, *, wait: bool = True) -> bool:
        """Make in the registry what is held of a model; whether nothing is held any more.

        Without `wait` it is left to whoever does so already. What the registry refuses is let go,
        and what was built on it.
        """
        with self._lock:
            recording = self._recording[model]
        if not recording.acquire(blocking=wait):
            return False
        try:
            return self._record(model)
        finally:
            recording.release()

    def _record(self, model: str) -> bool:
        # Imported late: a program that predicts does without SQLAlchemy.
        from tiltyard.registry import RegistryUnavailableError

        while (pending := self._first(model)) is not None:
            try:
                change = pending.record()
            except RegistryUnavailableError as error:
                with self._lock:
                    self._why[model] = f"{error.cause}: {error.remedy}"
                return False
            except TiltyardError as error:
                self._let_go(model, error)
                return True
            self._adopt(change.state)
            pending.change = change
            self._let_go(model)
        return True

    def _first(self, model: str) -> Pending | None:
        with self._lock:
            pending = self._pending.get(model)
            return pending[0] if pending else None

    def _let_go(self, model: str, refused: TiltyardError | None = None) -> None:
        """The first, or all that are refused."""
        with self._lock:
            pending = self._pending[model]
            gone = pending[:1] if refused is None else pending[:]
            del pending[: len(gone)]
            for entry in gone:
                entry.refused = refused
            if not pending:
                del self._pending[model]
                self._why.pop(model, None)
        if refused is not None:
            for entry in gone:
                self.on_refused(entry)
