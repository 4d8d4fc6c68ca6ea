"""What is watched, and by what: loaded versions, their profiles, baselines, policies, the state.

One thread looks every few seconds. What takes long is done without the monitor's lock: reading the
store, building tables, writing the state.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final

from tiltyard._core import LoadedVersion
from tiltyard.errors import TiltyardError
from tiltyard.monitor.alarm.budget import plane_false_alarm_s
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.baselines import Baselines
from tiltyard.monitor.bugs import Bugs, OnBug
from tiltyard.monitor.counting.counter import Kernel
from tiltyard.monitor.counting.pane_budget import PaneBudget
from tiltyard.monitor.endings import close_what_is_over
from tiltyard.monitor.forgetting import Forgetting
from tiltyard.monitor.given import Served, Terms
from tiltyard.monitor.markers import Markers
from tiltyard.monitor.monitor import Monitor, VersionKey
from tiltyard.monitor.policy import DriftPolicy, policy_of
from tiltyard.monitor.problems import Problems, Whose
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.recording import PlaneNumbers, Recording, Records
from tiltyard.monitor.saving import Saving
from tiltyard.monitor.slots import slot_of
from tiltyard.monitor.watched import Watched
from tiltyard.store import Store
from tiltyard.store.profiles import profile_numbers, read_profile

LOOK_S: Final = 1.0
STORE_LOOK_S: Final = 10.0  # a folder
OBJECTS_LOOK_S: Final = 60.0  # where each listing is a request that is paid for
BEGIN_AGAIN_S: Final = 10.0
EVENTS_READ: Final = 500
# After these a version's files are looked at without waiting.
NEW_FILES: Final = frozenset({"profile_added", "baseline_accepted"})


class Keeper:
    """Used from its thread, but for what says otherwise.

    Whatever fails keeps nothing else from being done: it is one of `problems` and is tried again;
    what nobody expected is told to `on_bug`, too.
    """

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
        on_bug: OnBug,
        report_skew: Callable[[], None] = lambda: None,
    ) -> None:
        self.markers = Markers()
        self.created: dict[VersionKey, str] = {}  # when a version was published, ISO 8601
        self.problems = Problems()
        self.unprofiled: frozenset[VersionKey] = frozenset()
        self.budget = PaneBudget(terms.bytes_max)
        self.baselines = Baselines(monitor, store, self.note)
        self.forgetting = Forgetting(monitor, saving, served)
        self._monitor = monitor
        self._engine = engine
        self._store = store
        self._served = served
        self._compile_kernel = compile_kernel
        self._kernel: Kernel | None = None
        self._terms = terms
        self._saving = saving
        self._on_problem = on_problem
        self._report_skew = report_skew
        self._bugs = Bugs(on_bug)
        self._numbers = PlaneNumbers()
        # What was looked at last of each version, and when its files are looked at again.
        self._looked: dict[VersionKey, tuple[LoadedVersion, float]] = {}
        self._look_again_s = STORE_LOOK_S if store.root is not None else OBJECTS_LOOK_S
        self._policies: dict[str, DriftPolicy] = {}
        self._knows_policies = False
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

        While it cannot begin, nothing is recorded, and what was saved stays as it is.
        """
        while not (has_begun := self._do("begin", self.begin)):
            if stopping.wait(BEGIN_AGAIN_S):
                break
        while has_begun and not stopping.is_set():
            self.look()
            self._news.wait(LOOK_S)
        counted()
        if has_begun:
            self._do("save", partial(self._saving.save, force=True))

    def wake(self) -> None:
        """From any thread: look now, also at the store."""
        self._news.set()

    def look(self) -> None:
        """Once. What fails is told, and tried again the next time."""
        if self._news.is_set():
            self._news.clear()
            self._looked.clear()
        self._do("registry", self._read_registry)
        self._do("versions", self._look_at_versions)
        self._do("alarms that are over", self._close_what_is_over)
        self._do("followers", self._follow)
        self._do("baselines", self._accept_by_itself)
        self._do("false alarms", self._share_false_alarms)
        self._do("skew", self._report_skew)
        self._do("versions that left", self._forget)
        self._do("memory", self._keep_within_memory)
        self._do("save", self._saving.save)

    def is_coming(self, model: str, version: int | None = None) -> bool:
        """Whether a version of the model, or this one, is still to be looked at. From any thread.

        It is loaded, or none is and the gateway is still loading.
        """
        is_settled = self._served.is_settled()  # first: what is loaded then is among the versions
        loaded = {one.version for one in self._served.versions() if one.model == model}
        with self._monitor.lock:
            seen = self._monitor.watched.keys() | self.unprofiled
        wanted = loaded if version is None else loaded & {version}
        return any((model, one) not in seen for one in wanted) or not (loaded or is_settled)

    def problem_of(self, key: VersionKey) -> str:
        """Why a version could not be watched; "" where nothing is known. From any thread."""
        return self.problems.get(_name(key), "")

    def policy(self, model: str) -> DriftPolicy:
        """From any thread."""
        return self._policies.get(model, DriftPolicy())

    def slots(self, keys: Iterable[VersionKey]) -> dict[VersionKey, str | None]:
        """What these serve as: see slot_of(). None without a registry. From any thread."""
        states = self._served.states() if self._served.registry() is not None else {}
        return {key: slot_of(states, key) for key in keys}

    def champion(self, model: str) -> int | None:
        """Who serves it. From any thread."""
        state = self._served.states().get(model)
        return None if state is None else state.champion

    def note(self, kind: str, key: VersionKey, data: Mapping[str, object], actor: str) -> None:
        """Keep in the registry's events what was done. From any thread.

        It is done, so a registry that cannot be written is a problem and no error.
        """
        registry = self._served.registry()
        if registry is None:
            return

        def note() -> None:
            registry.note(kind, *key, data, actor=actor)

        self._do(f"event {kind}", note)

    def adopt_policy(self, model: str, policy: DriftPolicy) -> None:
        """Watch by it from now on. From any thread."""
        with self._monitor.lock:
            self._policies[model] = policy
            for watched in self._monitor.watched.values():
                if watched.key[0] == model and watched.policy != policy:
                    watched.set_policy(policy, self._monitor.monotonic())
                    self._share(watched, self._sharing())
                    self._monitor.close_orphans(
                        watched, lambda _: f"superseded by drift policy {policy.epoch}"
                    )

    def _do(self, what: str, work: Callable[[], None], whose: Whose | None = None) -> bool:
        """Whether it was done."""
        try:
            work()
        except TiltyardError as error:
            problem = str(error)
            if self.problems.get(what) != problem:
                self._on_problem(problem)
        except Exception as error:  # noqa: BLE001 - everything else goes on; the log has it
            problem = f"{what}: {type(error).__name__}: {error}"
            self._bugs.take(f"monitor-keeper: {what}", error)
        else:
            self.problems.pop(what, None)
            return True
        self.problems.tell(what, problem, whose)
        return False

    # ---- what is asked for

    def _read_registry(self) -> None:
        registry = self._served.registry()
        if registry is None:
            self._knows_policies = True
            return
        while events := registry.events(self.markers.seq, EVENTS_READ):
            self.markers.update(events)
            for event in events:
                if event.kind in NEW_FILES and event.version is not None:
                    self._looked.pop((event.model, event.version), None)
        for model, values in registry.policies().items():
            # Epochs only go up: what was read before a change came in is not taken back.
            if values["epoch"] > self.policy(model).epoch:
                take = partial(self._take_policy, model, values)
                self._do(f"drift policy of {model}", take, (model, None))
        self._knows_policies = True

    def _take_policy(self, model: str, values: Mapping[str, object]) -> None:
        self.adopt_policy(model, policy_of(values))

    # ---- what is watched

    def _look_at_versions(self) -> None:
        if not self._knows_policies:
            return  # by another policy what was saved would not fit, and be lost
        loaded = {(one.model, one.version): one for one in self._served.versions()}
        known = {*self._monitor.recordings, *self._looked}
        for key in known - loaded.keys():
            self._leave(key)
        self.unprofiled = frozenset(self.unprofiled & loaded.keys())
        for key, version in loaded.items():
            now = self._monitor.monotonic()
            last, again_at = self._looked.get(key, (None, 0.0))
            if last is not version or now >= again_at:
                self._looked[key] = (version, now + self._look_again_s)
                self._do(_name(key), partial(self._look_at, version), key)

    def _leave(self, key: VersionKey) -> None:
        """It is not loaded any more."""
        self._looked.pop(key, None)
        self.problems.leave(key)
        recording = self._monitor.recordings.get(key)
        if recording is not None:
            with self._monitor.lock:
                self._monitor.unwatch(key)
            recording.end()

    def _look_at(self, version: LoadedVersion) -> None:
        key = (version.model, version.version)
        numbers = profile_numbers(self._store, *key)
        if not numbers:
            self.unprofiled |= {key}
            return
        self.unprofiled -= {key}
        before = self._monitor.watched.get(key)
        watched = before
        if watched is None or watched.profile.number != numbers[-1]:
            watched = self._watch(read_profile(self._store, *key, numbers[-1]))
        recording = self._monitor.recordings.get(key)
        if watched is not before or recording is None or recording.version is not version:
            self._record(version, watched)
        self._do(f"baseline of {_name(key)}", partial(self.baselines.look, watched), key)
        with self._monitor.lock:  # where the baseline could not be read before
            self._saving.restore_detectors(watched)

    def _watch(self, profile: Profile) -> Watched:
        """Raises CountingError, StoreError."""
        if self._kernel is None:
            self._kernel = self._compile_kernel()
        key = (profile.model, profile.version)
        manifest = self._store.read_manifest(*key)
        if manifest is not None:
            self.created[key] = manifest.created
        terms = self._terms
        policy = AlarmPolicy(
            false_alarm_s=terms.false_alarm_s,
            tick_s=terms.tick_s,
            warmup_ticks=terms.warmup_ticks,
        )
        watched = Watched(
            profile,
            self._kernel,
            self.policy(profile.model),
            policy,
            began=self._monitor.now(),
            monotonic=self._monitor.monotonic(),
        )
        self._saving.restore_panes(watched)
        # Before its detectors are restored: those against a baseline are made by it.
        self._do(f"baseline of {_name(key)}", partial(self.baselines.look, watched), key)
        self._saving.restore_detectors(watched)
        self._share(watched, self._sharing())  # before it bets: restored detectors are warm
        return watched

    def _record(self, version: LoadedVersion, watched: Watched) -> None:
        """Raises RecordingError; then all is as before."""
        monitor, key = self._monitor, watched.key
        # With the lock, so that no block is drained before it is known whose it is.
        with monitor.lock:
            made = Recording(self._engine, version, watched.profile, self._numbers)
            if monitor.watched.get(key, watched) is not watched:
                monitor.supersede(key, f"superseded by profile {watched.profile.number}")
            if watched.policy != self.policy(version.model):  # changed while it was made
                watched.set_policy(self.policy(version.model), monitor.monotonic())
                self._share(watched, self._sharing())
            monitor.watch(watched, made)

    # ---- who serves

    def _close_what_is_over(self) -> None:
        # Without a registry the newest version serves, which while any is loading may be another.
        if self._served.registry() is not None or self._served.is_settled():
            close_what_is_over(self._monitor, self._served.states())

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
            if watched.baseline is None:
                accept = partial(self.baselines.accept_if_due, watched)
                self._do(f"first baseline of {_name(watched.key)}", accept, watched.key)

    def _share_false_alarms(self) -> None:
        """Rates of false alarms add: each version that is in a slot may page."""
        sharing = self._sharing()
        with self._monitor.lock:
            for watched in self._monitor.watched.values():
                self._share(watched, sharing)

    def _share(self, watched: Watched, sharing: int) -> None:
        segments = len(watched.segments) - 1
        whole_s = self._terms.false_alarm_s
        watched.set_false_alarm_s(*plane_false_alarm_s(whole_s, sharing, segments))

    def _sharing(self) -> int:
        """How many versions are in slots, also those that will be watched in a moment."""
        wanted = {
            (model, version)
            for model, state in self._served.states().items()
            for version in state.serving
        }
        return max(1, len(wanted - self.unprofiled))

    def _forget(self) -> None:
        for key in self.forgetting.look():
            self.created.pop(key, None)
            self.baselines.forget(key)

    def _keep_within_memory(self) -> None:
        with self._monitor.lock:
            now = self._monitor.now()
            panes = [
                plane.panes
                for watched in self._monitor.watched.values()
                for plane in watched.planes.values()
            ]
            for one in panes:
                one.advance(now)  # also where nobody asks, old seconds go
            problem = self.budget.enforce(panes)
        if problem:
            raise PaneBudgetError(problem)


class PaneBudgetError(TiltyardError):
    """Counts take more memory than they may, and nothing is left to give up."""


def _name(key: VersionKey) -> str:
    model, version = key
    return f"{model} version {version}"
