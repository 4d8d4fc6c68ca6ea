"""Lanes: blocking calls beside a loop that goes on, bounded, and not in each other's way."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tiltyard.admin.lanes import Lane
from tiltyard.control.errors import Reason, UnavailableError

TIMEOUT_S = 20.0


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), TIMEOUT_S))


def test_results_and_errors_come_back() -> None:
    def fail() -> None:
        raise StopIteration("even this one")

    async def work() -> None:
        lane = Lane("read", threads_max=1)
        assert await lane.run(lambda: 7) == 7
        with pytest.raises(KeyError):
            await lane.run(lambda: {"y": 1}["x"])
        with pytest.raises(RuntimeError, match="raised StopIteration"):
            await lane.run(fail)
        assert await lane.run(lambda: threading.current_thread().name) == "admin-read"
        assert await lane.run(lambda: threading.current_thread().daemon)

    run(work)


def test_so_many_at_once_then_in_line_then_none() -> None:
    async def work() -> None:
        lane, go, begun = Lane("load", threads_max=2, waiting_max=1), threading.Event(), []

        def load() -> None:
            begun.append(1)
            go.wait()

        under_way = [asyncio.create_task(lane.run(load)) for _ in range(3)]
        while len(begun) < 2:
            await asyncio.sleep(0)
        with pytest.raises(UnavailableError, match="3 calls of the sort 'load'") as caught:
            await lane.run(load)
        assert caught.value.reason is Reason.BUSY
        assert len(begun) == 2
        go.set()
        await asyncio.gather(*under_way)
        assert len(begun) == 3
        assert await lane.run(lambda: "free again") == "free again"

    run(work)


def test_a_call_that_nobody_waits_for_keeps_its_place_until_it_ends() -> None:
    async def work() -> None:
        lane, go, ended = Lane("load", threads_max=1), threading.Event(), threading.Event()

        def load() -> None:
            go.wait()
            ended.set()

        task = asyncio.create_task(lane.run(load))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(UnavailableError):
            await lane.run(load)
        go.set()
        assert await asyncio.to_thread(ended.wait, TIMEOUT_S)
        await _free(lane)

    run(work)


def test_one_that_gives_up_in_line_leaves_the_line() -> None:
    async def work() -> None:
        lane, go = Lane("change", threads_max=1, waiting_max=1), threading.Event()
        first = asyncio.create_task(lane.run(go.wait))
        await asyncio.sleep(0)
        second = asyncio.create_task(lane.run(go.wait))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        third = asyncio.create_task(lane.run(lambda: "third"))
        go.set()
        assert await first
        assert await third == "third"

    run(work)


def test_a_call_may_outlive_its_loop() -> None:
    go, ended = threading.Event(), threading.Event()

    def load() -> None:
        go.wait()
        ended.set()

    async def work() -> None:
        task = asyncio.create_task(Lane("load", threads_max=1).run(load))
        await asyncio.sleep(0)
        task.cancel()

    run(work)
    go.set()
    assert ended.wait(TIMEOUT_S)


async def _free(lane: Lane) -> None:
    """Until the lane takes a call again."""
    while True:
        try:
            await lane.run(lambda: None)
        except UnavailableError:
            await asyncio.sleep(0)
        else:
            return
