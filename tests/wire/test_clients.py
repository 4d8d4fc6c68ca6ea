"""Our asyncio client against a gateway: the same answers as from the synchronous one."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import grpc
import numpy as np
import pytest

from tests.wire.calls import ROWS, TIMEOUT_S
from tiltyard.client import AsyncInferenceClient, CallError, InferenceClient
from tiltyard.client.inference_client import make_request
from tiltyard.errors import ClientError
from tiltyard.ops.gateway_process import GatewayProcess


def run(
    gateway: GatewayProcess, work: Callable[[AsyncInferenceClient], Coroutine[Any, Any, None]]
) -> None:
    async def connected() -> None:
        async with AsyncInferenceClient(gateway.address) as client:
            await work(client)

    asyncio.run(asyncio.wait_for(connected(), TIMEOUT_S))


def test_many_at_once(gateway: GatewayProcess) -> None:
    async def work(client: AsyncInferenceClient) -> None:
        arrays = [np.full((1 + n % 3, 4), n, np.float32) for n in range(100)]
        replies = await asyncio.gather(
            *(client.infer("identity", {"x": x}, request_id=str(n)) for n, x in enumerate(arrays))
        )
        assert [reply.id for reply in replies] == [str(number) for number in range(100)]
        for array, reply in zip(arrays, replies, strict=True):
            np.testing.assert_array_equal(next(iter(reply.outputs.values())), array)

    run(gateway, work)


def test_every_question_is_answered_as_the_other_client_is(
    gateway: GatewayProcess, client: InferenceClient
) -> None:
    async def work(ours: AsyncInferenceClient) -> None:
        assert await ours.is_live() == client.is_live()
        assert await ours.is_ready() == client.is_ready()
        assert await ours.is_model_ready("w1", 1) == client.is_model_ready("w1", 1)
        assert await ours.server_metadata() == client.server_metadata()
        assert await ours.model_metadata("w1") == client.model_metadata("w1")
        assert await ours.model_config("w1", 1) == client.model_config("w1", 1)
        assert await ours.index(only_ready=True) == client.index(only_ready=True)
        names = [row.name for row in await ours.statistics()]
        assert names == [row.name for row in client.statistics()]
        sent = await ours.send(make_request("identity", {"x": ROWS}), timeout_s=TIMEOUT_S)
        assert sent.version == "1"

    run(gateway, work)


def test_refusals(gateway: GatewayProcess) -> None:
    async def work(client: AsyncInferenceClient) -> None:
        with pytest.raises(CallError, match="NOT_FOUND: model 'nobody' is not found") as caught:
            await client.infer("nobody", {"x": ROWS})
        assert caught.value.code is grpc.StatusCode.NOT_FOUND
        with pytest.raises(ClientError, match="numpy dtype complex64 has no datatype"):
            await client.infer("identity", {"x": ROWS.astype(np.complex64)})

    run(gateway, work)
