"""What the admin API, the metrics and the page ask of the monitor: the one implementation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from tiltyard.control.errors import (
    PolicyMovedError,
    PreconditionError,
    Reason,
    UnknownNameError,
)
from tiltyard.errors import NotFoundError
from tiltyard.monitor.detection import DRIFT
from tiltyard.monitor.incidents.feed import AlarmFeed
from tiltyard.monitor.interface import AlarmEvent, DriftQuery, MonitorStatus, PlaneFigures
from tiltyard.monitor.keeper import Keeper
from tiltyard.monitor.monitor import Monitor
from tiltyard.monitor.policy import DriftPolicy, policy_of, to_values
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.saving import Saving
from tiltyard.monitor.snapshot import Alarm, Baseline, PlaneKey, Snapshot
from tiltyard.monitor.views import Figures, planes_of, snapshot_of
from tiltyard.monitor.watched import Watched
from tiltyard.store.profiles import add_profile_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiltyard.registry import Registry
    from tiltyard.store import Store

OPEN: Final = "open"
NAMES_TOLD: Final = 8


@dataclass(frozen=True, slots=True)
class Parts:
    """What the desk stands on. `gateway` is the address that it is known by, once there is one."""

    monitor: Monitor
    keeper: Keeper
    saving: Saving
    feed: AlarmFeed
    store: "Store"
    registry: "Callable[[], Registry | None]"
    gateway: "Callable[[], str]"
    undelivered: "Callable[[], int]"


class Desk:
    """Implements Monitoring. Safe from any thread."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._figures = Figures()

    # ---- looking

    def snapshots(self, query: DriftQuery) -> list[Snapshot]:
        found = self._look(query)
        if found or query.model is None:
            return found
        why = self._nothing(query)
        # The keeper goes on meanwhile: only what is true before and after is an answer.
        found = self._look(query)
        if not found:
            raise why
        return found

    def alarms(self, model: str | None = None, *, open_only: bool = False) -> list[Alarm]:
        with self._parts.monitor.lock:
            self._refresh_alarms()
            found = self._parts.monitor.book.all(model, open_only=open_only)
        if model is not None and not found:
            self._require_model(model)
        return found

    def policy(self, model: str) -> DriftPolicy:
        self._require_model(model)
        return self._parts.keeper.policy(model)

    def events(self, after: int, limit: int) -> list[AlarmEvent]:
        return self._parts.feed.events(after, limit)

    def wait_events(self, after: int, timeout_s: float) -> bool:
        return self._parts.feed.wait_events(after, timeout_s)

    def figures(self) -> list[PlaneFigures]:
        monitor = self._parts.monitor
        with monitor.lock:
            now = monitor.now()
            planes = list(planes_of(monitor, DriftQuery()))
            drifting = [one for one in monitor.book.all(open_only=True) if one.kind == DRIFT]
        found = []
        for watched, plane in planes:
            age_s = self._age_s(watched, now)
            with monitor.lock:
                one = self._figures.of(
                    monitor, watched, plane, model_age_s=age_s, drifting=drifting
                )
                # One that left is told until its window is empty.
                is_recorded = watched.key in monitor.recordings
            if is_recorded or one.window_rows or one.is_drifting:
                found.append(one)
        self._figures.keep({plane.key for _, plane in planes})
        return found

    def status(self) -> MonitorStatus:
        monitor, keeper, saving = self._parts.monitor, self._parts.keeper, self._parts.saving
        with monitor.lock:
            planes = [
                plane for watched in monitor.watched.values() for plane in watched.planes.values()
            ]
            # Of those that left, nobody has to do anything about.
            of_policies = [
                problem for key in monitor.recordings for problem in monitor.watched[key].problems
            ]
            return MonitorStatus(
                is_watching=bool(monitor.recordings),
                is_compiled=keeper.is_compiled,
                planes=len(planes),
                bytes_held=sum(plane.panes.bytes_held for plane in planes),
                bytes_max=keeper.budget.bytes_max,
                panes_dropped=sum(plane.panes.panes_dropped for plane in planes),
                saved_at=saving.saved_at,
                gap_s=saving.gap_s,
                rows=monitor.rows,
                drains=monitor.drains,
                busy_s=monitor.busy_s,
                events_undelivered=self._parts.undelivered(),
                problems=(*keeper.problems.values(), *of_policies),
                versions_forgotten=keeper.forgetting.versions,
                rows_unclaimed=monitor.rows_unclaimed,
            )

    # ---- changing

    def acknowledge(self, alarm_id: str, actor: str, note: str) -> Alarm:
        monitor = self._parts.monitor
        with monitor.lock:
            self._refresh_alarms()
            alarm = monitor.book.find(alarm_id)
            if alarm is None:
                told = f"there is no alarm {alarm_id!r}; expected one that is listed"
                raise UnknownNameError(told, Reason.ALARM_NOT_FOUND)
            if alarm.state != OPEN:
                raise PreconditionError(
                    f"alarm {alarm_id} is {alarm.state}, and only an open one is acknowledged",
                    Reason.PRECONDITION,
                )
            now = monitor.now()
            for _, detection, one in monitor.open_alarms():
                if one.id == alarm_id:
                    detection.acknowledge(actor, now)
            seen = monitor.book.acknowledge(alarm, actor, now, note)
        key, data = seen.key, {"alarm": alarm_id, "note": note}
        self._parts.keeper.note("alarm_acknowledged", (key.model, key.version), data, actor)
        return seen

    def accept(self, model: str, version: int | None, window_s: float, actor: str) -> Baseline:
        watched = self._one(model, version)
        return self._parts.keeper.baselines.accept(watched, window_s, actor)

    def set_policy(
        self,
        model: str,
        changes: Mapping[str, object],
        actor: str,
        expected_epoch: int | None = None,
    ) -> DriftPolicy:
        self._require_model(model)
        registry = self._parts.registry()
        if registry is None:
            raise PreconditionError(
                "this gateway has no registry to keep a drift policy in (--registry none)",
                Reason.PRECONDITION,
                to_do="Start it with a registry.",
            )
        told = to_values(DriftPolicy().changed(changes))

        def change(before: Mapping[str, Any]) -> dict[str, Any]:
            policy = policy_of(before)
            if expected_epoch not in (None, policy.epoch):
                raise PolicyMovedError(model, int(expected_epoch or 0), policy.epoch)
            return to_values(policy.changed(changes))

        values = registry.change_policy(
            model,
            change,
            changes={name: told[name] for name in changes},
            actor=actor,
        )
        policy = policy_of(values)
        self._parts.keeper.adopt_policy(model, policy)
        return policy

    def add_profile(self, model: str, version: int, data: bytes, actor: str) -> Profile:
        profile = add_profile_file(self._parts.store, model, version, data)
        self._parts.keeper.wake()
        number = {"number": profile.number}
        self._parts.keeper.note("profile_added", (model, version), number, actor)
        return profile

    # ---- inside

    def _look(self, query: DriftQuery) -> list[Snapshot]:
        monitor = self._parts.monitor
        with monitor.lock:
            self._refresh_alarms()
            planes = list(planes_of(monitor, query))
        slots = self._parts.keeper.slots({watched.key for watched, _ in planes})
        found = []
        for watched, plane in planes:
            with monitor.lock:  # anew for each, so that records do not wait for all of them
                made = snapshot_of(
                    monitor,
                    watched,
                    plane,
                    query,
                    markers=self._parts.keeper.markers,
                    gateway=self._parts.gateway(),
                    problems=self._parts.keeper.problems.of(watched.key),
                )
            found.append(replace(made, slot=slots[watched.key]))
        return found

    def _refresh_alarms(self) -> None:
        """Sizes and evidence go on while an alarm is open."""
        for _, _, alarm in self._parts.monitor.open_alarms():
            self._parts.monitor.book.update(alarm)

    def _age_s(self, watched: Watched, now: float) -> float | None:
        created = self._parts.keeper.created.get(watched.key)
        return None if created is None else now - datetime.fromisoformat(created).timestamp()

    def _one(self, model: str, version: int | None) -> Watched:
        """The version, or the one that serves as champion; where nobody is known to, the newest.

        Raises NotFoundError, and why.
        """
        if version is None:
            version = self._parts.keeper.champion(model)
        with self._parts.monitor.lock:
            mine = [one for key, one in self._parts.monitor.watched.items() if key[0] == model]
        if version is not None:
            mine = [one for one in mine if one.key[1] == version]
        found = max(mine, key=lambda one: one.key[1], default=None)
        if found is None:
            raise self._nothing(DriftQuery(model=model, version=version))
        return found

    def _require_model(self, model: str) -> None:
        if model not in self._parts.store.models():
            raise NotFoundError(f"there is no model {model!r} in {self._parts.store.uri}")

    def _versions(self, query: DriftQuery) -> list[int]:
        """Those that may be meant, the newest first."""
        found = sorted(self._parts.store.models().get(query.model or "", []), reverse=True)
        return [one for one in found if query.version in (None, one)]

    def _nothing(self, query: DriftQuery) -> Exception:
        """Why there is nothing to be told of a model."""
        model = query.model or ""
        self._require_model(model)
        with self._parts.monitor.lock:
            there = [plane.key for _, plane in planes_of(self._parts.monitor, DriftQuery(model))]
        if there and query.version is None:
            return _none_of(query, there)
        unprofiled = sorted(
            version
            for name, version in self._parts.keeper.unprofiled
            if name == model and query.version in (None, version)
        )
        if unprofiled:
            version = unprofiled[-1]
            return PreconditionError(
                f"{model} version {version} has no reference profile, so its requests are not"
                " counted",
                Reason.PRECONDITION,
                to_do=f"Give it one: tiltyard profile {model} {version} --reference FILE",
            )
        for version in self._versions(query):
            problem = self._parts.keeper.problem_of((model, version))
            if problem:
                return PreconditionError(
                    f"{model} version {version} is not counted: {problem}", Reason.PRECONDITION
                )
        if self._parts.keeper.is_coming(model, query.version):
            return PreconditionError(
                f"{model} is about to be watched; the first time the kernels are compiled",
                Reason.PRECONDITION,
                to_do="Ask again in some seconds.",
            )
        return _none_of(query, there)


def _none_of(query: DriftQuery, there: Sequence[PlaneKey]) -> NotFoundError:
    """No plane is what was asked for: which there are."""
    asked = f" version {query.version}" if query.version is not None else ""
    asked += f" role {query.role!r}" if query.role is not None else ""
    asked += f" segment {query.segment!r}" if query.segment is not None else ""
    names = [
        f"version {key.version} {key.role}" + (f" {key.segment}" if key.segment else "")
        for key in there
        if query.segment is not None or not key.segment
    ]
    told = ", ".join(names[:NAMES_TOLD])
    more = f" and {len(names) - NAMES_TOLD} more" if len(names) > NAMES_TOLD else ""
    beside = f"; there is {told}{more}" if names else ""
    return NotFoundError(f"nothing is counted of {query.model}{asked} on this gateway{beside}")
