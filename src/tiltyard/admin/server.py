"""The admin port: an event loop on a thread of its own.

The loop and rollbacks keep the priority of the thread that starts the server, because a rollback
has to be over in milliseconds on a machine that is busy serving, where a thread at nice 19 was seen
to wait for 230 of them. All else, the import of grpc included, happens on threads at background
priority. Importing this module brings neither grpc nor protobuf.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tiltyard.errors import ServeError

if TYPE_CHECKING:
    from tiltyard.admin.upload import UploadLimits
    from tiltyard.control.interface import ControlInterface
    from tiltyard.monitor.interface import Monitoring

DEFAULT_ADDRESS: Final = "127.0.0.1:8003"
GRACE_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM texts. With `client_ca` only clients that it signed are let in."""

    cert: bytes
    key: bytes
    client_ca: bytes | None = None


@dataclass(frozen=True, slots=True)
class AdminOptions:
    """Where to listen (port 0 picks a free one) and how; uploads lie in `upload_folder`."""

    address: str = DEFAULT_ADDRESS
    tls: TlsFiles | None = None
    upload_folder: Path | None = None
    upload_limits: "UploadLimits | None" = None


class AdminServer:
    """Serves a Control. Started once, by a thread of normal priority, and stopped once.

    Without `monitoring` calls about drift are refused.

    `on_bug(method, error)` is told of exceptions that no caller is shown, on any thread.
    `enter_priority(name)` gives the calling thread its low priority and a name,
    `enter_control(name)` that of the loop, which answers rollbacks.
    """

    def __init__(
        self,
        control: "ControlInterface",
        options: AdminOptions,
        *,
        on_bug: Callable[[str, BaseException], None],
        enter_priority: Callable[[str], None],
        enter_control: Callable[[str], None] = lambda _: None,
        monitoring: "Monitoring | None" = None,
    ) -> None:
        self._control = control
        self._options = options
        self._on_bug = on_bug
        self._enter_priority = enter_priority
        self._enter_control = enter_control
        self._monitoring = monitoring
        self._thread = threading.Thread(target=self._run, name="admin", daemon=True)
        self._bound: Future[str] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._grace_s = GRACE_S

    def start(self) -> None:
        """Begin to listen, on the thread; returns at once."""
        self._thread.start()

    def wait_listening(self, timeout_s: float = 30.0) -> str:
        """The address, once it is bound. Raises ServeError when it cannot be, or not in time."""
        try:
            return self._bound.result(timeout_s)
        except TimeoutError:
            raise ServeError(f"the admin port did not open in {timeout_s:g} s") from None

    def stop(self, grace_s: float = GRACE_S) -> bool:
        """End the watches, give calls `grace_s` to finish, close; whether all did. Idempotent."""
        if self._thread.ident is None:
            return True
        self._grace_s = grace_s
        with contextlib.suppress(ServeError):
            self.wait_listening(grace_s)
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(grace_s + 1.0)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._enter_control("admin")  # grpc's own threads inherit it
            importing = threading.Thread(target=self._import, name="admin-import", daemon=True)
            importing.start()
            importing.join()
            asyncio.run(self._serve())
        except ServeError as error:
            self._bound.set_exception(error)
        except Exception as error:  # noqa: BLE001 - the log has it, and whoever waits for the port
            self._on_bug("admin", error)
            if not self._bound.done():
                self._bound.set_exception(ServeError(f"the admin API cannot start: {error}"))

    def _import(self) -> None:
        self._enter_priority("admin-import")
        with contextlib.suppress(ImportError):  # _serve() will say it
            import_module("tiltyard.admin.grpc_server")

    async def _serve(self) -> None:
        from tiltyard.admin.grpc_server import GrpcServer

        self._loop = asyncio.get_running_loop()
        server = GrpcServer(
            self._control, self._options, self._on_bug, self._enter_priority, self._monitoring
        )
        self._bound.set_result(await server.start())
        await self._stopping.wait()
        await server.stop(self._grace_s)
