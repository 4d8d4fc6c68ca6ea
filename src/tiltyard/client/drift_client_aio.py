"""The calls of AsyncAdminClient about drift, as those of DriftClient."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, Unpack

import grpc.aio

from tiltyard.client.admin_errors import admin_call_error
from tiltyard.client.admin_requests import call_coding, request_of
from tiltyard.client.alarm_replies import read_alarm, read_alarm_event, read_policy
from tiltyard.client.drift_replies import read_baseline, read_drift
from tiltyard.client.drift_requests import (
    PolicyChanges,
    drift_request,
    policy_request,
    profile_parts,
)
from tiltyard.client.event_stream_aio import AsyncEventStream, open_stream
from tiltyard.client.profile_replies import read_profile
from tiltyard.monitor.interface import AlarmEvent, DriftQuery
from tiltyard.monitor.policy import DriftPolicy
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.snapshot import Alarm, Baseline, Snapshot
from tiltyard.protocol.admin_words import admin_path


class AsyncDriftClient:
    """A part of AsyncAdminClient. Methods raise what its methods raise.

    Each raises AdminPreconditionError when the gateway does not watch drift.
    """

    _channel: Any
    _actor: str

    async def get_drift(
        self,
        query: DriftQuery | None = None,
        *,
        baseline_parts: bool = False,
        timeout_s: float | None = None,
    ) -> list[Snapshot]:
        """The planes asked for, all without a query, with their counts.

        `baseline_parts`: with the baselines' counts by hour of the week and by segment; else
        `slots` is None, and `segments` has the plane's own alone.
        Statistics are computed from what comes (monitor/statistics), and gateways are merged with
        it. Raises AdminNotFoundError, and AdminArgumentError when that would be too much.
        """
        request = drift_request(query or DriftQuery(), baseline_parts=baseline_parts)
        call = self._channel.unary_unary(
            admin_path("GetDrift"),
            request_serializer=call_coding("GetDrift")["request_serializer"],
        )
        try:
            reply: bytes = await call(request, timeout=timeout_s)
        except grpc.aio.AioRpcError as error:
            raise admin_call_error(error) from error
        return await asyncio.to_thread(read_drift, reply)

    async def list_alarms(
        self, model: str = "", *, open_only: bool = False, timeout_s: float | None = None
    ) -> list[Alarm]:
        """The open alarms and the newest of the closed, of one model or of all."""
        request = request_of("ListAlarms", model=model, open_only=open_only)
        reply = await self._call("ListAlarms", request, timeout_s)
        return [read_alarm(alarm) for alarm in reply.alarms]

    async def ack_alarm(
        self, alarm_id: str, note: str = "", *, actor: str = "", timeout_s: float | None = None
    ) -> Alarm:
        """Say that somebody has seen to an alarm; it stays open. Raises AdminNotFoundError."""
        request = request_of("AckAlarm", alarm_id=alarm_id, note=note, actor=actor or self._actor)
        return read_alarm((await self._call("AckAlarm", request, timeout_s)).alarm)

    async def watch_alarms(
        self,
        after_seq: int | None = None,
        model: str = "",
        *,
        follow: bool = True,
        timeout_s: float | None = None,
    ) -> AsyncEventStream[AlarmEvent]:
        """What alarms do, after a sequence number, 0 for all that is kept; None for from now on.

        With `follow` it goes on until it is closed; without, it ends with the last event there is.
        The watch stands when this returns.
        """
        request = request_of("WatchAlarms", after_seq=after_seq, model=model, until_now=not follow)
        return await open_stream(self._channel, "WatchAlarms", request, timeout_s, read_alarm_event)

    async def get_drift_policy(self, model: str, *, timeout_s: float | None = None) -> DriftPolicy:
        """What an operator chose of a model's monitoring. Raises AdminNotFoundError."""
        request = request_of("GetDriftPolicy", model=model)
        return read_policy((await self._call("GetDriftPolicy", request, timeout_s)).policy)

    async def set_drift_policy(
        self,
        model: str,
        *,
        expected_epoch: int | None = None,
        actor: str = "",
        timeout_s: float | None = None,
        **changes: Unpack[PolicyChanges],
    ) -> DriftPolicy:
        """Change what is given; the policy that is in force then.

        Raises AdminEpochError when the policy is at another epoch than `expected_epoch`, and
        AdminArgumentError for a value out of its range.
        """
        request = policy_request(model, changes, expected_epoch, actor or self._actor)
        return read_policy((await self._call("SetDriftPolicy", request, timeout_s)).policy)

    async def accept_baseline(
        self,
        model: str,
        version: int | None = None,
        *,
        window_s: float,
        actor: str = "",
        timeout_s: float | None = None,
    ) -> Baseline:
        """Make the last `window_s` of a version's traffic its baseline; without one the champion's.

        Its `slots` and `segments` are not told here. Raises AdminPreconditionError when there is
        too little.
        """
        request = request_of(
            "AcceptBaseline",
            model=model,
            version=version,
            window_s=window_s,
            actor=actor or self._actor,
        )
        return read_baseline((await self._call("AcceptBaseline", request, timeout_s)).baseline)

    async def add_profile(
        self,
        model: str,
        version: int,
        data: bytes,
        *,
        actor: str = "",
        timeout_s: float | None = None,
    ) -> Profile:
        """Send a version's reference profile, the bytes of its file; the profile as it is kept.

        Raises AdminArgumentError when it is refused, AdminNotFoundError.
        """
        parts = await asyncio.to_thread(profile_parts, model, version, data, actor or self._actor)
        call = self._channel.stream_unary(admin_path("AddProfile"), **call_coding("AddProfile"))
        try:
            return read_profile((await call(_each(parts), timeout=timeout_s)).profile)
        except grpc.aio.AioRpcError as error:
            raise admin_call_error(error) from error

    async def _call(self, method: str, request: Any, timeout_s: float | None) -> Any:
        call = self._channel.unary_unary(admin_path(method), **call_coding(method))
        try:
            return await call(request, timeout=timeout_s)
        except grpc.aio.AioRpcError as error:
            raise admin_call_error(error) from error


async def _each(parts: Iterator[Any]) -> AsyncIterator[Any]:
    for part in parts:
        yield part
