"""The admin service over grpc.aio: which RPC runs in which lane, uploads, watches, and errors."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import grpc
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from tiltyard.admin import calls, drift_calls
from tiltyard.admin.alarm_messages import alarm_event_message
from tiltyard.admin.errors import bug_status, status_of
from tiltyard.admin.feed import Feed
from tiltyard.admin.lanes import Enter, Lane
from tiltyard.admin.messages import event_message
from tiltyard.admin.profile_upload import receive_profile
from tiltyard.admin.upload import Upload, UploadLimits, receive
from tiltyard.control.errors import Reason, UnavailableError
from tiltyard.control.interface import ROLLBACKS_MAX, ControlInterface
from tiltyard.control.views import EventView
from tiltyard.errors import TiltyardError
from tiltyard.monitor.interface import AlarmEvent, Monitoring
from tiltyard.protocol.admin_words import admin_message
from tiltyard.protocol.messages import ADMIN_SERVICE

OnBug = Callable[[str, BaseException], None]
Item = TypeVar("Item")

WATCHES_MAX: Final = 64
PROFILES_MAX: Final = 2  # each is held in memory until it is stored


@dataclass(frozen=True, slots=True)
class _Method:
    lane: str
    call: calls.Call


# Those that wait for a load are turned away when many do. A rollback shares its lane with nothing,
# and alone has the priority of the loop's thread.
_METHODS: Final = {
    "ListModels": _Method("read", calls.list_models),
    "GetModel": _Method("read", calls.get_model),
    "LoadVersion": _Method("load", calls.load_version),
    "UnloadVersion": _Method("change", calls.unload_version),
    "SetChampion": _Method("load", calls.set_champion),
    "StartChallenge": _Method("load", calls.start_challenge),
    "UpdateChallenge": _Method("change", calls.update_challenge),
    "StopChallenge": _Method("change", calls.stop_challenge),
    "Promote": _Method("change", calls.promote),
    "Rollback": _Method("rollback", calls.rollback),
    "GetRoute": _Method("read", calls.get_route),
    "GetStatistics": _Method("read", calls.get_statistics),
    "Drain": _Method("drain", calls.drain),
}


@dataclass(frozen=True, slots=True)
class _DriftMethod:
    lane: str
    call: drift_calls.DriftCall


_DRIFT_METHODS: Final = {
    "GetDrift": _DriftMethod("drift", drift_calls.get_drift),
    "ListAlarms": _DriftMethod("read", drift_calls.list_alarms),
    "AckAlarm": _DriftMethod("change", drift_calls.ack_alarm),
    "GetDriftPolicy": _DriftMethod("read", drift_calls.get_drift_policy),
    "SetDriftPolicy": _DriftMethod("policy", drift_calls.set_drift_policy),
    "AcceptBaseline": _DriftMethod("change", drift_calls.accept_baseline),
}


class AdminService:
    """Made and used on one event loop. `on_bug` is told of what no caller is shown.

    `enter_background(name)` is called first thing on each thread, those of rollbacks excepted.
    Without `monitoring` calls about drift are refused.
    """

    def __init__(
        self,
        control: ControlInterface,
        on_bug: OnBug,
        *,
        enter_background: Enter,
        limits: UploadLimits,
        upload_folder: Path | None = None,
        monitoring: Monitoring | None = None,
        watches_max: int = WATCHES_MAX,
    ) -> None:
        self._control = control
        self._monitoring = monitoring
        self._on_bug = on_bug
        self._enter_background = enter_background
        self._limits = limits
        self._upload_folder = upload_folder
        self._watches_max = watches_max
        slow = partial(Lane, enter=enter_background)
        self._lanes = {
            "read": slow("read", threads_max=4, waiting_max=128),
            "change": slow("change", threads_max=8, waiting_max=128),
            "load": slow("load", threads_max=16),
            "publish": slow("publish", threads_max=limits.uploads_max),
            # Replies with counts are large; a policy's epoch is looked at before it is changed.
            "drift": slow("drift", threads_max=2, waiting_max=16),
            "policy": slow("policy", threads_max=1, waiting_max=16),
            "profile": slow("profile", threads_max=PROFILES_MAX),
            "drain": slow("drain", threads_max=1, waiting_max=8),
            "rollback": Lane("rollback", threads_max=ROLLBACKS_MAX, waiting_max=128),
        }
        self._uploads = 0
        self._profiles = 0
        self._feeds: set[Feed[Any]] = set()
        self._publishing: set[asyncio.Task[Any]] = set()

    def handler(self) -> Any:
        """The service for a server's add_generic_rpc_handlers()."""
        methods = {
            name: grpc.unary_unary_rpc_method_handler(partial(self._answer, name), **_coding(name))
            for name in _METHODS
        }
        methods |= {
            name: grpc.unary_unary_rpc_method_handler(
                partial(self._answer_drift, name), **_byte_coding(name)
            )
            for name in _DRIFT_METHODS
        }
        methods["AddProfile"] = grpc.stream_unary_rpc_method_handler(
            self._add_profile, **_byte_coding("AddProfile")
        )
        methods["WatchAlarms"] = grpc.unary_stream_rpc_method_handler(
            self._watch_alarms, **_coding("WatchAlarms")
        )
        methods["PublishVersion"] = grpc.stream_unary_rpc_method_handler(
            self._publish_version, **_coding("PublishVersion")
        )
        methods["Watch"] = grpc.unary_stream_rpc_method_handler(self._watch, **_coding("Watch"))
        return grpc.method_handlers_generic_handler(ADMIN_SERVICE, methods)

    def stop_watches(self) -> None:
        """End every watch; its client is told to go on elsewhere."""
        for feed in self._feeds:
            feed.stop()

    async def _answer(self, name: str, request: Any, context: Any) -> Any:
        method = _METHODS[name]
        async with self._telling(name, context):
            work = partial(method.call, self._control, request, _caller(context))
            return await self._lanes[method.lane].run(work)

    async def _answer_drift(self, name: str, request: Any, context: Any) -> Any:
        method = _DRIFT_METHODS[name]
        async with self._telling(name, context):
            work = partial(method.call, self._watching(), request, _caller(context))
            return await self._lanes[method.lane].run(work)

    async def _add_profile(self, parts: AsyncIterator[Any], context: Any) -> Any:
        async with self._telling("AddProfile", context):
            monitoring = self._watching()
            if self._profiles >= PROFILES_MAX:
                raise UnavailableError(
                    f"{self._profiles} profiles are being added; expected fewer than"
                    f" {PROFILES_MAX}",
                    Reason.BUSY,
                )
            self._profiles += 1
            try:
                upload = await receive_profile(parts, self._limits.idle_s)
                work = partial(drift_calls.add_profile, monitoring, upload, _caller(context))
                return await self._lanes["profile"].run(work)
            finally:
                self._profiles -= 1

    def _watching(self) -> Monitoring:
        """Raises PreconditionError."""
        if self._monitoring is None:
            raise drift_calls.not_watching()
        return self._monitoring

    async def _publish_version(self, parts: AsyncIterator[Any], context: Any) -> Any:
        async with self._telling("PublishVersion", context):
            self._begin_upload()
            try:
                upload = await receive(parts, self._limits, self._upload_folder)
            except BaseException:
                self._uploads -= 1
                raise
            # What has arrived in full is published also when nobody waits for the answer.
            task = asyncio.create_task(self._publish(upload, _caller(context)))
            self._publishing.add(task)
            task.add_done_callback(self._publishing.discard)
            return await asyncio.shield(task)

    def _begin_upload(self) -> None:
        if self._uploads >= self._limits.uploads_max:
            raise UnavailableError(
                f"{self._uploads} uploads are under way; expected fewer than"
                f" {self._limits.uploads_max}",
                Reason.BUSY,
            )
        self._uploads += 1

    async def _publish(self, upload: Upload, caller: calls.Caller) -> Any:
        work = partial(calls.publish_version, self._control, upload, caller)
        try:
            return await self._lanes["publish"].run(work)
        finally:
            self._uploads -= 1
            await asyncio.to_thread(upload.remove)

    async def _watch(self, request: Any, context: Any) -> None:
        async with self._telling("Watch", context):
            after_seq, model = calls.watched(request)
            follow = not request.until_now

            def open_events(stop: Callable[[], bool]) -> Iterator[EventView]:
                return self._control.watch(after_seq, model, follow=follow, stop=stop)

            async with self._watched(Feed(open_events, enter=self._enter_background)) as feed:
                await context.send_initial_metadata(())
                async for event in feed:
                    await context.write(admin_message("WatchResponse")(event=event_message(event)))
            if follow:
                raise UnavailableError(
                    "the gateway is stopping and sends no more events", Reason.DRAINING
                )

    async def _watch_alarms(self, request: Any, context: Any) -> None:
        async with self._telling("WatchAlarms", context):
            monitoring = self._watching()

            def open_events(stop: Callable[[], bool]) -> Iterator[AlarmEvent]:
                return drift_calls.open_alarm_events(monitoring, request, stop)

            async with self._watched(Feed(open_events, enter=self._enter_background)) as feed:
                await context.send_initial_metadata(())
                async for event in feed:
                    message = alarm_event_message(event)
                    await context.write(admin_message("WatchAlarmsResponse")(event=message))
            if not request.until_now:
                raise UnavailableError(
                    "the gateway is stopping and sends no more events", Reason.DRAINING
                )

    @asynccontextmanager
    async def _watched(self, feed: Feed[Item]) -> AsyncIterator[Feed[Item]]:
        """The feed, opened, and among those that stop_watches() ends."""
        if len(self._feeds) >= self._watches_max:
            raise UnavailableError(
                f"{len(self._feeds)} watches are open; expected fewer than {self._watches_max}",
                Reason.BUSY,
            )
        self._feeds.add(feed)
        try:
            async with feed:
                yield feed
        finally:
            self._feeds.discard(feed)

    @asynccontextmanager
    async def _telling(self, name: str, context: Any) -> AsyncIterator[None]:
        """Errors inside end the RPC with their status."""
        found: Status | None = None
        try:
            yield
        except TiltyardError as error:
            found = status_of(error)
        except Exception as error:  # noqa: BLE001 - the caller gets an answer, the log the error
            self._on_bug(name, error)
            found = bug_status(name)
        if found is not None:
            status = rpc_status.to_status(found)
            await context.abort(status.code, status.details, status.trailing_metadata)


def _caller(context: Any) -> calls.Caller:
    return calls.Caller(context.peer(), context.time_remaining())


def _coding(method: str) -> dict[str, Any]:
    return {
        "request_deserializer": admin_message(f"{method}Request").FromString,
        "response_serializer": admin_message(f"{method}Response").SerializeToString,
    }


def _byte_coding(method: str) -> dict[str, Any]:
    """Of a method whose responses are written on other threads than the loop's."""
    return {"request_deserializer": admin_message(f"{method}Request").FromString}
