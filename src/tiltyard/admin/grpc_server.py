"""The grpc.aio server of the admin port: the admin service, health and reflection."""

import asyncio
import socket
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import grpc
import grpc.aio

from tiltyard.admin.health import Health
from tiltyard.admin.lanes import Enter
from tiltyard.admin.server import AdminOptions
from tiltyard.admin.service import AdminService, OnBug
from tiltyard.admin.upload import UploadLimits
from tiltyard.admin.upload_folder import sweep
from tiltyard.config import split_address
from tiltyard.control.interface import ControlInterface
from tiltyard.errors import ServeError
from tiltyard.monitor.interface import Monitoring
from tiltyard.protocol import messages
from tiltyard.protocol.admin_limits import REPLY_BYTES_MAX, REQUEST_BYTES_MAX
from tiltyard.protocol.reflection import reflect

FILE_THREADS: Final = 4

_OPTIONS: Final = (
    ("grpc.so_reuseport", 0),  # a second gateway on the port has to fail, not to share it
    ("grpc.max_receive_message_length", REQUEST_BYTES_MAX),
    ("grpc.max_send_message_length", REPLY_BYTES_MAX),
    # A watch whose client has vanished is found out.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
)


class GrpcServer:
    """Made, started and stopped on one event loop.

    The threads that grpc makes have the priority of the loop's thread.
    """

    def __init__(
        self,
        control: ControlInterface,
        options: AdminOptions,
        on_bug: OnBug,
        enter_background: Enter,
        monitoring: Monitoring | None = None,
    ) -> None:
        self._options = options
        # Uploads are hashed and written on these.
        pool = ThreadPoolExecutor(
            FILE_THREADS, initializer=enter_background, initargs=("admin-files",)
        )
        asyncio.get_running_loop().set_default_executor(pool)
        self._health = Health()
        self._service = AdminService(
            control,
            on_bug,
            enter_background=enter_background,
            limits=options.upload_limits or UploadLimits(),
            upload_folder=options.upload_folder,
            monitoring=monitoring,
        )
        self._server = grpc.aio.server(options=_OPTIONS)
        self._server.add_generic_rpc_handlers(
            (
                self._service.handler(),
                self._health.handler(),
                *map(_reflection, messages.REFLECTION_SERVICES),
            )
        )

    async def start(self) -> str:
        """Listen; the address that was bound. Raises ServeError."""
        await asyncio.to_thread(sweep, self._options.upload_folder)
        address = self._options.address
        try:
            host, _ = split_address(address)
            port = self._bind(address)
        except (RuntimeError, ValueError) as error:
            raise ServeError(
                f"cannot listen on {address} for the admin API: {_why_not(address) or error}"
            ) from error
        await self._server.start()
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def stop(self, grace_s: float) -> None:
        """Serve no more: health says so, watches end, calls under way get `grace_s`."""
        self._health.stop()
        self._service.stop_watches()
        await self._server.stop(grace_s)

    def _bind(self, address: str) -> int:
        tls = self._options.tls
        if tls is None:
            port: int = self._server.add_insecure_port(address)
        else:
            credentials = grpc.ssl_server_credentials(
                [(tls.key, tls.cert)], tls.client_ca, tls.client_ca is not None
            )
            port = self._server.add_secure_port(address, credentials)
        return port


def _why_not(address: str) -> str:
    """The system's reason against binding an address, which grpc keeps to itself."""
    try:
        host, port = split_address(address)
        family, kind, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.bind(where)
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    return ""


def _reflection(service: str) -> Any:
    """The handler of a version of server reflection."""
    package = service.rpartition(".")[0]

    async def answer(requests: AsyncIterator[Any], context: Any) -> None:
        async for request in requests:
            await context.write(reflect(request, package, messages.ADMIN_SERVICES))

    method = grpc.stream_stream_rpc_method_handler(
        answer,
        request_deserializer=messages.message_class(
            f"{package}.ServerReflectionRequest"
        ).FromString,
        response_serializer=messages.message_class(
            f"{package}.ServerReflectionResponse"
        ).SerializeToString,
    )
    return grpc.method_handlers_generic_handler(service, {"ServerReflectionInfo": method})
