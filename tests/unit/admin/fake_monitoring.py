"""A monitor in memory: it answers with what is set, and keeps what it was asked."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.unit.admin.fake_planes import ALARM, BASELINE, PROFILE, SNAPSHOT, T
from tiltyard.control.errors import PolicyMovedError, Reason, UnknownNameError
from tiltyard.monitor.interface import AlarmEvent, DriftQuery, MonitorStatus, PlaneFigures
from tiltyard.monitor.policy import DriftPolicy
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.snapshot import Alarm, Baseline, Snapshot

BLOCK_S = 30.0


class FakeMonitoring:
    """Implements Monitoring. The next call raises `fail`; adding a profile waits for `block`."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.planes: list[Snapshot] = [SNAPSHOT]
        self.known: list[Alarm] = [ALARM]
        self.policies: dict[str, DriftPolicy] = {"fraud": DriftPolicy()}
        self.happened: list[AlarmEvent] = []
        self.fail: BaseException | None = None
        self.block: threading.Event | None = None
        self._more = threading.Condition()

    def happen(self, event: str, model: str = "fraud") -> None:
        """The next event of an alarm of this model."""
        alarm = replace(ALARM, key=replace(ALARM.key, model=model))
        with self._more:
            seq = len(self.happened) + 1
            self.happened.append(AlarmEvent(seq, T + seq, event, f"i-{model}", alarm))
            self._more.notify_all()

    def snapshots(self, query: DriftQuery) -> list[Snapshot]:
        self._enter("snapshots", query=query)
        return self.planes

    def alarms(self, model: str | None = None, *, open_only: bool = False) -> list[Alarm]:
        self._enter("alarms", model=model, open_only=open_only)
        return self.known

    def acknowledge(self, alarm_id: str, actor: str, note: str) -> Alarm:
        self._enter("acknowledge", alarm_id=alarm_id, actor=actor, note=note)
        if alarm_id != ALARM.id:
            raise UnknownNameError(f"no alarm {alarm_id!r}", Reason.ALARM_NOT_FOUND)
        return replace(ALARM, acknowledged_by=actor, note=note)

    def accept(self, model: str, version: int | None, window_s: float, actor: str) -> Baseline:
        self._enter("accept", model=model, version=version, window_s=window_s, actor=actor)
        return replace(BASELINE, accepted_by=actor)

    def policy(self, model: str) -> DriftPolicy:
        self._enter("policy", model=model)
        return self.policies[model]

    def set_policy(
        self,
        model: str,
        changes: Mapping[str, object],
        actor: str,
        expected_epoch: int | None = None,
    ) -> DriftPolicy:
        self._enter("set_policy", model=model, changes=dict(changes), actor=actor)
        before = self.policies[model]
        if expected_epoch not in (None, before.epoch):
            raise PolicyMovedError(model, int(expected_epoch or 0), before.epoch)
        self.policies[model] = replace(before.changed(changes), epoch=before.epoch + 1)
        return self.policies[model]

    def add_profile(self, model: str, version: int, data: bytes, actor: str) -> Profile:
        self._enter("add_profile", model=model, version=version, data=data, actor=actor)
        if self.block is not None:
            self.block.wait(BLOCK_S)
        return PROFILE

    def events(self, after: int, limit: int) -> list[AlarmEvent]:
        self._enter("events", after=after, limit=limit)
        with self._more:
            return self.happened[after : after + limit]

    def wait_events(self, after: int, timeout_s: float) -> bool:
        with self._more:
            return self._more.wait_for(lambda: len(self.happened) > after, timeout_s)

    def figures(self) -> list[PlaneFigures]:
        return []

    def status(self) -> MonitorStatus:
        return MonitorStatus(
            is_watching=True,
            is_compiled=True,
            planes=1,
            bytes_held=1,
            bytes_max=2,
            panes_dropped=0,
            saved_at=None,
            gap_s=0.0,
            rows=0,
            drains=0,
            busy_s=0.0,
            events_undelivered=0,
            problems=(),
        )

    def _enter(self, method: str, **said: Any) -> None:
        self.calls.append((method, said))
        if self.fail is not None:
            error, self.fail = self.fail, None
            raise error
