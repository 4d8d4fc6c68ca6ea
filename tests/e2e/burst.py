"""Many ModelInfer calls in one write of one connection: they reach the gateway in one read."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import h2.config
import h2.connection
import h2.events
import h2.settings

from tiltyard.protocol import messages

WINDOW_BYTES = 1 << 30
TIMEOUT_S = 100.0


@dataclass
class Answer:
    """What came back for one call: gRPC status and sentence, and the framed ModelInferResponse."""

    status: int = -1
    sentence: str = ""
    body: bytes = b""

    def outputs(self) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
        """Datatype, shape and raw bytes by the output's name."""
        reply = messages.ModelInferResponse.FromString(self.body[5:])
        return {
            spec.name: (spec.datatype, tuple(spec.shape), raw)
            for spec, raw in zip(reply.outputs, reply.raw_output_contents, strict=True)
        }


class Burst:
    """One HTTP/2 connection. A context manager.

    With `receive_bytes` its socket takes about that much before it is read.
    """

    def __init__(self, address: str, *, receive_bytes: int = 0) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.socket()
        self._socket.settimeout(TIMEOUT_S)
        if receive_bytes:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self._socket.connect((host, int(port)))
        self._http2 = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=True, header_encoding="utf-8")
        )
        self._answers: dict[int, Answer] = {}
        self._open: set[int] = set()

    def __enter__(self) -> Self:
        self._http2.initiate_connection()
        window = {h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: WINDOW_BYTES}
        self._http2.update_settings(window)
        self._http2.increment_flow_control_window(WINDOW_BYTES)
        self._flush()
        while self._http2.outbound_flow_control_window <= 65_535:
            self._receive()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def send(self, requests: Sequence[bytes]) -> list[Answer]:
        """Serialized ModelInferRequests, all at once; their answers in the same order."""
        return self.finish(self.begin(requests))

    def begin(self, requests: Sequence[bytes]) -> list[int]:
        """Send them and read nothing; the streams that finish() takes."""
        streams = [self._begin(request) for request in requests]
        self._flush()
        return streams

    def finish(self, streams: Sequence[int]) -> list[Answer]:
        """Read until all are answered."""
        while self._open:
            self._receive()
        return [self._answers.pop(stream) for stream in streams]

    def ping(self) -> None:
        """Send a PING and read nothing."""
        self._http2.ping(b"12345678")
        self._flush()

    @property
    def port(self) -> int:
        """Its own port."""
        found: int = self._socket.getsockname()[1]
        return found

    def _begin(self, request: bytes) -> int:
        stream: int = self._http2.get_next_available_stream_id()
        self._answers[stream] = Answer()
        self._open.add(stream)
        self._http2.send_headers(
            stream,
            [
                (":method", "POST"),
                (":scheme", "http"),
                (":path", messages.method_path("ModelInfer")),
                (":authority", "burst"),
                ("te", "trailers"),
                ("content-type", "application/grpc"),
            ],
        )
        data = b"\0" + len(request).to_bytes(4, "big") + request
        while data:
            room = min(
                self._http2.local_flow_control_window(stream),
                self._http2.max_outbound_frame_size,
            )
            if room == 0:
                self._flush()
                self._receive()
                continue
            part, data = data[:room], data[room:]
            self._http2.send_data(stream, part, end_stream=not data)
        return stream

    def _flush(self) -> None:
        self._socket.sendall(self._http2.data_to_send())

    def _receive(self) -> None:
        data = self._socket.recv(1 << 20)
        if not data:
            raise ConnectionError("the gateway closed the connection")
        for event in self._http2.receive_data(data):
            self._take(event)
        self._flush()

    def _take(self, event: Any) -> None:
        match event:
            case h2.events.DataReceived():
                self._answers[event.stream_id].body += event.data
                self._http2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case h2.events.ResponseReceived() | h2.events.TrailersReceived():
                headers = dict(event.headers)
                if "grpc-status" in headers:
                    self._answers[event.stream_id].status = int(headers["grpc-status"])
                    self._answers[event.stream_id].sentence = headers.get("grpc-message", "")
            case h2.events.StreamEnded() | h2.events.StreamReset():
                self._open.discard(event.stream_id)
            case h2.events.ConnectionTerminated() if event.error_code != 0:
                raise ConnectionError(f"GOAWAY with error code {event.error_code}")
