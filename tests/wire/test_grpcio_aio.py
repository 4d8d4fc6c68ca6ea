"""grpcio's asyncio client: the same gateway, another client core around the same calls."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import grpc
import grpc.aio
import numpy as np
import pytest

from tests.wire.calls import (
    TIMEOUT_S,
    UNLIMITED,
    check_identity,
    deep_request,
    identity_request,
    stream_infer,
    unary,
)
from tests.wire.conftest import DEEP_ROWS
from tiltyard.ops.gateway_process import GatewayProcess
from tiltyard.protocol import messages


def run(work: Coroutine[Any, Any, None]) -> None:
    """The coroutine of a test, ended when something never comes."""
    asyncio.run(asyncio.wait_for(work, 2 * TIMEOUT_S))


def open_channel(gateway: GatewayProcess) -> grpc.aio.Channel:
    return grpc.aio.insecure_channel(gateway.address, UNLIMITED)


def rows_of(number: int) -> Any:
    return np.full((1 + number % 3, 4), number, np.float32)


async def check_call(channel: grpc.aio.Channel, number: int = 1, **options: Any) -> None:
    request = identity_request(rows_of(number), request_id=str(number))
    reply = await unary(channel, "ModelInfer")(request, timeout=TIMEOUT_S, **options)
    assert reply.id == str(number)
    check_identity(reply, rows_of(number))


def test_many_calls_at_once(gateway: GatewayProcess) -> None:
    async def work() -> None:
        async with open_channel(gateway) as channel:
            await asyncio.gather(*(check_call(channel, number) for number in range(200)))

    run(work())


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_streams_by_turns_side_by_side(
    gateway: GatewayProcess, compression: grpc.Compression
) -> None:
    """20 streams; each writes, reads the reply, and writes again."""

    async def talk(channel: grpc.aio.Channel) -> None:
        call = stream_infer(channel)(timeout=TIMEOUT_S, compression=compression)
        for number in range(10):
            await call.write(identity_request(rows_of(number)))
            reply = await call.read()
            check_identity(reply.infer_response, rows_of(number))
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF
        assert await call.code() is grpc.StatusCode.OK

    async def work() -> None:
        async with open_channel(gateway) as channel:
            await asyncio.gather(*(talk(channel) for _ in range(20)))

    run(work())


def test_a_stream_of_an_async_iterator(gateway: GatewayProcess) -> None:
    async def requests() -> AsyncIterator[Any]:
        for number in range(100):
            yield identity_request(rows_of(number), request_id=str(number))

    async def work() -> None:
        async with open_channel(gateway) as channel:
            call = stream_infer(channel)(requests(), timeout=TIMEOUT_S)
            ids = [reply.infer_response.id async for reply in call]
            assert ids == [str(number) for number in range(100)]

    run(work())


def test_a_mistake_and_a_good_call_beside_it(gateway: GatewayProcess) -> None:
    async def mistake(channel: grpc.aio.Channel) -> None:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await unary(channel, "ModelInfer")(messages.ModelInferRequest(model_name="nobody"))
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND
        assert caught.value.details() == "model 'nobody' is not found"

    async def work() -> None:
        async with open_channel(gateway) as channel:
            calls = [[mistake(channel), check_call(channel, number)] for number in range(20)]
            await asyncio.gather(*(call for pair in calls for call in pair))

    run(work())


def test_gzip(gateway: GatewayProcess) -> None:
    async def work() -> None:
        async with open_channel(gateway) as channel:
            await check_call(channel, compression=grpc.Compression.Gzip)

    run(work())


async def statistics(channel: grpc.aio.Channel) -> tuple[int, int]:
    """Runs and failures of `identity`."""
    request = messages.ModelStatisticsRequest(name="identity")
    reply = await unary(channel, "ModelStatistics")(request, timeout=TIMEOUT_S)
    (found,) = reply.model_stats
    return found.execution_count, found.inference_stats.fail.count


async def occupy(channel: grpc.aio.Channel) -> Any:
    """Keep the worker busy; when this returns the gateway has taken the request."""
    busy = unary(channel, "ModelInfer")(deep_request(DEEP_ROWS), timeout=TIMEOUT_S)
    await round_trip(channel)
    return busy


async def round_trip(channel: grpc.aio.Channel) -> None:
    """When this returns, the gateway has read what was sent on the connection before."""
    await unary(channel, "ServerLive")(messages.ServerLiveRequest(), timeout=TIMEOUT_S)


async def wait_for_failure(channel: grpc.aio.Channel, before: int) -> tuple[int, int]:
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            runs, failures = await statistics(channel)
            if failures > before:
                return runs, failures


def test_an_expired_request_never_runs(queue_gateway: GatewayProcess) -> None:
    async def work() -> None:
        async with open_channel(queue_gateway) as channel:
            runs, failures = await statistics(channel)
            busy = await occupy(channel)
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await unary(channel, "ModelInfer")(identity_request(), timeout=0.1)
            assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            assert (await busy).model_name == "deep"
            assert await wait_for_failure(channel, failures) == (runs, failures + 1)
            await check_call(channel)

    run(work())


def test_a_cancelled_request_never_runs(queue_gateway: GatewayProcess) -> None:
    async def work() -> None:
        async with open_channel(queue_gateway) as channel:
            runs, failures = await statistics(channel)
            busy = await occupy(channel)
            waiting = unary(channel, "ModelInfer")(identity_request(), timeout=TIMEOUT_S)
            await round_trip(channel)
            assert waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert (await busy).model_name == "deep"
            assert await wait_for_failure(channel, failures) == (runs, failures + 1)
            await check_call(channel)

    run(work())
