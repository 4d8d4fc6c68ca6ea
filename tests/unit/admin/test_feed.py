"""Feeds: a blocking iterator for a coroutine, bounded ahead, ended from either side."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from tiltyard.admin.feed import Feed

TIMEOUT_S = 20.0

Stop = Callable[[], bool]


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), TIMEOUT_S))


def test_all_items_in_order() -> None:
    async def work() -> None:
        async with Feed(lambda _: iter(range(1_000)), ahead_max=3) as feed:
            assert [item async for item in feed] == list(range(1_000))

    run(work)


def test_it_reads_a_bounded_way_ahead() -> None:
    taken: list[int] = []
    more = threading.Event()

    def items(_: Stop) -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            if number == 4:
                more.set()
            yield number

    async def work() -> None:
        async with Feed(items, ahead_max=4) as feed:
            assert await asyncio.to_thread(more.wait, TIMEOUT_S)
            assert len(taken) == 5  # four are ahead, and one is in its hand
            assert await anext(feed) == 0

    run(work)


def test_what_opening_raises_is_raised_on_entering() -> None:
    def fail(_: Stop) -> Iterator[int]:
        raise KeyError("no such model")

    async def work() -> None:
        with pytest.raises(KeyError, match="no such model"):
            async with Feed(fail):
                pass

    run(work)


def test_what_the_iterator_raises_is_raised_in_its_place() -> None:
    def items(_: Stop) -> Iterator[int]:
        yield 1
        raise KeyError("broken")

    async def work() -> None:
        async with Feed(items) as feed:
            assert await anext(feed) == 1
            with pytest.raises(KeyError, match="broken"):
                await anext(feed)

    run(work)


@pytest.mark.parametrize("ahead_max", [1, 64])
def test_leaving_ends_the_reader(ahead_max: int) -> None:
    ended = threading.Event()

    def items(stop: Stop) -> Iterator[int]:
        try:
            while not stop():
                yield 1
        finally:
            ended.set()

    async def work() -> None:
        async with Feed(items, ahead_max=ahead_max) as feed:
            assert await anext(feed) == 1
        assert await asyncio.to_thread(ended.wait, TIMEOUT_S)

    run(work)


def test_stopping_ends_the_iteration() -> None:
    def items(stop: Stop) -> Iterator[int]:
        yield 1
        while not stop():
            threading.Event().wait(0.001)

    async def work() -> None:
        async with Feed(items) as feed:
            assert await anext(feed) == 1
            feed.stop()
            assert [item async for item in feed] == []

    run(work)


def test_a_reader_may_outlive_its_loop() -> None:
    go, ended = threading.Event(), threading.Event()

    def items(_: Stop) -> Iterator[int]:
        try:
            go.wait()
            yield 1
        finally:
            ended.set()

    async def work() -> None:
        async with Feed(items):
            pass

    run(work)
    go.set()
    assert ended.wait(TIMEOUT_S)
