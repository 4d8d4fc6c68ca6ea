"""An AdminClient that answers from memory: what is asked is in `calls`, what comes back is set."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Generic, Self, TypeVar

import grpc

from tests.unit.cli.sample_planes import ALARM, CLOSED, sample_baseline, sample_plane
from tests.unit.cli.sample_views import EVENT, FULL, MODELS, STATISTICS
from tiltyard.client.admin_errors import AdminCallError, Details
from tiltyard.control.views import EventView, ModelView, RouteView, StatisticsRow, VersionView
from tiltyard.monitor.interface import AlarmEvent, DriftQuery
from tiltyard.monitor.policy import DriftPolicy
from tiltyard.monitor.snapshot import Alarm, Baseline, Snapshot


def call_error(
    kind: type[AdminCallError], code: grpc.StatusCode, message: str, reason: str = ""
) -> AdminCallError:
    """An error as a client raises it; without a reason it is of the way to the gateway."""
    details = Details(None)
    details.reason = reason
    return kind(code, message, details)


Item = TypeVar("Item")


class FakeEvents(Generic[Item]):
    """A watch: its events, and then the error that ends it, if any."""

    def __init__(self, events: Iterable[Item], end: BaseException | None) -> None:
        self._events = iter(events)
        self._end = end
        self.is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.is_closed = True

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        try:
            return next(self._events)
        except StopIteration:
            if self._end is not None:
                raise self._end from None
            raise


class FakeClient:
    """`fail` has what the next calls raise, in their order; None where one succeeds."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.address = ""
        self.is_closed = False
        self.route = FULL
        self.changed: RouteView | None = None  # what changes answer with; None: route
        self.routes: list[RouteView] | None = None
        self.models: list[ModelView] = list(MODELS)
        self.statistics: list[StatisticsRow] = [STATISTICS]
        self.version = VersionView("fraud", 9, "loading")
        self.events: list[EventView] = [EVENT]
        self.coming: list[EventView] = []
        self.coming_end: BaseException | None = KeyboardInterrupt()
        self.fail: list[BaseException | None] = []
        self.planes: list[Snapshot] = [sample_plane()]
        self.planes_at: dict[str, list[Snapshot]] = {}  # by address; those of others are planes
        self.alarms: list[Alarm] = [ALARM, CLOSED]
        self.alarm_events: list[AlarmEvent] = []
        self.alarm_end: BaseException | None = KeyboardInterrupt()
        self.policy = DriftPolicy(epoch=3)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.is_closed = True

    def methods(self) -> list[str]:
        return [method for method, _, _ in self.calls]

    def publish_version(self, *arguments: Any, **options: Any) -> VersionView:
        on_progress = options.pop("on_progress")
        on_progress(1, 2)
        on_progress(2, 2)
        self._take("publish_version", arguments, options)
        return self.version

    def list_models(self, **options: Any) -> list[ModelView]:
        self._take("list_models", (), options)
        return self.models

    def get_model(self, *arguments: Any, **options: Any) -> ModelView:
        self._take("get_model", arguments, options)
        return self.models[0]

    def get_route(self, *arguments: Any, **options: Any) -> list[RouteView]:
        self._take("get_route", arguments, options)
        return [self.route] if self.routes is None else self.routes

    def get_statistics(self, *arguments: Any, **options: Any) -> list[StatisticsRow]:
        self._take("get_statistics", arguments, options)
        return self.statistics

    def load_version(self, *arguments: Any, **options: Any) -> RouteView:
        return self._take("load_version", arguments, options)

    def unload_version(self, *arguments: Any, **options: Any) -> RouteView:
        return self._take("unload_version", arguments, options)

    def set_champion(self, *arguments: Any, **options: Any) -> RouteView:
        return self._take("set_champion", arguments, options)

    def start_challenge(self, *arguments: Any, **options: Any) -> RouteView:
        return self._take("start_challenge", arguments, options)

    def update_challenge(self, *arguments: Any, **options: Any) -> RouteView:
        return self._take("update_challenge", arguments, options)

    def stop_challenge(self, *arguments: Any, **options: Any) -> RouteView:
        return self._take("stop_challenge", arguments, options)

    def promote(self, *arguments: Any, **options: Any) -> RouteView:
        return self._take("promote", arguments, options)

    def rollback(self, *arguments: Any, **options: Any) -> RouteView:
        return self._take("rollback", arguments, options)

    def watch(self, *arguments: Any, **options: Any) -> FakeEvents[EventView]:
        self._take("watch", arguments, options)
        if options["follow"]:
            return FakeEvents(self.coming, self.coming_end)
        return FakeEvents(self.events, None)

    def get_drift(self, query: DriftQuery, **options: Any) -> list[Snapshot]:
        self._take("get_drift", (query,), options)
        planes = self.planes_at.get(self.address, self.planes)
        asked = (query.model, query.version, query.role, query.segment)
        return [
            plane
            for plane in planes
            for key in [plane.key]
            for has in [(key.model, key.version, key.role, key.segment)]
            if all(one in (None, other) for one, other in zip(asked, has, strict=True))
        ]

    def list_alarms(self, *arguments: Any, **options: Any) -> list[Alarm]:
        self._take("list_alarms", arguments, options)
        return [alarm for alarm in self.alarms if alarm.state == "open" or not options["open_only"]]

    def ack_alarm(self, *arguments: Any, **options: Any) -> Alarm:
        self._take("ack_alarm", arguments, options)
        alarm_id, note = arguments
        return replace(ALARM, id=alarm_id, acknowledged_by="anna@box", note=note)

    def watch_alarms(self, *arguments: Any, **options: Any) -> FakeEvents[AlarmEvent]:
        self._take("watch_alarms", arguments, options)
        return FakeEvents(self.alarm_events, self.alarm_end)

    def get_drift_policy(self, *arguments: Any, **options: Any) -> DriftPolicy:
        self._take("get_drift_policy", arguments, options)
        return self.policy

    def set_drift_policy(self, *arguments: Any, **options: Any) -> DriftPolicy:
        self._take("set_drift_policy", arguments, dict(options))
        options.pop("expected_epoch")
        options.pop("timeout_s")
        return replace(self.policy.changed(options), epoch=self.policy.epoch + 1)

    def accept_baseline(self, *arguments: Any, **options: Any) -> Baseline:
        self._take("accept_baseline", arguments, options)
        return sample_baseline(self.planes[0].profile)

    def drain(self, **options: Any) -> None:
        self._take("drain", (), options)

    def _take(self, method: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> RouteView:
        self.calls.append((method, arguments, options))
        if self.fail and (error := self.fail.pop(0)) is not None:
            raise error
        return self.changed or self.route
