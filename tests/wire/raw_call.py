"""One gRPC call after another over h2, for what no gRPC library would send or show."""

import socket
import struct
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import h2.config
import h2.connection
import h2.events

from tests.wire.calls import TIMEOUT_S
from tiltyard.protocol import messages

INFER_PATH = messages.method_path("ModelInfer")
Headers = dict[str, str]


def framed(message: bytes, *, flag: int = 0) -> bytes:
    """A gRPC message with its five bytes before it; `flag` 1 says that it is compressed."""
    return struct.pack(">BI", flag, len(message)) + message


@dataclass
class RawReply:
    """What came back on one stream; `trailers` are the headers where there was nothing else."""

    headers: Headers = field(default_factory=dict)
    trailers: Headers = field(default_factory=dict)
    body: bytes = b""

    @property
    def status(self) -> int:
        """grpc-status."""
        return int(self.trailers["grpc-status"])


class RawConnection:
    """An HTTP/2 connection without TLS. A context manager."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=TIMEOUT_S)
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self._h2.initiate_connection()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def call(self, body: bytes, *, path: str = INFER_PATH, **headers: str | None) -> RawReply:
        """Send `body` and end the stream; wait for its answer.

        `headers` change the usual ones, None takes one away; `_` stands for `-`, and `method` is
        the HTTP method.
        """
        stream = self._h2.get_next_available_stream_id()
        self._h2.send_headers(stream, list(_headers(path, headers).items()), end_stream=not body)
        while body:
            # Every message here is smaller than the windows that the server opens with.
            part, body = body[: self._h2.max_outbound_frame_size], body[16_384:]
            self._h2.send_data(stream, part, end_stream=not body)
        self._send()
        return self._receive(stream)

    def _send(self) -> None:
        self._socket.sendall(self._h2.data_to_send())

    def _receive(self, stream: int) -> RawReply:
        reply = RawReply()
        while True:
            read = self._socket.recv(65_536)
            if not read:
                raise ConnectionError("the server closed the connection before it answered")
            for event in self._h2.receive_data(read):
                if isinstance(event, h2.events.ConnectionTerminated):
                    raise ConnectionError(f"the server ended the connection: {event}")
                if isinstance(event, h2.events.DataReceived):
                    self._h2.acknowledge_received_data(event.flow_controlled_length, stream)
                if getattr(event, "stream_id", None) == stream:
                    _add(reply, event)
                if isinstance(event, h2.events.StreamEnded) and event.stream_id == stream:
                    self._send()
                    return reply
            self._send()


def _headers(path: str, changes: dict[str, str | None]) -> Headers:
    found: dict[str, str | None] = {
        ":method": changes.pop("method", "POST"),
        ":scheme": "http",
        ":path": path,
        ":authority": "tests",
        "te": "trailers",
        "content-type": "application/grpc",
    }
    found |= {name.replace("_", "-"): value for name, value in changes.items()}
    return {name: value for name, value in found.items() if value is not None}


def _add(reply: RawReply, event: h2.events.Event) -> None:
    if isinstance(event, h2.events.ResponseReceived):
        reply.headers = reply.trailers = dict(event.headers)
    elif isinstance(event, h2.events.TrailersReceived):
        reply.trailers = dict(event.headers)
    elif isinstance(event, h2.events.DataReceived):
        reply.body += event.data
    elif isinstance(event, h2.events.StreamReset):
        raise ConnectionError(f"the server reset the stream: {event}")
