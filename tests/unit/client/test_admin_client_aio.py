"""AsyncAdminClient: what AdminClient does, on an event loop, many at once."""

import asyncio
import inspect
import threading
from collections.abc import Callable, Coroutine, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.unit.admin.serving import TIMEOUT_S, Served, serving
from tiltyard.client import AdminClient, AsyncAdminClient
from tiltyard.client.admin_errors import (
    AdminEpochError,
    AdminExistsError,
    AdminNotFoundError,
    AdminTimeoutError,
    AdminUnavailableError,
)
from tiltyard.control.views import OutputRule, Share
from tiltyard.errors import ClientError


@pytest.fixture
def served() -> Iterator[Served]:
    with serving() as found:
        found.control.add("fraud", 1, 2, 3)
        yield found


def run(served: Served, work: Callable[[AsyncAdminClient], Coroutine[Any, Any, None]]) -> None:
    async def connected() -> None:
        async with AsyncAdminClient(served.address, actor="anna") as client:
            await work(client)

    asyncio.run(asyncio.wait_for(connected(), TIMEOUT_S))


def public(kind: type) -> dict[str, inspect.Signature]:
    return {
        name: inspect.signature(method).replace(return_annotation=None)
        for name, method in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }


def test_it_has_the_methods_of_the_synchronous_client() -> None:
    assert public(AsyncAdminClient) == public(AdminClient)
    for name in public(AsyncAdminClient):
        assert inspect.iscoroutinefunction(getattr(AsyncAdminClient, name)), name


def test_every_method(served: Served) -> None:
    async def work(client: AsyncAdminClient) -> None:
        (model,) = await client.list_models(timeout_s=TIMEOUT_S)
        assert model == await client.get_model("fraud")
        await client.load_version("fraud", 3)
        await client.unload_version("fraud", 3)
        within = OutputRule("score", "tolerance", 0.5)
        route = await client.start_challenge("fraud", 3, "shadow", compare=[within])
        assert route.challengers[0].compare == (within,)
        route = await client.update_challenge("fraud", 3, compare=[])
        assert route.challengers[0].compare == ()
        await client.stop_challenge("fraud", 3)
        await client.start_challenge("fraud", 2, "canary", share=Decimal(5), split="key")
        route = await client.update_challenge("fraud", 2, share=50)
        assert route.challengers[0].share == Share(32_768)
        route = await client.promote("fraud")
        assert route.champion is not None
        assert route.champion.version == 2
        assert await client.get_route() == [route]
        await client.set_champion("fraud", 3)
        route = await client.rollback("fraud", "previous")
        assert route.champion is not None
        assert route.champion.version == 2
        assert [row.model for row in await client.get_statistics("fraud")] == ["fraud"]
        await client.drain()
        assert served.control.drained_by == "anna"

    run(served, work)


def test_two_operators_at_once(served: Served) -> None:
    async def work(client: AsyncAdminClient) -> None:
        tasks = [client.set_champion("fraud", 2, expected_epoch=3) for _ in range(10)]
        found = await asyncio.gather(*tasks, return_exceptions=True)
        lost = [error for error in found if isinstance(error, AdminEpochError)]
        assert len(lost) == 9
        assert {error.epoch_now for error in lost} == {4}
        assert {change.actor for error in lost for change in error.changes} == {"anna"}

    run(served, work)


def test_errors(served: Served) -> None:
    async def work(client: AsyncAdminClient) -> None:
        with pytest.raises(AdminNotFoundError) as caught:
            await client.get_route("churn")
        assert (caught.value.reason, caught.value.to_do[:4]) == ("MODEL_NOT_FOUND", "List")
        served.control.block = threading.Event()
        with pytest.raises(AdminTimeoutError) as timed_out:
            await client.set_champion("fraud", 2, timeout_s=1.0)
        assert timed_out.value.reason == "LOAD_TIMEOUT"
        served.control.block.set()

    run(served, work)


def test_publishing(served: Served, tmp_path: Path) -> None:
    model = tmp_path / "fraud.onnx"
    model.write_bytes(b"m" * 2_500_000)

    async def work(client: AsyncAdminClient) -> None:
        told: list[int] = []
        view = await client.publish_version(
            "fraud", model, on_progress=lambda sent, _: told.append(sent)
        )
        assert (view.version, told[-1]) == (4, 2_500_000)
        assert served.control.uploaded["fraud", 4] == {"model.onnx": model.read_bytes()}
        with pytest.raises(AdminExistsError):
            await client.publish_version("fraud", model, version=4)
        with pytest.raises(ClientError, match="cannot read"):
            await client.publish_version("fraud", tmp_path / "gone")

    run(served, work)


def test_a_file_that_goes_while_it_is_sent(served: Served, tmp_path: Path) -> None:
    model, rows = tmp_path / "fraud.onnx", tmp_path / "rows.npy"
    model.write_bytes(b"m")
    rows.write_bytes(b"r")

    async def work(client: AsyncAdminClient) -> None:
        with pytest.raises(ClientError, match=r"cannot read .*rows\.npy"):
            await client.publish_version(
                "fraud", model, samples=rows, on_progress=lambda *_: rows.unlink()
            )

    run(served, work)


def test_watches(served: Served) -> None:
    async def work(client: AsyncAdminClient) -> None:
        now = await client.watch(model="fraud")
        served.control.record("fraud", "promote")
        assert (await anext(now)).seq == 4
        now.close()
        assert [event.seq async for event in now] == []
        async with await client.watch(after_seq=1) as watch:
            assert [(await anext(watch)).seq for _ in range(3)] == [2, 3, 4]
        assert [event.seq async for event in await client.watch(0, follow=False)] == [1, 2, 3, 4]
        with pytest.raises(AdminNotFoundError):
            await client.watch(model="churn")

    run(served, work)


def test_a_watch_is_closed_while_it_waits(served: Served) -> None:
    async def work(client: AsyncAdminClient) -> None:
        watch = await client.watch()

        async def read() -> list[int]:
            return [event.seq async for event in watch]

        reading = asyncio.create_task(read())
        await asyncio.sleep(0)
        watch.close()
        assert await reading == []

    run(served, work)


def test_a_task_that_watches_can_be_cancelled(served: Served) -> None:
    async def work(client: AsyncAdminClient) -> None:
        watch = await client.watch()
        reading = asyncio.create_task(watch.__anext__())
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    run(served, work)


def test_a_watch_ends_with_its_gateway(served: Served) -> None:
    async def work(client: AsyncAdminClient) -> None:
        watch = await client.watch()
        stopping = asyncio.create_task(asyncio.to_thread(served.server.stop))
        with pytest.raises(AdminUnavailableError, match="is stopping"):
            await anext(watch)
        await stopping

    run(served, work)
