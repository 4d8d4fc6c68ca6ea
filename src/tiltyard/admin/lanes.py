"""Threads for blocking calls: the event loop never blocks, and a rollback never waits for a load.

A lane bounds how many calls of one sort are under way. Each call has a daemon thread of its own, so
that one that hangs holds up neither another lane nor the end of the process. It has the priority of
the loop's thread, unless `enter` gives it another: on a busy machine a thread at nice 19 waits for
tens of milliseconds, which a rollback must not.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from tiltyard.control.errors import Reason, UnavailableError

Result = TypeVar("Result")
Enter = Callable[[str], None]


class Lane:
    """Blocking calls for one event loop: `threads_max` at once, and `waiting_max` in line.

    `enter(name)` is called first thing on each thread.
    """

    def __init__(
        self, name: str, *, threads_max: int, waiting_max: int = 0, enter: Enter | None = None
    ) -> None:
        self._name = name
        self._enter = enter
        self._calls_max = threads_max + waiting_max
        self._calls = 0  # under way and in line
        self._free = asyncio.Semaphore(threads_max)

    async def run(self, work: Callable[[], Result]) -> Result:
        """What `work` returns or raises. It goes on when the caller no longer waits for it.

        Raises UnavailableError (BUSY) when the line is full.
        """
        if self._calls >= self._calls_max:
            raise UnavailableError(
                f"{self._calls} calls of the sort {self._name!r} are under way or wait;"
                f" expected fewer than {self._calls_max}",
                Reason.BUSY,
            )
        self._calls += 1
        try:
            await self._free.acquire()
        except asyncio.CancelledError:
            self._calls -= 1
            raise
        result: Result
        result, error = await self._start(work)
        if error is not None:
            raise error
        return result

    def _start(self, work: Callable[[], Any]) -> asyncio.Future[Any]:
        """Of the result and None, or of None and the error."""
        loop = asyncio.get_running_loop()
        done = loop.create_future()

        def settle(result: Any, error: BaseException | None) -> None:
            self._calls -= 1
            self._free.release()
            if not done.cancelled():
                done.set_result((result, error))

        def run() -> None:
            result, error = None, None
            try:
                if self._enter is not None:
                    self._enter(f"admin-{self._name}")
                result = work()
            except BaseException as raised:  # noqa: BLE001 - whoever waits raises it
                error = raised
            with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits
                loop.call_soon_threadsafe(settle, result, error)

        threading.Thread(target=run, name=f"admin-{self._name}", daemon=True).start()
        return done
