"""grpc.health.v1 on the admin port: the server, "", and the admin service serve until it stops."""

import asyncio
from typing import Any, Final

import grpc

from tiltyard.protocol import messages

_PACKAGE: Final = messages.HEALTH_SERVICE.rpartition(".")[0]
_KNOWN: Final = ("", messages.ADMIN_SERVICE)


class Health:
    """Answers Check and Watch. Used on the event loop alone."""

    def __init__(self) -> None:
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Tell everybody who asks or watches that this serves no more."""
        self._stopping.set()

    def handler(self) -> Any:
        """The service for a server's add_generic_rpc_handlers()."""
        coding = {
            "request_deserializer": _message("HealthCheckRequest").FromString,
            "response_serializer": _message("HealthCheckResponse").SerializeToString,
        }
        methods = {
            "Check": grpc.unary_unary_rpc_method_handler(self._check, **coding),
            "Watch": grpc.unary_stream_rpc_method_handler(self._watch, **coding),
        }
        return grpc.method_handlers_generic_handler(messages.HEALTH_SERVICE, methods)

    async def _check(self, request: Any, context: Any) -> Any:
        if request.service not in _KNOWN:
            text = f"service {request.service!r} is not known to the health check"
            await context.abort(grpc.StatusCode.NOT_FOUND, text)
        return self._now()

    async def _watch(self, request: Any, context: Any) -> None:
        if request.service not in _KNOWN:
            await context.write(_answer("SERVICE_UNKNOWN"))
        elif not self._stopping.is_set():
            await context.write(self._now())
        await self._stopping.wait()
        if request.service in _KNOWN:
            await context.write(self._now())

    def _now(self) -> Any:
        return _answer("NOT_SERVING" if self._stopping.is_set() else "SERVING")


def _message(name: str) -> Any:
    return messages.message_class(f"{_PACKAGE}.{name}")


def _answer(status: str) -> Any:
    return _message("HealthCheckResponse")(status=status)
