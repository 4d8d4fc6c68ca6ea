"""Connections of the operations port: bounded in number, and in what a peer can make them wait.

uvicorn waits for ever for a peer that sends half a request or does not read its answer. Here one
that has completed no request for SILENCE_S is closed, and one that does not take an answer for
WRITE_S is cut off.
"""

import asyncio
from dataclasses import dataclass
from typing import ClassVar, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

CONNECTIONS_MAX: Final = 64
SILENCE_S: Final = 90.0  # scrapes come every minute at the least
WRITE_S: Final = 30.0

_FULL = b"too many connections to the operations port\n"
_REFUSAL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"connection: close\r\nretry-after: 1\r\ncontent-length: %d\r\n\r\n%s" % (len(_FULL), _FULL)
)


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    connections_max: int = CONNECTIONS_MAX
    silence_s: float = SILENCE_S
    write_s: float = WRITE_S


@dataclass(slots=True)
class ConnectionCounts:
    """Written by the server's loop, read by anybody. All but `open` only grow."""

    open: int = 0
    accepted: int = 0
    refused: int = 0  # there were connections_max
    silent: int = 0  # closed, because no request came
    slow: int = 0  # cut off, because an answer was not read
    malformed: int = 0  # closed, because what came was not HTTP


class Connection(H11Protocol):
    """uvicorn's, with limits. A server makes a class of its own: see connection_class()."""

    limits: ClassVar[ConnectionLimits]
    counts: ClassVar[ConnectionCounts]
    _is_admitted = False
    _silence: asyncio.TimerHandle | None = None
    _slowness: asyncio.TimerHandle | None = None
    _last_cycle: object = None  # the last request's, when it was looked

    def connection_made(  # type: ignore[override]  # as uvicorn's
        self, transport: asyncio.Transport
    ) -> None:
        if self.counts.open >= self.limits.connections_max:
            self.counts.refused += 1
            transport.write(_REFUSAL)
            transport.close()
            return
        self._is_admitted = True
        self.counts.open += 1
        self.counts.accepted += 1
        super().connection_made(transport)
        self._silence = self.loop.call_later(self.limits.silence_s, self._look_for_requests)

    def data_received(self, data: bytes) -> None:
        if self._is_admitted:
            super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._silence, self._slowness):
            if timer is not None:
                timer.cancel()
        if self._is_admitted:
            self.counts.open -= 1
            super().connection_lost(exc)

    def pause_writing(self) -> None:
        if self._is_admitted:
            super().pause_writing()
            self._slowness = self.loop.call_later(self.limits.write_s, self._cut_off)

    def resume_writing(self) -> None:
        if self._slowness is not None:
            self._slowness.cancel()
            self._slowness = None
        if self._is_admitted:
            super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        self.counts.malformed += 1
        super().send_400_response(msg)

    def _look_for_requests(self) -> None:
        """Close it where no request has been begun since it was last looked, and none is open."""
        is_idle = self.cycle is None or self.cycle.response_complete
        if is_idle and self.cycle is self._last_cycle:
            self.counts.silent += 1
            self.transport.abort()
            return
        self._last_cycle = self.cycle
        self._silence = self.loop.call_later(self.limits.silence_s, self._look_for_requests)

    def _cut_off(self) -> None:
        self.counts.slow += 1
        self.transport.abort()


def connection_class(limits: ConnectionLimits, counts: ConnectionCounts) -> type[Connection]:
    """What uvicorn is to make of each connection."""
    return type("Connection", (Connection,), {"limits": limits, "counts": counts})
