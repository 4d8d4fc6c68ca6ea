"""Makes the engine match the registry: loads what is wanted, publishes the table, again and again.

Two threads of the gateway run it: run_loads() and run(). Control calls the other methods from any
thread; what it changes is in force when the method returns.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tiltyard._core import Engine
from tiltyard.control.desired import Desired, Override
from tiltyard.control.rates import ArmKey, Rates
from tiltyard.control.since import Since
from tiltyard.control.table import RouteTable, wanted_keys
from tiltyard.control.watch import NewEvents
from tiltyard.errors import StoreError, TiltyardError
from tiltyard.loading import (
    STILL_LOADING,
    Key,
    Loader,
    LoadReport,
    Stopping,
    newest_first,
)
from tiltyard.store import Store

if TYPE_CHECKING:
    from tiltyard.registry import Change, ModelState, Registry

LOOK_S: Final = 1.0
STORE_LOOK_S: Final = 5.0
EVENTS_READ: Final = 500
UNLOADED: Final = "it was unloaded, and an operator can load it again"


class Reconciler:
    """One a gateway. `on_report` is told what has been loaded, on the thread of run_loads().

    Without a registry every model is served by its newest version.
    """

    def __init__(
        self,
        engine: Engine,
        store: Store,
        loader: Loader,
        on_report: Callable[[LoadReport], None],
        *,
        stored: Mapping[str, Iterable[int]],
    ) -> None:
        self.desired = Desired()
        self.table = RouteTable(engine)
        self.since = Since()
        self.rates = Rates()
        self.new_events = NewEvents()
        self.registry: Registry | None = None
        self.registry_problem = ""
        self.store_problem = ""
        self._store = store
        self._loader = loader
        self._on_report = on_report
        self._stored = {name: sorted(numbers) for name, numbers in stored.items()}
        self._held: dict[Key, int] = {}  # wanted by a change that is being made
        self._lock = threading.RLock()
        self._settled = threading.Condition(self._lock)
        self._is_known = False  # what is wanted; until then nobody is served
        self._is_ready = False
        self._store_looked = 0.0
        loader.want(newest_first(self._stored))

    # ---- the two threads

    def run_loads(self, stopping: Stopping) -> None:
        """Load what is wanted until it is to stop."""
        self._loader.run(stopping, self._take_report)

    def run(
        self,
        stopping: threading.Event,
        open_registry: "Callable[[], Registry | None]",
        on_known: Callable[[], None],
    ) -> None:
        """Open the registry, then look at it and at the store until it is to stop.

        `on_known` is called once, when it is known what is wanted.
        """
        registry = open_registry()
        self.registry = registry
        if registry is not None:
            self._read_registry()
            self._note(self._stored, self._loader.report())
        with self._lock:
            self._is_known = True
        self.publish()
        on_known()
        self._on_report(self._loader.report())
        while not stopping.wait(LOOK_S):
            self.look()

    # ---- what Control uses

    def report(self) -> LoadReport:
        return self._loader.report()

    def states(self) -> dict[str, "ModelState"]:
        """Of every model; one that nobody can serve yet is at epoch 0 and has no champion."""
        from tiltyard.registry import ModelState as State  # late: see app.py

        unknown = {
            name: State(name, 0, None, versions=frozenset(numbers))
            for name, numbers in self._stored.items()
        }
        return {**unknown, **self.desired.states()}

    def look(self) -> None:
        """Once: see what others have changed, and try what is due again."""
        self._record_overrides()
        if self.registry is not None:
            self._read_registry()
        if time.monotonic() - self._store_looked >= STORE_LOOK_S:
            self.look_at_store()
        else:
            self._note(self._stored, self._loader.report())
        self.publish()
        self.rates.update(time.monotonic(), self._completed())

    def look_at_store(self) -> None:
        """Learn of versions that others have published."""
        self._store_looked = time.monotonic()
        try:
            found = self._store.models()
        except StoreError as error:
            self.store_problem = str(error)
            return
        self.store_problem = ""
        self._stored = found
        self._note(found, self._loader.report())

    def adopt(self, change: "Change") -> int:
        """A change has been made in the registry: bring it in force. The table's epoch."""
        self.desired.adopt({change.state.name: change.state})
        self._read_registry()
        return self.publish()

    def hold(self, override: Override) -> int:
        """Bring a rollback in force that the registry has not recorded yet."""
        self.desired.hold(override)
        return self.publish()

    def release(self, override: Override) -> int:
        """The rollback is recorded, or void."""
        self.desired.release(override)
        return self.publish()

    def load(self, model: str, version: int, timeout_s: float) -> str:
        """Have the version loaded; "" when it is, else why not. Waits at most `timeout_s`.

        It stays wanted until let_go(), which the caller owes.
        """
        key = (model, version)
        with self._lock:
            self._held[key] = self._held.get(key, 0) + 1
        self._want()
        self._loader.try_again(key)
        give_up = time.monotonic() + timeout_s
        with self._settled:
            while True:
                report = self._loader.report()
                if report.find(model, version) is not None:
                    return ""
                left_s = give_up - time.monotonic()
                if key not in report.loading or left_s <= 0:
                    return report.reason(model, version)
                self._settled.wait(min(left_s, LOOK_S))

    def let_go(self, model: str, version: int) -> None:
        """What load() held is held no more."""
        with self._lock:
            left = self._held.get((model, version), 0) - 1
            if left > 0:
                self._held[model, version] = left
            else:
                self._held.pop((model, version), None)
        self._want()

    # ---- inside

    def _take_report(self, report: LoadReport) -> None:
        if self._is_known:
            self._note(self._stored, report)
        with self._lock:
            self._is_ready = self._is_ready or (report.settled and self._is_known)
        self._publish(report)
        with self._settled:
            self._settled.notify_all()
        if self._is_known:
            self._on_report(report)

    def _want(self) -> None:
        with self._lock:
            keys = wanted_keys(self.desired.states(), self._stored)
            self._loader.want([*self._held, *keys])

    def publish(self) -> int:
        """Bring in force what is wanted and loaded now; the table's epoch."""
        self._want()
        report = self._loader.report()
        with self._lock:
            self._is_ready = self._is_ready or (report.settled and self._is_known)
        return self._publish(report)

    def _publish(self, report: LoadReport) -> int:
        with self._lock:
            states = self.desired.states()
            # Until it is known who serves, nobody is to be served by the wrong version.
            hidden = [] if self._is_known else report.versions
            told = [(loaded.model, loaded.version, STILL_LOADING) for loaded in hidden]
            told += [
                (name, number, UNLOADED)
                for name, state in states.items()
                for number in sorted(state.unloaded)
                if report.find(name, number) is None and not report.reason(name, number)
            ]
            shown = replace(
                report,
                versions=report.versions if self._is_known else [],
                unready=[*report.unready, *told],
            )
            return self.table.publish(states, shown, ready=self._is_ready)

    def _note(self, stored: Mapping[str, Iterable[int]], report: LoadReport) -> None:
        """Tell the registry which versions there are.

        A model that is new to it waits until it is known which of its versions can serve: the
        newest of them is its champion. Until then the newest that is loaded serves.
        """
        if self.registry is None:
            return
        from tiltyard.registry import RegistryUnavailableError

        try:
            for model, numbers in stored.items():
                state = self.desired.get(model)
                if state is not None and state.versions.issuperset(numbers):
                    continue
                if state is None:
                    able = newest_able(model, numbers, report)
                    if able is None:
                        continue
                    older = [(number, "") for number in numbers if number <= able]
                    self.registry.note_versions(model, older)
                change = self.registry.note_versions(model, [(number, "") for number in numbers])
                self.desired.adopt({model: change.state})
        except RegistryUnavailableError as error:
            self.registry_problem = str(error)

    def _read_registry(self) -> None:
        """Take what is new in the registry, whoever has written it."""
        assert self.registry is not None
        from tiltyard.registry import RegistryUnavailableError

        try:
            while events := self.registry.events(self.new_events.seq, EVENTS_READ):
                self.since.update(events)
                self.desired.adopt(self.registry.models())
                self.new_events.tell(events[-1].seq)
            self.registry_problem = ""
        except RegistryUnavailableError as error:
            self.registry_problem = str(error)

    def _record_overrides(self) -> None:
        for override in self.desired.overrides().values():
            self.try_to_record(override)

    def try_to_record(self, override: Override) -> bool:
        """Make a held rollback in the registry; whether that is done, or is void by now."""
        from tiltyard.registry import RegistryUnavailableError

        try:
            change = override.record()
        except RegistryUnavailableError as error:
            self.registry_problem = str(error)
            return False
        except TiltyardError:
            # Somebody has changed the model so that there is nothing to roll back any more.
            self._read_registry()
            self.release(override)
            return True
        self.desired.adopt({change.state.name: change.state})
        self._read_registry()
        self.release(override)
        return True

    def _completed(self) -> dict[ArmKey, int]:
        return {
            (model, made.rollout.epoch, index): arm["completed"]
            for model, made in self.table.tables().items()
            if made.rollout is not None
            for index, arm in enumerate(made.rollout.counters()["arms"])
        }


def newest_able(model: str, numbers: Iterable[int], report: LoadReport) -> int | None:
    """The newest of the versions that is loaded; None while a newer one may still come."""
    for number in sorted(numbers, reverse=True):
        if report.find(model, number) is not None:
            return number
        if (model, number) in report.loading or not report.reason(model, number):
            return None
    return None
