"""Makes the engine match the registry: loads what is wanted, publishes the table, again and again.

Two threads of the gateway run it: run_loads() and run(). Control calls the other methods from any
thread; what it changes is in force when the method returns. No lock is held while the registry, the
store or a model is waited for, so that a rollback never waits for them.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tiltyard._core import Engine
from tiltyard.control.arms import counted_arms
from tiltyard.control.catalogue import Catalogue, introduce
from tiltyard.control.desired import Desired
from tiltyard.control.keeping import Keeping
from tiltyard.control.overrides import Pending
from tiltyard.control.rates import RateKey, Rates
from tiltyard.control.retries import Retries
from tiltyard.control.since import Since
from tiltyard.control.table import RouteTable, Wanted, slots, wanted_keys
from tiltyard.control.watch import NewEvents
from tiltyard.loading import STILL_LOADING, Key, Loader, LoadReport, Stopping, newest_first
from tiltyard.store import Store

if TYPE_CHECKING:
    from tiltyard.registry import Change, ModelState, Registry

UNLOADED: Final = "it was unloaded, and an operator can load it again"
LAPSED: Final = (
    "it was unloaded, because nothing used it for the rollback window, and a load or a rollback to"
    " it loads it again"
)
LOOK_S: Final = 1.0
STORE_LOOK_S: Final = 5.0
EVENTS_READ: Final = 500


class Reconciler:
    """One a gateway. `on_report` is told what has been loaded, on the thread of run().

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
        rollback_window_s: float,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.desired = Desired()
        self.table = RouteTable(engine)
        self._engine = engine
        self.since = Since()
        self.rates = Rates()
        self.new_events = NewEvents()
        self.registry: Registry | None = None
        self.on_look: Callable[[], None] = lambda: None  # called after each look()
        # By what could not be done with the registry.
        self._problems = dict.fromkeys(("read", "note", "keep"), "")
        self._catalogue = Catalogue(store, stored)
        self._loader = loader
        self._on_report = on_report
        self._clock = clock
        self._keeping = Keeping(rollback_window_s, wall_clock)
        self._wanting = threading.Lock()
        self._holding = threading.Lock()  # never for long
        self._held: dict[Key, int] = {}  # wanted by a change that is being made
        self._retries = Retries()
        self._settled = threading.Condition()
        self._news = threading.Event()  # of loads, for the thread of run()
        self._is_known = False  # what is wanted; until then nobody is served
        self.is_ready = False
        self._store_looked = clock()
        loader.want(newest_first(self._catalogue.stored))

    # ---- the two threads

    def run_loads(self, stopping: Stopping) -> None:
        """Load what is wanted until it is to stop."""
        self._loader.run(stopping, lambda _: self.take_loads())
        self._news.set()

    def run(
        self,
        stopping: threading.Event,
        open_registry: "Callable[[], Registry | None]",
        on_known: Callable[[], None],
    ) -> None:
        """Open the registry, then look at it and at the store until it is to stop.

        `on_known` is called once, when it is known what is wanted. Raises what `open_registry`
        does, and RegistryUnavailableError.
        """
        self.start(open_registry())
        on_known()
        look_at = self._clock()
        while not stopping.is_set():
            self.take_news()
            if self._clock() >= look_at:
                self.look()
                look_at = self._clock() + LOOK_S
            self._news.wait(LOOK_S)
            self._news.clear()

    def start(self, registry: "Registry | None") -> None:
        """What is wanted is what the registry says. Raises RegistryUnavailableError."""
        if registry is not None:
            # Before what has happened, of which there may be much: nobody is served until then.
            self.desired.adopt(registry.models())
        self.registry = registry
        self._is_known = True
        self.publish()
        self._note(self._loader.report())
        self.read_registry()

    def take_loads(self) -> None:
        """Bring in force what is loaded by now, and wake those who wait for it."""
        self._publish()
        with self._settled:
            self._settled.notify_all()
        self._news.set()

    def take_news(self) -> None:
        """Tell the registry and `on_report` of what has been loaded."""
        self._note(self._loader.report())
        self.read_registry()
        self.publish()
        self._on_report(self.report())

    def look(self) -> None:
        """Once: see what others have changed, and try what is due again."""
        for model in self.desired.overrides.reasons():
            self.record(model, wait=False)
        if self._clock() - self._store_looked >= STORE_LOOK_S:
            self.look_at_store()
        else:
            self._note(self._loader.report())
        self.read_registry()
        for key in self._retries.due(self._clock(), self._failed_in_slots()):
            self._loader.try_again(key)
        self._keep_what_is_used()
        self.publish()
        self.rates.update(self._clock(), self._asked())
        self.on_look()

    # ---- what Control uses

    @property
    def problems(self) -> list[str]:
        """Why what is here may not be what there is: sentences."""
        found = [*self._problems.values(), self._catalogue.problem]
        return [problem for problem in dict.fromkeys(found) if problem]

    def report(self) -> LoadReport:
        report = self._loader.report()
        return replace(report, unloaded=self._unloaded(report))

    def is_wanted(self, state: "ModelState", version: int) -> bool:
        """Whether it is to be in memory, by what is known of the model."""
        lapsed = self._lapsed({state.name: state})
        return version not in state.unloaded and (state.name, version) not in lapsed

    def states(self) -> dict[str, "ModelState"]:
        """Of every model; one that nobody can serve yet is at epoch 0 and has no champion."""
        known = self.desired.states()
        unknown = {name: self.state(name) for name in self._catalogue.stored.keys() - known.keys()}
        return known | {name: state for name, state in unknown.items() if state is not None}

    def state(self, name: str) -> "ModelState | None":
        """Of one model; None when neither the registry nor the store has it."""
        from tiltyard.registry import ModelState as State  # late: see app.py

        known = self.desired.get(name)
        numbers = self._catalogue.stored.get(name)
        if known is not None or numbers is None:
            return known
        return State(name, 0, None, versions=frozenset(numbers))

    def publish(self) -> int:
        """Bring in force what is wanted and loaded now; the table's epoch."""
        self._want()
        return self._publish()

    def look_at_store(self) -> None:
        """Learn of versions that others have published."""
        self._store_looked = self._clock()
        self._catalogue.look()
        self._note(self._loader.report())
        self._want()

    def read_registry(self) -> None:
        """Take what is new in the registry, whoever has written it."""
        if self.registry is None:
            return
        from tiltyard.registry import RegistryUnavailableError

        try:
            while events := self.registry.events(self.new_events.seq, EVENTS_READ):
                self.since.update(events)
                self.desired.adopt(self.registry.models())
                self.new_events.tell(events[-1].seq)
            self._problems["read"] = ""
        except RegistryUnavailableError as error:
            self._problems["read"] = str(error)

    def adopt(self, change: "Change") -> int:
        """A change has been made in the registry: bring it in force. The table's epoch."""
        self.desired.adopt({change.state.name: change.state})
        epoch = self.publish()
        self.read_registry()
        return epoch

    def hold(self, pending: Pending) -> None:
        """Bring a rollback in force that the registry has not recorded yet."""
        self.desired.overrides.hold(pending)
        self._publish()

    def champion_since(self, model: str) -> float:
        """When its champion came to serve, in unix seconds; 0 when nothing has told."""
        held = self.desired.overrides.champion_at(model)
        return self.since.champion(model) if held is None else held

    def record(self, model: str, *, wait: bool = True) -> bool:
        """Make in the registry what is held of a model; whether nothing is held any more."""
        if self.desired.overrides.get(model) is None:
            return True
        if not self.desired.overrides.record(model, wait=wait):
            return False
        self.read_registry()
        self.publish()
        return True

    def introduce(self, model: str, champion: int | None) -> None:
        """Make a model known to the registry that it does not know yet, with this champion.

        Without one nothing is done. Raises RegistryUnavailableError.
        """
        if self.registry is None or champion is None or self.desired.get(model) is not None:
            return
        introduce(self.registry, model, self._catalogue.stored.get(model, []), champion)
        self.read_registry()

    def serving(self, model: str) -> int | None:
        """The newest version that is loaded: of a model without a champion, who serves it."""
        report = self._loader.report()
        numbers = self._catalogue.stored.get(model, [])
        return max((one for one in numbers if report.find(model, one) is not None), default=None)

    def coming(self, model: str) -> int | None:
        """The newest version that is being loaded."""
        loading = self._loader.report().loading
        numbers = self._catalogue.stored.get(model, [])
        return max((one for one in numbers if (model, one) in loading), default=None)

    def load(self, model: str, version: int, timeout_s: float) -> str:
        """Have the version loaded; "" when it is, else why not. Waits at most `timeout_s`.

        It stays wanted until let_go(), which the caller owes.
        """
        key = (model, version)
        with self._holding:
            self._held[key] = self._held.get(key, 0) + 1
        if self._loader.report().find(model, version) is not None:
            return ""
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
                    return report.reason(model, version) or STILL_LOADING
                self._settled.wait(min(left_s, LOOK_S))

    def let_go(self, model: str, version: int) -> None:
        """What load() held is held no more."""
        with self._holding:
            left = self._held.get((model, version), 0) - 1
            if left > 0:
                self._held[model, version] = left
            else:
                self._held.pop((model, version), None)
        self.publish()

    # ---- inside

    def _want(self) -> None:
        with self._wanting:
            # Also what is held before the states are read: a rollback that is held in between, and
            # lets go of its version, is in none of them.
            with self._holding:
                held = list(self._held)
            states = self.desired.states()
            keys = wanted_keys(states, self._catalogue.stored, self._lapsed(states))
            with self._holding:
                self._loader.want([*held, *self._held, *keys])

    def _publish(self) -> int:
        return self.table.publish(self._look_at_wanted)

    def _look_at_wanted(self) -> Wanted:
        report = self._loader.report()
        if not self._is_known:
            # Who serves is not known: nobody must be served by the wrong version.
            waiting = [(loaded.model, loaded.version, STILL_LOADING) for loaded in report.versions]
            report = LoadReport(unready=[*report.unready, *waiting], loading=report.loading)
            return Wanted({}, report, ready=False)
        self.is_ready = self.is_ready or report.settled
        unloaded = [(*key, reason) for key, reason in self._unloaded(report).items()]
        if unloaded:
            report = replace(report, unready=[*report.unready, *unloaded])
        return Wanted(self.desired.states(), report, ready=self.is_ready)

    def _unloaded(self, report: LoadReport) -> dict[Key, str]:
        """Why each version is not there that is not wanted, in their order."""
        states = self.desired.states()
        found = dict.fromkeys(self._lapsed(states), LAPSED)
        found |= {(name, one): UNLOADED for name, state in states.items() for one in state.unloaded}
        return {
            key: found[key]
            for key in sorted(found)
            if report.find(*key) is None and not report.reason(*key)
        }

    def _lapsed(self, states: Mapping[str, "ModelState"]) -> frozenset[Key]:
        """What is kept no longer. Who serves because the champion is not there is in use."""
        serving = {
            (model, made.champion.version)
            for model, made in self.table.tables().items()
            if made.champion is not None
        }
        return self._keeping.lapsed(states) - serving

    def _keep_what_is_used(self) -> None:
        """Unload nothing that requests ask for by its number, also after a restart."""
        longer = self._keeping.count(self.desired.states(), self._pinned)
        if self.registry is None or longer is None:
            return
        from tiltyard.registry import RegistryUnavailableError

        try:
            for model, until in longer.items():
                self.desired.adopt({model: self.registry.keep_longer(model, until)})
            self._problems["keep"] = ""
        except RegistryUnavailableError as error:
            self._problems["keep"] = str(error)

    def _pinned(self) -> dict[Key, int]:
        """How many requests have asked for each version by its number."""
        return {
            (row["model"], row["version"]): row["pinned"]["assigned"]
            for row in self._engine.statistics()
        }

    def _note(self, report: LoadReport) -> None:
        """Tell the registry which versions there are."""
        if self.registry is None:
            return
        from tiltyard.registry import RegistryUnavailableError

        try:
            self._problems["note"] = self._catalogue.note(self.registry, self.desired, report)
        except RegistryUnavailableError as error:
            self._problems["note"] = str(error)

    def _failed_in_slots(self) -> list[Key]:
        """A store that was away, say, is back: who is to serve must not wait for an operator."""
        report = self._loader.report()
        return [
            (state.name, version)
            for state in self.desired.states().values()
            for version in dict.fromkeys(slots(state))
            if report.reason(state.name, version) and (state.name, version) not in report.loading
        ]

    def _asked(self) -> dict[RateKey, int]:
        """What arms were asked, answered or not, and what of shadows has been compared."""
        asked = {}
        for model, made in self.table.tables().items():
            if made.rollout is None:
                continue
            counters = made.rollout.counters()
            counts = [arm["assigned"] for arm in counted_arms(counters)]
            counts += [shadow["ok"] for shadow in counters["shadows"]]
            for index, count in enumerate(counts):
                asked[model, made.rollout.epoch, index] = count
        return asked
