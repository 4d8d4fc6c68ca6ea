"""The service around the calls: lanes, uploads, watches, and what a caller sees of a bug."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from grpc_status import rpc_status

from tests.unit.admin.serving import (
    TIMEOUT_S,
    Served,
    request,
    serving,
    upload_chunks,
    upload_file,
    upload_start,
)
from tiltyard.admin.service import _DRIFT_METHODS, _METHODS, PROFILES_MAX, WATCHES_MAX
from tiltyard.admin.upload import UploadLimits
from tiltyard.client import AdminClient
from tiltyard.client.drift_requests import profile_parts
from tiltyard.protocol import messages
from tiltyard.protocol.admin_words import admin_message, admin_path

MODEL = b"a model"
UPLOAD = [upload_start(upload_file(MODEL)), *upload_chunks(MODEL)]


class Raw:
    """A plain grpcio client."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel

    def future(self, method: str, **fields: Any) -> Any:
        call = self._channel.unary_unary(admin_path(method), **self._coding(method))
        return call.future(request(method, **fields), timeout=TIMEOUT_S)

    def call(self, method: str, **fields: Any) -> Any:
        return self.future(method, **fields).result()

    def publish(self, parts: Any) -> Any:
        method = "PublishVersion"
        call = self._channel.stream_unary(admin_path(method), **self._coding(method))
        return call.future(iter(parts), timeout=TIMEOUT_S)

    def watch(self, method: str = "Watch", **fields: Any) -> Any:
        call = self._channel.unary_stream(admin_path(method), **self._coding(method))
        return call(request(method, **fields), timeout=TIMEOUT_S)

    def add_profile(self, parts: Any) -> Any:
        call = self._channel.stream_unary(admin_path("AddProfile"), **self._coding("AddProfile"))
        return call.future(iter(parts), timeout=TIMEOUT_S)

    @staticmethod
    def _coding(method: str) -> dict[str, Any]:
        return {
            "request_serializer": lambda asked: asked.SerializeToString(),
            "response_deserializer": admin_message(f"{method}Response").FromString,
        }


@contextlib.contextmanager
def served_raw(**options: Any) -> Iterator[tuple[Served, Raw]]:
    with serving(**options) as served, grpc.insecure_channel(served.address) as channel:
        served.control.add("fraud", 1, 2)
        yield served, Raw(channel)


@pytest.fixture
def both() -> Iterator[tuple[Served, Raw]]:
    with served_raw() as found:
        yield found


def reason_of(error: grpc.RpcError) -> str:
    status = rpc_status.from_call(error)
    assert status is not None
    for detail in status.details:
        if detail.TypeName() == "google.rpc.ErrorInfo":
            from google.rpc.error_details_pb2 import ErrorInfo

            reason: str = ErrorInfo.FromString(detail.value).reason
            return reason
    return ""


def test_every_method_of_the_protocol_is_served() -> None:
    service = messages.pool().FindServiceByName(messages.ADMIN_SERVICE)
    names = {method.name for method in service.methods}
    streams = {"PublishVersion", "Watch", "AddProfile", "WatchAlarms"}
    assert names == {*_METHODS, *_DRIFT_METHODS, *streams}


def test_a_rollback_and_reads_pass_loads_that_hang(both: tuple[Served, Raw]) -> None:
    served, raw = both
    raw.call("SetChampion", model="fraud", version=2)
    served.control.block = threading.Event()
    loads = [raw.future("SetChampion", model="fraud", version=1) for _ in range(16)]
    while len([method for method, _ in served.control.calls if method == "set_champion"]) < 17:
        raw.call("GetRoute", model="fraud")
    with pytest.raises(grpc.RpcError) as caught:
        raw.call("LoadVersion", model="fraud", version=1)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert reason_of(caught.value) == "BUSY"
    assert raw.call("Rollback", model="fraud").route.champion.version == 1
    served.control.block.set()
    assert {load.result().route.champion.version for load in loads} == {1}


def test_a_bug_is_told_to_the_log_and_not_to_the_caller(both: tuple[Served, Raw]) -> None:
    served, raw = both
    calls: dict[str, Callable[[], Any]] = {
        "Promote": lambda: raw.call("Promote", model="fraud"),
        "Watch": lambda: next(raw.watch()),
        "PublishVersion": lambda: raw.publish(UPLOAD).result(),
    }
    for method, call in calls.items():
        served.control.fail = ZeroDivisionError("secret")
        with pytest.raises(grpc.RpcError) as caught:
            call()
        assert caught.value.code() is grpc.StatusCode.INTERNAL
        assert caught.value.details() == f"{method} failed inside the gateway; its log says why"
    assert [(method, str(error)) for method, error in served.bugs] == [
        ("Promote", "secret"),
        ("Watch", "secret"),
        ("PublishVersion", "secret"),
    ]


DRIFT_CALLS: dict[str, Callable[[Raw], Any]] = {
    "GetDrift": lambda raw: raw.call("GetDrift"),
    "ListAlarms": lambda raw: raw.call("ListAlarms"),
    "AckAlarm": lambda raw: raw.call("AckAlarm", alarm_id="a-17"),
    "GetDriftPolicy": lambda raw: raw.call("GetDriftPolicy", model="fraud"),
    "SetDriftPolicy": lambda raw: raw.call("SetDriftPolicy", model="fraud", delta=0.05),
    "AcceptBaseline": lambda raw: raw.call("AcceptBaseline", model="fraud", window_s=60.0),
    "WatchAlarms": lambda raw: [
        *raw.watch("WatchAlarms", after_seq=0, until_now=True)
    ],  # to its end
    "AddProfile": lambda raw: raw.add_profile(profile_parts("fraud", 2, MODEL, "")).result(),
}


@pytest.mark.parametrize("method", DRIFT_CALLS)
def test_a_gateway_that_does_not_watch_drift_says_so(method: str) -> None:
    with served_raw(watches_drift=False) as (served, raw):
        with pytest.raises(grpc.RpcError) as caught:
            DRIFT_CALLS[method](raw)
        assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert caught.value.details() == "this gateway does not watch drift (--no-monitor)"
        assert reason_of(caught.value) == "PRECONDITION"
        assert served.bugs == []


def test_drift_is_asked_of_the_monitor(both: tuple[Served, Raw]) -> None:
    served, raw = both
    served.monitoring.happen("opened")
    for method, call in DRIFT_CALLS.items():
        call(raw)
        served.monitoring.fail = ZeroDivisionError("secret")
        with pytest.raises(grpc.RpcError) as caught:
            call(raw)
        assert caught.value.code() is grpc.StatusCode.INTERNAL
        assert caught.value.details() == f"{method} failed inside the gateway; its log says why"
    assert [method for method, _ in served.bugs] == list(DRIFT_CALLS)
    uploads = [said for method, said in served.monitoring.calls if method == "add_profile"]
    assert (uploads[0]["version"], uploads[0]["data"]) == (2, MODEL)


def test_a_large_reply_goes_through_and_holds_nobody_up(both: tuple[Served, Raw]) -> None:
    """Past the 4 MiB that grpc has by itself, which its clients raise."""
    served, raw = both
    plane = served.monitoring.planes[0]
    many = replace(plane.current, counts=np.full(plane.profile.layout.size * 2_000, 2**40))
    served.monitoring.planes = [replace(plane, current=many)] * 10
    with AdminClient(served.address) as client:
        found = client.get_drift(timeout_s=TIMEOUT_S)
    assert [int(plane.current.counts.sum()) for plane in found] == [int(many.counts.sum())] * 10
    raw.call("GetRoute")


def test_so_many_profiles_at_once(both: tuple[Served, Raw]) -> None:
    served, raw = both
    served.monitoring.block = threading.Event()
    under_way = []
    for count in range(1, PROFILES_MAX + 1):
        under_way.append(raw.add_profile(profile_parts("fraud", 2, MODEL, "")))
        while len(served.monitoring.calls) < count:
            raw.call("ListModels")
    with pytest.raises(grpc.RpcError) as caught:
        raw.add_profile(profile_parts("fraud", 2, MODEL, "")).result()
    assert reason_of(caught.value) == "BUSY"
    served.monitoring.block.set()
    assert {call.result().profile.number for call in under_way} == {2}
    assert raw.add_profile(profile_parts("fraud", 2, MODEL, "")).result().profile.number == 2


def test_an_alarm_watch_goes_on_until_the_gateway_stops(both: tuple[Served, Raw]) -> None:
    served, raw = both
    watch = raw.watch("WatchAlarms")
    watch.initial_metadata()
    served.monitoring.happen("opened")
    served.monitoring.happen("recovered")
    assert [next(watch).event.event for _ in range(2)] == ["opened", "recovered"]
    stopping = threading.Thread(target=served.server.stop)
    stopping.start()
    with pytest.raises(grpc.RpcError) as caught:
        next(watch)
    assert reason_of(caught.value) == "DRAINING"
    stopping.join()


def test_an_upload_whose_client_has_left_is_published_and_its_files_removed(
    tmp_path: Path,
) -> None:
    with served_raw(upload_folder=tmp_path) as (served, raw):
        served.control.block = threading.Event()
        call = raw.publish(UPLOAD)
        while not any(method == "publish_version" for method, _ in served.control.calls):
            raw.call("ListModels")
        call.cancel()
        served.control.block.set()
        while ("fraud", 3) not in served.control.uploaded:
            raw.call("ListModels")
        assert served.control.uploaded["fraud", 3] == {"model.onnx": MODEL}
        while list(tmp_path.iterdir()):
            raw.call("ListModels")


def test_so_many_uploads_at_once(tmp_path: Path) -> None:
    limits = UploadLimits(uploads_max=1)
    with served_raw(upload_folder=tmp_path, upload_limits=limits) as (served, raw):
        served.control.block = threading.Event()
        first = raw.publish(UPLOAD)
        while not list(tmp_path.iterdir()):
            raw.call("ListModels")
        with pytest.raises(grpc.RpcError) as caught:
            raw.publish(UPLOAD).result()
        assert reason_of(caught.value) == "BUSY"
        served.control.block.set()
        assert first.result().version.version == 3
        with pytest.raises(grpc.RpcError, match="arrived with sha256"):
            raw.publish([UPLOAD[0], *upload_chunks(b"A MODEL")]).result()
        assert raw.publish(UPLOAD).result().version.version == 4


def test_a_watch_that_is_left_frees_its_place(both: tuple[Served, Raw]) -> None:
    _, raw = both
    watches = [raw.watch(after_seq=0) for _ in range(WATCHES_MAX)]
    for watch in watches:
        assert next(watch).event.seq == 1
    with pytest.raises(grpc.RpcError) as caught:
        next(raw.watch(after_seq=0))
    assert reason_of(caught.value) == "BUSY"
    for watch in watches:
        watch.cancel()
    seen = 0
    while not seen:
        with contextlib.suppress(grpc.RpcError):  # BUSY, until the gateway has noticed
            seen = next(raw.watch(after_seq=0)).event.seq
    assert seen == 1


def test_a_slow_reader_holds_up_nobody(both: tuple[Served, Raw]) -> None:
    """Its events wait in the gateway's log, not in its memory; and it misses none of them."""
    served, raw = both
    slow = raw.watch(after_seq=2)
    for number in range(3_000):
        served.control.record("fraud", "noise", data="x" * 200, number=number)
    raw.call("GetRoute")
    assert [next(slow).event.seq for _ in range(3_000)] == list(range(3, 3_003))


def test_stopping_ends_watches_with_a_status_that_says_so(both: tuple[Served, Raw]) -> None:
    served, raw = both
    watch = raw.watch()
    watch.initial_metadata()
    stopping = threading.Thread(target=served.server.stop)
    stopping.start()
    with pytest.raises(grpc.RpcError) as caught:
        next(watch)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert reason_of(caught.value) == "DRAINING"
    stopping.join()


def test_a_call_under_way_is_answered_while_stopping(both: tuple[Served, Raw]) -> None:
    served, raw = both
    served.control.block = threading.Event()
    load = raw.future("LoadVersion", model="fraud", version=2)
    while not any(method == "load_version" for method, _ in served.control.calls):
        raw.call("GetRoute")
    stopping = threading.Thread(target=served.server.stop, args=(TIMEOUT_S,))
    stopping.start()
    served.control.block.set()
    assert load.result().route.model == "fraud"
    stopping.join()


def test_a_call_that_hangs_does_not_hold_up_the_stop(both: tuple[Served, Raw]) -> None:
    served, raw = both
    served.control.block = threading.Event()
    load = raw.future("LoadVersion", model="fraud", version=2)
    while not any(method == "load_version" for method, _ in served.control.calls):
        raw.call("GetRoute")
    assert served.server.stop(0.05)
    with pytest.raises(grpc.RpcError):
        load.result()
    served.control.block.set()
