"""The admin port with the clients that grpcio ships, and with messages from reflection alone.

Behind it is a Control in memory: what is tested is the wire.
"""

import hashlib
import itertools
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2 as details
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from tests.unit.admin.serving import TIMEOUT_S, Served, serving
from tests.wire.certificates import make_authority, make_identity
from tests.wire.reflected import ADMIN, Reflected, check, detail, refused
from tiltyard.admin import TlsFiles
from tiltyard.admin.upload import UploadLimits
from tiltyard.client import AdminClient, TlsOptions
from tiltyard.client.admin_errors import AdminEpochError, AdminUnavailableError
from tiltyard.control.errors import PreconditionError, Reason

MODEL = b"the bytes of a model" * 1_000
BYTES_MAX = 100_000


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    limits = UploadLimits(bytes_max=BYTES_MAX)
    with serving(upload_folder=tmp_path, upload_limits=limits) as found:
        found.control.add("fraud", 1, 2, 3)
        yield found


@pytest.fixture
def channel(served: Served) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(served.address) as found:
        yield found


@pytest.fixture
def tool(channel: grpc.Channel) -> Reflected:
    return Reflected(channel)


def test_reflection_lists_what_the_port_serves(channel: grpc.Channel) -> None:
    assert sorted(ProtoReflectionDescriptorDatabase(channel).get_services()) == [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        ADMIN,
    ]


def test_every_rpc_with_a_client_made_from_reflection(tool: Reflected, served: Served) -> None:
    file = {"kind": 1, "size_bytes": len(MODEL), "sha256": hashlib.sha256(MODEL).hexdigest()}
    start = {"model": "fraud", "files": [file], "terms": {"actor": "anna"}}
    parts: list[dict[str, Any]] = [{"start": start}, {"chunk": MODEL[:7]}, {"chunk": MODEL[7:]}]
    assert tool.publish(parts).version.version == 4
    assert served.control.uploaded["fraud", 4] == {"model.onnx": MODEL}
    assert [model.model for model in tool.call("ListModels").models] == ["fraud"]
    assert len(tool.call("GetModel", model="fraud").model.versions) == 4
    fraud: dict[str, Any] = {"model": "fraud"}
    assert tool.call("LoadVersion", version=4, **fraud).route.epoch == 5
    assert tool.call("UnloadVersion", version=4, **fraud).route.epoch == 6
    route = tool.call("StartChallenge", version=2, mode=1, share=0.05, **fraud).route
    assert (route.challengers[0].share.buckets, route.challengers[0].role) == (3_277, 2)
    route = tool.call("UpdateChallenge", version=2, share=0.5, **fraud).route
    assert route.challengers[0].share.fraction == 0.5
    assert len(tool.call("StopChallenge", version=2, **fraud).route.challengers) == 0
    tool.call("StartChallenge", version=2, mode=2, sample=0.2, **fraud)
    assert tool.call("Promote", **fraud).route.champion.version == 2
    assert tool.call("Rollback", **fraud).route.champion.version == 1
    assert tool.call("SetChampion", version=3, **fraud).route.champion.version == 3
    assert [found.model for found in tool.call("GetRoute").routes] == ["fraud"]
    assert tool.call("GetStatistics", **fraud).rows[0].version == 3
    events = [reply.event for reply in tool.watch(after_seq=0, until_now=True)]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert (events[-1].kind, json.loads(events[-1].data_json)) == ("set_champion", {"version": 3})
    assert events[-1].actor.startswith("ipv4:127.0.0.1:")
    tool.call("Drain", actor="anna")
    assert served.control.drained_by == "anna"
    called = {method for method, _ in served.control.calls}
    assert len(called) == len(tool.service.methods) - len(DRIFT_RPCS)


DRIFT_RPCS = {
    "GetDrift": "snapshots",
    "ListAlarms": "alarms",
    "AckAlarm": "acknowledge",
    "WatchAlarms": "events",
    "GetDriftPolicy": "policy",
    "SetDriftPolicy": "set_policy",
    "AcceptBaseline": "accept",
    "AddProfile": "add_profile",
}


def test_every_rpc_about_drift_with_a_client_made_from_reflection(
    tool: Reflected, served: Served
) -> None:
    """Counts of gateways add: whoever has a reply can compute what the gateway computes."""
    fraud: dict[str, Any] = {"model": "fraud"}
    (told,) = served.monitoring.planes
    whole = replace(told, key=replace(told.key, segment=""))  # a segment has no profile
    served.monitoring.planes = [whole]
    found = tool.call("GetDrift", window_s=60.0, against=[1, 2], **fraud)
    (plane,) = found.planes
    stream = found.profiles[plane.snapshot.profile_index].streams[0]
    assert [report.against for report in plane.reports] == ["profile", "baseline"]
    measure = plane.reports[0].streams[0]
    assert (measure.stream, measure.n_reference) == (stream.name, sum(stream.counts))
    sizes = [len(stream.counts) for stream in found.profiles[0].streams]
    head = 3 + 2 * len(sizes)
    assert len(plane.snapshot.current.counts) == head + sum(sizes)
    cells = plane.snapshot.current.counts[head : head + sizes[0]]
    assert measure.n == sum(cells)
    share = next(cell.share for cell in measure.cells if cell.role == "missing")
    assert share == cells[-1] / sum(cells)
    assert tool.call("ListAlarms", open_only=True).alarms[0].streams[0].leading
    assert tool.call("AckAlarm", alarm_id="a-17", actor="anna").alarm.acknowledged_by == "anna"
    served.monitoring.happen("opened")
    events = [reply.event for reply in tool.watch("WatchAlarms", after_seq=0, until_now=True)]
    assert [(event.seq, event.event) for event in events] == [(1, "opened")]
    segments = {"segments": [{"feature": "country", "value": "NO"}]}
    policy = tool.call("SetDriftPolicy", delta=0.05, segments=segments, **fraud).policy
    assert (policy.epoch, policy.segments[0].value) == (1, "NO")
    assert tool.call("GetDriftPolicy", **fraud).policy == policy
    assert tool.call("AcceptBaseline", window_s=86_400.0, **fraud).baseline.number == 4
    digest = hashlib.sha256(MODEL).hexdigest()
    start = {"version": 3, "size_bytes": len(MODEL), "sha256": digest, **fraud}
    parts: list[dict[str, Any]] = [{"start": start}, {"chunk": MODEL[:9]}, {"chunk": MODEL[9:]}]
    assert tool.upload("AddProfile", parts).profile.number == 2
    called = {method for method, _ in served.monitoring.calls}
    assert called == set(DRIFT_RPCS.values())
    torn = refused(lambda: tool.upload("AddProfile", parts[:2]))
    assert detail(torn, details.ErrorInfo).reason == "UPLOAD_TORN"
    wrong = refused(lambda: tool.call("GetDrift", pieces=5_000))
    assert detail(wrong, details.BadRequest).field_violations[0].field == "pieces"


def test_without_a_monitor_calls_about_drift_are_refused() -> None:
    with serving(watches_drift=False) as served, grpc.insecure_channel(served.address) as channel:
        error = refused(lambda: Reflected(channel).call("GetDrift"))
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert error.details() == "this gateway does not watch drift (--no-monitor)"
    assert detail(error, details.Help).links[0].description == "Start it without --no-monitor."


def test_errors_with_their_details(tool: Reflected, served: Served) -> None:
    fraud: dict[str, Any] = {"model": "fraud"}
    error = refused(lambda: tool.call("GetModel", model="churn"))
    check(error, grpc.StatusCode.NOT_FOUND, "MODEL_NOT_FOUND")
    assert detail(error, details.ResourceInfo).resource_name == "models/churn"
    error = refused(lambda: tool.call("SetChampion", version=9, **fraud))
    check(error, grpc.StatusCode.NOT_FOUND, "VERSION_NOT_FOUND")
    error = refused(lambda: tool.call("StopChallenge", version=2, **fraud))
    check(error, grpc.StatusCode.NOT_FOUND, "CHALLENGER_NOT_FOUND")
    error = refused(lambda: tool.call("StartChallenge", version=2, mode=1, share=2.0, **fraud))
    check(error, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT")
    assert detail(error, details.BadRequest).field_violations[0].field == "share"
    error = refused(lambda: tool.call("Rollback", **fraud))
    check(error, grpc.StatusCode.FAILED_PRECONDITION, "NO_PREVIOUS")
    assert detail(error, details.PreconditionFailure).violations[0].type == "NO_PREVIOUS"
    error = refused(lambda: tool.call("Promote", **fraud))
    check(error, grpc.StatusCode.FAILED_PRECONDITION, "NO_CHALLENGER")
    error = refused(lambda: tool.call("UnloadVersion", version=1, **fraud))
    check(error, grpc.StatusCode.FAILED_PRECONDITION, "VERSION_IN_SLOT")
    served.control.broken.add(2)
    error = refused(lambda: tool.call("SetChampion", version=2, **fraud))
    check(error, grpc.StatusCode.FAILED_PRECONDITION, "VERSION_FAILED")
    tool.call("LoadVersion", version=3, terms={"idempotency_key": "k"}, **fraud)
    error = refused(
        lambda: tool.call("LoadVersion", version=1, terms={"idempotency_key": "k"}, **fraud)
    )
    check(error, grpc.StatusCode.INVALID_ARGUMENT, "KEY_REUSED")


def test_the_other_operators_change_is_told(tool: Reflected) -> None:
    tool.call("SetChampion", model="fraud", version=2, terms={"actor": "bert"})
    error = refused(
        lambda: tool.call("SetChampion", model="fraud", version=3, terms={"expected_epoch": 3})
    )
    check(error, grpc.StatusCode.ABORTED, "EPOCH_MOVED")
    assert detail(error, details.ErrorInfo).metadata == {
        "model": "fraud",
        "epoch_expected": "3",
        "epoch_now": "4",
    }
    moved = detail(error, type(tool.message("EpochMoved")))
    assert [(change.kind, change.actor) for change in moved.changes] == [("set_champion", "bert")]


def test_two_operators_change_at_once_and_none_is_lost(served: Served) -> None:
    """Each reads the epoch and changes; who loses looks again. As many changes as successes."""
    began = served.control.models["fraud"].epoch

    def operate(name: str) -> int:
        made = 0
        with AdminClient(served.address, actor=name) as client:
            epoch = client.get_route("fraud")[0].epoch
            while made < 25:
                try:
                    epoch = client.set_champion("fraud", 2, expected_epoch=epoch).epoch
                    made += 1
                except AdminEpochError as error:
                    epoch = error.epoch_now
        return made

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(operate, ["anna", "bert"])) == [25, 25]
    assert served.control.models["fraud"].epoch == began + 50
    changes = [event for event in served.control.events if event.kind == "set_champion"]
    assert len({event.epoch for event in changes}) == 50


def test_one_key_is_done_once_however_often_it_is_sent(served: Served) -> None:
    def send(_: int) -> bool:
        with AdminClient(served.address) as client:
            return client.set_champion("fraud", 2, idempotency_key="k-1").repeated

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(send, range(8))) == [False] + [True] * 7
    assert served.control.models["fraud"].epoch == 4


def test_a_watch_that_breaks_again_and_again_misses_nothing(served: Served) -> None:
    total = 500

    def write() -> None:
        for number in range(total):
            served.control.record("fraud", "noise", number=number)

    writer = threading.Thread(target=write)
    writer.start()
    seen: list[int] = []
    with AdminClient(served.address) as client:
        while len(seen) < total:
            with client.watch(after_seq=3 + len(seen), timeout_s=TIMEOUT_S) as watch:
                wanted = min(1 + len(seen) % 40, total - len(seen))
                seen += [event.seq for event in itertools.islice(watch, wanted)]
    writer.join()
    assert seen == list(range(4, 4 + total))


def test_a_watch_goes_on_at_the_next_gateway(served: Served) -> None:
    with AdminClient(served.address) as client:
        watch = client.watch(after_seq=0)
        seen = [next(watch).seq for _ in range(2)]
        served.server.stop()
        with pytest.raises(AdminUnavailableError):
            seen.extend(event.seq for event in watch)
    served.control.record("fraud", "restarted")
    with serving(served.control) as again, AdminClient(again.address) as client:
        seen += [event.seq for event in client.watch(after_seq=seen[-1], follow=False)]
    assert seen == [1, 2, 3, 4]


def upload(*chunks: bytes, size_bytes: int = len(MODEL)) -> list[dict[str, Any]]:
    file = {"kind": 1, "size_bytes": size_bytes, "sha256": hashlib.sha256(MODEL).hexdigest()}
    start = {"start": {"model": "fraud", "files": [file]}}
    return [start, *({"chunk": chunk} for chunk in chunks)]


@pytest.mark.parametrize(
    ("parts", "reason", "sentence"),
    [
        (upload(MODEL[:5000]), "UPLOAD_TORN", "ended 15000 bytes before the end"),
        (upload(MODEL[::-1]), "UPLOAD_DIGEST_MISMATCH", "arrived with sha256"),
        (upload(size_bytes=BYTES_MAX + 1), "UPLOAD_TOO_LARGE", f"at most {BYTES_MAX}"),
        (upload(MODEL, MODEL), "UPLOAD_MALFORMED", "goes on after the last byte"),
        ([{"chunk": MODEL}], "UPLOAD_MALFORMED", "has no start"),
    ],
)
def test_uploads_that_go_wrong(
    tool: Reflected,
    served: Served,
    tmp_path: Path,
    parts: list[dict[str, Any]],
    reason: str,
    sentence: str,
) -> None:
    error = refused(lambda: tool.publish(parts))
    check(error, grpc.StatusCode.INVALID_ARGUMENT, reason)
    assert sentence in error.details()
    assert all(method != "publish_version" for method, _ in served.control.calls)
    assert list(tmp_path.iterdir()) == []
    assert tool.publish(upload(MODEL)).version.version == 4


def test_a_client_that_leaves_in_the_middle_of_an_upload(
    channel: grpc.Channel, tool: Reflected, served: Served, tmp_path: Path
) -> None:
    gone = threading.Event()

    def parts() -> Iterator[Any]:
        for part in upload(MODEL[:5000]):
            yield tool.request("PublishVersion", **part)
        gone.wait(TIMEOUT_S)

    call = channel.stream_unary(
        f"/{ADMIN}/PublishVersion", request_serializer=lambda part: part.SerializeToString()
    ).future(parts(), timeout=TIMEOUT_S)
    while not list(tmp_path.iterdir()):
        tool.call("ListModels")
    call.cancel()
    while list(tmp_path.iterdir()):
        tool.call("ListModels")
    gone.set()
    assert all(method != "publish_version" for method, _ in served.control.calls)


@pytest.mark.parametrize("letter", ["a", "%", "\u6f22"])
def test_a_very_long_error_comes_through(tool: Reflected, served: Served, letter: str) -> None:
    served.control.fail = PreconditionError(
        letter * 50_000, Reason.PRECONDITION, model="fraud", to_do=letter * 50_000 + "."
    )
    error = refused(lambda: tool.call("Promote", model="fraud"))
    assert error.details().startswith(letter * 50)
    assert detail(error, details.ErrorInfo).reason == "PRECONDITION"


def test_bytes_that_are_no_request(channel: grpc.Channel, tool: Reflected) -> None:
    for method in ("Promote", "Watch", "PublishVersion", "GetDrift", "WatchAlarms", "AddProfile"):
        call = channel.stream_stream(f"/{ADMIN}/{method}")
        with pytest.raises(grpc.RpcError):
            next(call(iter([b"\xff\xff\xff"]), timeout=TIMEOUT_S))
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(f"/{ADMIN}/Abdicate")(b"", timeout=TIMEOUT_S)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert len(tool.call("ListModels").models) == 1


def test_health(channel: grpc.Channel, served: Served) -> None:
    health = health_pb2_grpc.HealthStub(channel)
    for service in ("", ADMIN):
        asked = health_pb2.HealthCheckRequest(service=service)
        assert (
            health.Check(asked, timeout=TIMEOUT_S).status == health_pb2.HealthCheckResponse.SERVING
        )
    error = refused(lambda: health.Check(health_pb2.HealthCheckRequest(service="nobody")))
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert error.details() == "service 'nobody' is not known to the health check"
    watches = [
        health.Watch(health_pb2.HealthCheckRequest(service=service), timeout=TIMEOUT_S)
        for service in ("", ADMIN, "nobody")
    ]
    answer = health_pb2.HealthCheckResponse
    first = [next(watch).status for watch in watches]
    assert first == [answer.SERVING, answer.SERVING, answer.SERVICE_UNKNOWN]
    served.server.stop()
    assert [[reply.status for reply in watch] for watch in watches] == [
        [answer.NOT_SERVING],
        [answer.NOT_SERVING],
        [],
    ]


def test_tls_with_a_certificate_on_both_sides(tmp_path: Path) -> None:
    authority = make_authority(tmp_path, "authority")
    gateway = make_identity(tmp_path, "gateway", authority)
    operator = make_identity(tmp_path, "operator", authority)
    ca = authority.cert.read_bytes()
    tls = TlsFiles(gateway.cert.read_bytes(), gateway.key.read_bytes(), ca)
    with serving(tls=tls) as served:
        served.control.add("fraud", 1)
        mine = TlsOptions(ca, operator.cert.read_bytes(), operator.key.read_bytes())
        with AdminClient(served.address, tls=mine) as client:
            assert [model.model for model in client.list_models()] == ["fraud"]
        for wrong in (None, TlsOptions(ca)):
            with (
                AdminClient(served.address, tls=wrong) as client,
                pytest.raises(AdminUnavailableError),
            ):
                client.list_models(timeout_s=TIMEOUT_S)
