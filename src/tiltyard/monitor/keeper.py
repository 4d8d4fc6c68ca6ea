"""What is watched, and by what: loaded versions, their profiles, baselines, policies, the state.

One thread looks every few seconds. What takes long is done without the monitor's lock: reading the
store, building tables, writing the state.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from tiltyard._core import LoadedVersion
from tiltyard.errors import TiltyardError
from tiltyard.monitor.accepting import is_due
from tiltyard.monitor.alarm.budget import plane_false_alarm_s
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.baselines import Baselines
from tiltyard.monitor.counting.counter import Kernel
from tiltyard.monitor.counting.pane_budget import PaneBudget
from tiltyard.monitor.markers import Markers
from tiltyard.monitor.monitor import Monitor, VersionKey
from tiltyard.monitor.policy import DriftPolicy, policy_of
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.recording import PlaneNumbers, Recording, Records
from tiltyard.monitor.saving import Saving
from tiltyard.monitor.watched import Watched
from tiltyard.store import Store
from tiltyard.store.profiles import (
    baseline_numbers,
    profile_numbers,
    read_baseline,
    read_profile,
)

if TYPE_CHECKING:
    from tiltyard.registry import ModelState, Registry

LOOK_S: Final = 1.0
STORE_LOOK_S: Final = 10.0
EVENTS_READ: Final = 500
# Who accepts a version's first traffic where nobody else does.
ITSELF: Final = "tiltyard"


class Served(Protocol):
    """What is asked of who knows what is loaded and what is wanted."""

    def versions(self) -> list[LoadedVersion]: ...
    def states(self) -> "Mapping[str, ModelState]": ...
    def registry(self) -> "Registry | None": ...


@dataclass(frozen=True, slots=True)
class Terms:
    """What the gateway was told: `false_alarm_s` is of all its models together."""

    false_alarm_s: float
    bytes_max: int
    tick_s: float = 1.0


class Keeper:
    """Used from its thread, but for what says otherwise."""

    def __init__(
        self,
        monitor: Monitor,
        engine: Records,
        store: Store,
        served: Served,
        compile_kernel: Callable[[], Kernel],
        terms: Terms,
        saving: Saving,
        *,
        on_problem: Callable[[str], None],
    ) -> None:
        self.markers = Markers()
        self.created: dict[VersionKey, str] = {}  # when a version was published, ISO 8601
        self.problems: dict[str, str] = {}  # by what could not be done
        self.unprofiled: set[VersionKey] = set()
        self.budget = PaneBudget(terms.bytes_max)
        self.baselines = Baselines(monitor, store, served.registry)
        self._monitor = monitor
        self._engine = engine
        self._store = store
        self._served = served
        self._compile_kernel = compile_kernel
        self._kernel: Kernel | None = None
        self._terms = terms
        self._saving = saving
        self._on_problem = on_problem
        self._numbers = PlaneNumbers()
        self._looked: dict[VersionKey, float] = {}
        self._policies: dict[str, DriftPolicy] = {}
        self._champions: dict[str, int] = {}
        self._news = threading.Event()

    @property
    def is_compiled(self) -> bool:
        """Whether the kernels are there: they are compiled when the first profile is found."""
        return self._kernel is not None

    def begin(self) -> None:
        """Take what was saved. Raises StateFileError."""
        self._saving.load()

    def run(self, stopping: threading.Event, counted: Callable[[], None]) -> None:
        """Begin, look until it is to stop, and save when all is counted() then.

        Raises what begin() does.
        """
        self.begin()
        while not stopping.is_set():
            self.look()
            self._news.wait(LOOK_S)
            self._news.clear()
        counted()
        self._do("save", lambda: self._saving.save(force=True))

    def wake(self) -> None:
        """From any thread: look now, also at the store."""
        self._looked.clear()
        self._news.set()

    def look(self) -> None:
        """Once. What fails is told, and tried again the next time."""
        self._do("registry", self._read_registry)
        self._do("versions", self._look_at_versions)
        self._do("champions", self._look_at_champions)
        self._do("followers", self._follow)
        self._do("baselines", self._accept_by_itself)
        self._do("budget", self._share_budget)
        self._do("save", self._saving.save)

    def is_coming(self, model: str) -> bool:
        """Whether a version of the model is loaded and was not looked at yet. From any thread."""
        seen = self._monitor.watched.keys() | self.unprofiled
        return any(
            one.model == model and (one.model, one.version) not in seen
            for one in self._served.versions()
        )

    def policy(self, model: str) -> DriftPolicy:
        """From any thread."""
        return self._policies.get(model, DriftPolicy())

    def adopt_policy(self, model: str, policy: DriftPolicy) -> None:
        """Watch by it from now on. From any thread."""
        with self._monitor.lock:
            self._policies[model] = policy
            for watched in self._monitor.watched.values():
                if watched.key[0] == model and watched.policy != policy:
                    watched.set_policy(policy, self._monitor.monotonic())

    def _do(self, what: str, work: Callable[[], None]) -> None:
        try:
            work()
            self.problems.pop(what, None)
        except TiltyardError as error:
            problem = str(error)
            if self.problems.get(what) != problem:
                self._on_problem(problem)
            self.problems[what] = problem

    # ---- what is asked for

    def _read_registry(self) -> None:
        registry = self._served.registry()
        if registry is None:
            return
        while events := registry.events(self.markers.seq, EVENTS_READ):
            self.markers.update(events)
        for model, values in registry.policies().items():
            if self.policy(model).epoch != values["epoch"]:
                self.adopt_policy(model, policy_of(values))

    # ---- what is watched

    def _look_at_versions(self) -> None:
        loaded = {(one.model, one.version): one for one in self._served.versions()}
        for key in [key for key in self._monitor.recordings if key not in loaded]:
            with self._monitor.lock:
                self._monitor.recordings[key].end()
                self._monitor.unwatch(key)
        self.unprofiled &= loaded.keys()
        for key, version in loaded.items():
            recording = self._monitor.recordings.get(key)
            is_new = recording is None or recording.version is not version
            now = self._monitor.monotonic()
            if (is_new and key not in self.unprofiled) or now >= self._looked.get(key, -1e9):
                self._looked[key] = now + STORE_LOOK_S
                self._do(f"{key[0]} version {key[1]}", partial(self._look_at, version))

    def _look_at(self, version: LoadedVersion) -> None:
        key = (version.model, version.version)
        numbers = profile_numbers(self._store, *key)
        if not numbers:
            self.unprofiled.add(key)
            return
        self.unprofiled.discard(key)
        watched = self._monitor.watched.get(key)
        if watched is None or watched.profile.number != numbers[-1]:
            watched = self._watch(read_profile(self._store, *key, numbers[-1]))
        recording = self._monitor.recordings.get(key)
        if (
            recording is None
            or recording.version is not version
            or (self._monitor.watched.get(key) is not watched)
        ):
            made = Recording(self._engine, version, watched.profile, self._numbers)
            with self._monitor.lock:
                if key in self._monitor.watched and self._monitor.watched[key] is not watched:
                    self._monitor.supersede(key, f"superseded by profile {numbers[-1]}")
                self._monitor.watch(watched, made)
        self._look_at_baselines(watched)

    def _watch(self, profile: Profile) -> Watched:
        """Raises CountingError, StoreError."""
        if self._kernel is None:
            self._kernel = self._compile_kernel()
        key = (profile.model, profile.version)
        manifest = self._store.read_manifest(*key)
        if manifest is not None:
            self.created[key] = manifest.created
        policy = AlarmPolicy(false_alarm_s=self._terms.false_alarm_s, tick_s=self._terms.tick_s)
        watched = Watched(
            profile,
            self._kernel,
            self.policy(profile.model),
            policy,
            began=self._monitor.now(),
            monotonic=self._monitor.monotonic(),
        )
        self._saving.restore_panes(watched)
        self._look_at_baselines(watched)
        self._saving.restore_detectors(watched)
        return watched

    def _look_at_baselines(self, watched: Watched) -> None:
        numbers = baseline_numbers(self._store, *watched.key)
        known = watched.baseline
        if not numbers or (known is not None and known.number == numbers[-1]):
            return
        found = read_baseline(self._store, *watched.key, numbers[-1])
        if found.profile_digest == watched.profile.digest:
            self.baselines.adopt(watched, found)

    # ---- who serves

    def _look_at_champions(self) -> None:
        for model, state in self._served.states().items():
            before, now = self._champions.get(model), state.champion
            if now is None or before == now:
                continue
            self._champions[model] = now
            if before is None or before in state.serving:
                continue
            with self._monitor.lock:
                if (model, before) in self._monitor.watched:
                    self._monitor.supersede((model, before), f"superseded by v{now}")

    def _follow(self) -> None:
        """A canary's profile counts the champion's traffic too, where it has the same slots."""
        followers: dict[VersionKey, list[VersionKey]] = {}
        for model, state in self._served.states().items():
            champion = self._monitor.watched.get((model, state.champion or 0))
            for canary in state.canaries:
                watched = self._monitor.watched.get((model, canary.version))
                if champion is None or watched is None:
                    continue
                if watched.profile.slots == champion.profile.slots:
                    followers.setdefault(champion.key, []).append(watched.key)
        with self._monitor.lock:
            self._monitor.follow(followers)

    def _in_slots(self) -> list[Watched]:
        states = self._served.states()
        return [
            watched
            for (model, version), watched in self._monitor.watched.items()
            if model in states and version in states[model].serving
        ]

    def _accept_by_itself(self) -> None:
        for watched in self._in_slots():
            if watched.baseline is not None or any(
                detection.detector.alarm is not None for _, detection in watched.detections()
            ):
                continue
            requests, rows, began = self.baselines.served(watched)
            age_s = self._monitor.now() - began
            if is_due(watched.policy, requests=requests, rows=rows, age_s=age_s):
                self.baselines.accept(watched, age_s + LOOK_S, ITSELF)

    def _share_budget(self) -> None:
        in_slots = self._in_slots()
        with self._monitor.lock:
            for watched in self._monitor.watched.values():
                whole_s, segment_s = plane_false_alarm_s(
                    self._terms.false_alarm_s, max(1, len(in_slots)), len(watched.segments) - 1
                )
                watched.set_false_alarm_s(whole_s, segment_s)
            panes = [
                plane.panes
                for watched in self._monitor.watched.values()
                for plane in watched.planes.values()
            ]
            problem = self.budget.enforce(panes)
        if problem:
            raise PaneBudgetError(problem)


class PaneBudgetError(TiltyardError):
    """Counts take more memory than they may, and nothing is left to give up."""
