"""A blocking iterator, read on a thread of its own and a bounded way ahead, for a coroutine."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar

AHEAD_MAX: Final = 64

Item = TypeVar("Item")
Open = Callable[[Callable[[], bool]], Iterator[Item]]


class Feed(Generic[Item]):
    """Inside, an async iterator over what `open_items(stop)` gives; leaving it stops the reader.

    The iterator has to end soon after stop() has become true. Entering raises what opening raises,
    and each step what the iterator raises. `enter(name)` is called first thing on the thread.
    """

    def __init__(
        self,
        open_items: Open[Item],
        *,
        ahead_max: int = AHEAD_MAX,
        enter: Callable[[str], None] | None = None,
    ) -> None:
        self._open_items = open_items
        self._enter = enter
        self._stopping = threading.Event()
        self._room = threading.Semaphore(ahead_max)
        self._read: asyncio.Queue[Callable[[], Item]] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        opened = loop.create_future()
        threading.Thread(
            target=self._run, args=(loop, opened), name="admin-watch", daemon=True
        ).start()
        try:
            await opened
        except BaseException:
            self.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        item = (await self._read.get())()
        self._room.release()
        return item

    def stop(self) -> None:
        """Let the iterator end. Idempotent."""
        self._stopping.set()
        self._room.release()

    def _run(self, loop: asyncio.AbstractEventLoop, opened: asyncio.Future[None]) -> None:
        def tell(work: Callable[..., None], *values: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody listens
                loop.call_soon_threadsafe(work, *values)

        try:
            if self._enter is not None:
                self._enter("admin-watch")
            items = self._open_items(self._stopping.is_set)
        except BaseException as error:  # noqa: BLE001 - whoever enters raises it
            tell(_settle, opened, error)
            return
        tell(_settle, opened, None)
        try:
            for item in items:
                self._room.acquire()
                if self._stopping.is_set():
                    break
                tell(self._read.put_nowait, lambda item=item: item)
        except BaseException as error:  # noqa: BLE001 - whoever iterates raises it
            tell(self._read.put_nowait, _raiser(error))
        else:
            tell(self._read.put_nowait, _raiser(StopAsyncIteration()))


def _settle(opened: asyncio.Future[None], error: BaseException | None) -> None:
    if opened.cancelled():
        return
    if error is None:
        opened.set_result(None)
    else:
        opened.set_exception(error)


def _raiser(error: BaseException) -> Callable[[], Any]:
    def fail() -> Any:
        raise error

    return fail
