"""The operations port: an HTTP server on a thread of its own, at background priority.

Importing this module brings neither uvicorn nor starlette; the thread imports them.
"""

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from tiltyard.config import split_address
from tiltyard.errors import ServeError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from tiltyard.ops.http_connection import ConnectionLimits

DEFAULT_ADDRESS: Final = "127.0.0.1:8000"
GRACE_S: Final = 2.0
BACKLOG: Final = 128
REQUEST_HEAD_BYTES_MAX: Final = 16 * 1024


class HttpServer:
    """Started once and stopped once; from any thread.

    `make_app` makes the application, on the server's thread. `on_bug(where, error)` is told why a
    server has ended that nobody stopped. `enter_priority(name)` gives the calling thread its low
    priority and a name.
    """

    def __init__(
        self,
        address: str,
        make_app: "Callable[[], ASGIApp]",
        *,
        on_bug: Callable[[str, BaseException], None],
        enter_priority: Callable[[str], None],
        limits: "ConnectionLimits | None" = None,
    ) -> None:
        self._wanted = address
        self._make_app = make_app
        self._on_bug = on_bug
        self._enter_priority = enter_priority
        self._limits = limits
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)
        self._socket: socket.socket | None = None
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_stopped = False
        self._counts: Any = None
        self.address = ""

    def start(self) -> str:
        """Listen, and begin to answer soon; the address that was bound. Raises ServeError."""
        host, port = split_address(self._wanted)
        try:
            family, kind, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            self._socket = socket.socket(family, kind)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind(where)
            self._socket.listen(BACKLOG)  # who comes while uvicorn is imported waits
        except OSError as error:
            if self._socket is not None:
                self._socket.close()
            raise ServeError(
                f"cannot listen on {self._wanted} for HTTP: {error.strerror or error}"
            ) from error
        bound = self._socket.getsockname()[1]
        self.address = f"[{host}]:{bound}" if ":" in host else f"{host}:{bound}"
        self._thread.start()
        return self.address

    def stop(self, grace_s: float = GRACE_S) -> bool:
        """Let answers under way end for `grace_s`, and close; whether all did. Idempotent."""
        self._is_stopped = True
        if self._thread.ident is None:
            return True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(grace_s + 1.0)
        return not self._thread.is_alive()

    def counters(self) -> dict[str, int]:
        """Of connections: see ConnectionCounts. Empty until the server runs."""
        return asdict(self._counts) if self._counts is not None else {}

    def _run(self) -> None:
        try:
            self._enter_priority("http")
            asyncio.run(self._serve())
        except Exception as error:  # noqa: BLE001 - the log has it; the gateway serves on
            self._on_bug("http", error)
        finally:
            if self._socket is not None:
                self._socket.close()

    async def _serve(self) -> None:
        import uvicorn

        from tiltyard.ops.http_connection import (
            ConnectionCounts,
            ConnectionLimits,
            connection_class,
        )

        limits = self._limits or ConnectionLimits()
        self._counts = ConnectionCounts()
        # Requests that are not HTTP are counted, and the application tells of its own mistakes.
        logging.getLogger("uvicorn").propagate = False
        logging.getLogger("uvicorn").addHandler(logging.NullHandler())
        server = uvicorn.Server(
            uvicorn.Config(
                self._make_app(),
                http=connection_class(limits, self._counts),
                ws="none",
                lifespan="off",
                loop="none",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=int(limits.silence_s),
                timeout_graceful_shutdown=int(GRACE_S),
                h11_max_incomplete_event_size=REQUEST_HEAD_BYTES_MAX,
            )
        )
        self._loop = asyncio.get_running_loop()
        serving = asyncio.create_task(server.serve(sockets=[self._socket] if self._socket else []))
        if not self._is_stopped:  # stop() looks for the loop after it has said so
            stopping = asyncio.create_task(self._stopping.wait())
            await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
        server.should_exit = True
        await serving
