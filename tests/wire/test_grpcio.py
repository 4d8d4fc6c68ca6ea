"""grpcio's synchronous client: calls and streams side by side, deadlines, cancellation, the end."""

import gzip
import itertools
import queue
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from tests.conftest import Serve
from tests.wire.calls import (
    ROWS,
    TIMEOUT_S,
    UNLIMITED,
    check_identity,
    deep_request,
    identity_request,
    infer,
    statistics,
    stream,
    stream_infer,
    unary,
)
from tests.wire.conftest import DEEP_ROWS, QUEUE_ITEMS_MAX
from tests.wire.raw_call import RawConnection, framed
from tiltyard.ops.gateway_process import GatewayProcess
from tiltyard.protocol import messages

CALLS = 200


def rows_of(number: int) -> Any:
    return np.full((1 + number % 3, 4), number, np.float32)


def test_many_calls_at_once_on_one_channel(channel: grpc.Channel) -> None:
    method = unary(channel, "ModelInfer")
    futures = [
        method.future(identity_request(rows_of(number)), timeout=TIMEOUT_S)
        for number in range(CALLS)
    ]
    for number, future in enumerate(futures):
        check_identity(future.result(), rows_of(number))


def test_many_channels(gateway: GatewayProcess) -> None:
    """Each with a connection of its own, from several threads."""

    def talk(number: int) -> None:
        options = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(gateway.address, options) as own:
            for _ in range(5):
                check_identity(infer(own, identity_request(rows_of(number))), rows_of(number))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(talk, range(40)))


def test_many_streams_at_once_on_one_channel(channel: grpc.Channel) -> None:
    def requests(first: int) -> Iterator[Any]:
        for number in range(first, first + 20):
            yield identity_request(rows_of(number), request_id=str(number))

    calls = [stream_infer(channel)(requests(n), timeout=TIMEOUT_S) for n in range(30)]
    for first, call in enumerate(calls):
        replies = [reply.infer_response for reply in call]
        assert [reply.id for reply in replies] == [str(n) for n in range(first, first + 20)]
        for number, reply in enumerate(replies, first):
            check_identity(reply, rows_of(number))


def test_a_stream_answers_before_its_input_ends(channel: grpc.Channel) -> None:
    """Each request is sent when the reply to the one before is there."""
    answered: queue.Queue[int] = queue.Queue()

    def requests() -> Iterator[Any]:
        yield identity_request(rows_of(0))
        for number in range(1, 20):
            assert answered.get(timeout=TIMEOUT_S) == number - 1
            yield identity_request(rows_of(number))

    call = stream_infer(channel)(requests(), timeout=TIMEOUT_S)
    for number, reply in enumerate(call):
        check_identity(reply.infer_response, rows_of(number))
        answered.put(number)
    assert number == 19


def test_a_stream_without_requests(channel: grpc.Channel) -> None:
    assert stream(channel, []) == []


@pytest.fixture
def busy_channel(queue_gateway: GatewayProcess) -> Iterator[grpc.Channel]:
    """A channel of its own to the gateway with one worker."""
    options = [*UNLIMITED, ("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(queue_gateway.address, options) as found:
        round_trip(found)  # connected: from now on calls are sent in their order
        yield found


def round_trip(channel: grpc.Channel) -> None:
    """When this returns, the gateway has read what was sent on the connection before."""
    unary(channel, "ServerLive")(messages.ServerLiveRequest(), timeout=TIMEOUT_S)


def occupy(busy_channel: grpc.Channel, rows: int = DEEP_ROWS) -> Any:
    """Keep the worker busy; when this returns the gateway has taken the request."""
    pending = unary(busy_channel, "ModelInfer").future(deep_request(rows), timeout=TIMEOUT_S)
    round_trip(busy_channel)
    return pending


def failures(found: Any) -> int:
    return int(found.inference_stats.fail.count)


def wait_for_failure(busy_channel: grpc.Channel, before: Any) -> Any:
    """The statistics of `identity` once one more failure is counted."""
    give_up = time.monotonic() + TIMEOUT_S
    while time.monotonic() < give_up:
        found = statistics(busy_channel, "identity")
        if failures(found) > failures(before):
            return found
    raise AssertionError("no failure was counted")


def test_an_expired_request_never_runs(busy_channel: grpc.Channel) -> None:
    before = statistics(busy_channel, "identity")
    busy = occupy(busy_channel)
    with pytest.raises(grpc.RpcError) as caught:
        unary(busy_channel, "ModelInfer")(identity_request(), timeout=0.1)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert busy.result().model_name == "deep"
    after = wait_for_failure(busy_channel, before)
    assert after.execution_count == before.execution_count
    assert failures(after) == failures(before) + 1
    check_identity(infer(busy_channel, identity_request()))


def test_a_cancelled_request_never_runs(busy_channel: grpc.Channel) -> None:
    before = statistics(busy_channel, "identity")
    busy = occupy(busy_channel)
    waiting = unary(busy_channel, "ModelInfer").future(identity_request(), timeout=TIMEOUT_S)
    round_trip(busy_channel)
    assert waiting.cancel()
    assert busy.result().model_name == "deep"
    after = wait_for_failure(busy_channel, before)
    assert after.execution_count == before.execution_count
    assert failures(after) == failures(before) + 1
    check_identity(infer(busy_channel, identity_request()))


def test_a_deadline_in_the_past_is_refused(queue_gateway: GatewayProcess) -> None:
    """A client that does not look at its own clock."""
    request = framed(identity_request().SerializeToString())
    with RawConnection(queue_gateway.address) as raw:
        reply = raw.call(request, grpc_timeout="0n")
        assert reply.status == grpc.StatusCode.DEADLINE_EXCEEDED.value[0]
        assert reply.trailers["grpc-message"].startswith("the deadline of the call passed ")
        assert raw.call(request, grpc_timeout="30S").status == 0


def test_a_full_queue_says_when_to_come_back(busy_channel: grpc.Channel) -> None:
    busy = occupy(busy_channel)
    method = unary(busy_channel, "ModelInfer")
    waiting = [
        method.future(identity_request(), timeout=TIMEOUT_S) for _ in range(QUEUE_ITEMS_MAX + 3)
    ]
    refused = [call for call in waiting if call.code() is not grpc.StatusCode.OK]
    assert len(refused) == 3
    for call in refused:
        assert call.code() is grpc.StatusCode.UNAVAILABLE
        assert call.details() == (
            f"the queue of model 'identity' is full; the limit is {QUEUE_ITEMS_MAX} requests"
        )
        assert dict(call.trailing_metadata())["grpc-retry-pushback-ms"] == "50"
    assert busy.result().model_name == "deep"
    check_identity(infer(busy_channel, identity_request()))


def test_gzip_both_ways(channel: grpc.Channel) -> None:
    rows = np.zeros((1000, 4), np.float32)
    reply = infer(channel, identity_request(rows), compression=grpc.Compression.Gzip)
    check_identity(reply, rows)
    replies = stream(channel, [identity_request()] * 5, compression=grpc.Compression.Gzip)
    for one in replies:
        check_identity(one.infer_response)


def test_another_compression_is_refused_and_the_channel_goes_on(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        infer(channel, identity_request(), compression=grpc.Compression.Deflate)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert caught.value.details() == (
        "grpc-encoding 'deflate' is not supported; expected identity or gzip"
    )
    check_identity(infer(channel, identity_request()))


def test_pings_of_the_client(queue_gateway: GatewayProcess) -> None:
    """Answered while a call runs; a server that took them for a flood would end the connection."""
    options = [
        ("grpc.keepalive_time_ms", 50),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.use_local_subchannel_pool", 1),
    ]
    with grpc.insecure_channel(queue_gateway.address, options) as pinging:
        assert infer(pinging, deep_request(DEEP_ROWS)).model_name == "deep"
        check_identity(infer(pinging, identity_request()))


def test_a_channel_outlives_the_gateway(serve: Serve, identity_store: Path) -> None:
    """The drain says GOAWAY; the same channel then finds the next gateway on the address."""
    first = serve("--store", str(identity_store))
    with grpc.insecure_channel(first.address) as channel:
        check_identity(infer(channel, identity_request()))
        assert first.stop() == 0
        with pytest.raises(grpc.RpcError) as caught:
            infer(channel, identity_request())
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        second = serve("--store", str(identity_store), "--grpc", first.address)
        check_identity(infer(channel, identity_request(), wait_for_ready=True))
        assert second.stop() == 0


def connections_to(address: str) -> set[int]:
    """The local ports of this process's connections to `address`."""
    port = int(address.rpartition(":")[2])
    tables = [Path(f"/proc/self/net/{name}").read_text() for name in ("tcp", "tcp6")]
    rows = [line.split() for table in tables for line in table.splitlines()[1:]]
    ends = [(row[1], row[2]) for row in rows if row[3] == "01"]
    return {
        int(local.rpartition(":")[2], 16)
        for local, remote in ends
        if int(remote.rpartition(":")[2], 16) == port
    }


def test_no_call_fails_when_connections_are_retired_for_their_age(
    serve: Serve, identity_store: Path
) -> None:
    gateway = serve(
        "--store", str(identity_store), env={"TILTYARD_LIMITS_CONNECTION_AGE_MS_MAX": "300"}
    )
    seen: set[int] = set()
    give_up = time.monotonic() + TIMEOUT_S
    with grpc.insecure_channel(gateway.address) as channel:
        method = unary(channel, "ModelInfer")
        for number in itertools.count():
            futures = [method.future(identity_request(), timeout=TIMEOUT_S) for _ in range(8)]
            for future in futures:
                check_identity(future.result())
            seen |= connections_to(gateway.address)
            if len(seen) >= 3:
                break
            assert time.monotonic() < give_up, (number, seen)
    assert gateway.stop() == 0


def test_the_reply_is_compressed_when_both_sides_can(gateway: GatewayProcess) -> None:
    """What grpcio does not show: the headers and the flag of the reply."""
    request = identity_request(ROWS).SerializeToString()
    with RawConnection(gateway.address) as raw:
        both = raw.call(
            framed(gzip.compress(request), flag=1),
            grpc_encoding="gzip",
            grpc_accept_encoding="identity, deflate, gzip",
        )
        assert both.headers["grpc-encoding"] == "gzip"
        assert both.body[0] == 1
        check_identity(messages.ModelInferResponse.FromString(gzip.decompress(both.body[5:])))
        one = raw.call(framed(gzip.compress(request), flag=1), grpc_encoding="gzip")
        assert "grpc-encoding" not in one.headers
        check_identity(messages.ModelInferResponse.FromString(one.body[5:]))
