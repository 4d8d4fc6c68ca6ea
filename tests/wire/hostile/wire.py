"""HTTP/2 by hand: frames as bytes, and a socket that says exactly what it is told to say.

Nothing here keeps a client from breaking the protocol; what comes back is parsed strictly.
"""

import contextlib
import select
import socket
import struct
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from types import TracebackType
from typing import Final, Self

import hpack

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SERVICE: Final = "/inference.GRPCInferenceService/"
FRAME_BYTES_MAX: Final = 16_384  # what the gateway announces by saying nothing
WAIT_S: Final = 10.0  # a bound for what has to come; nothing waits that long when all is well

END_STREAM: Final = 0x1
ACK: Final = 0x1
END_HEADERS: Final = 0x4
PADDED: Final = 0x8
PRIORITY_FLAG: Final = 0x20

Headers = list[tuple[str, str]]


class Kind(IntEnum):
    """Frame types (RFC 9113 section 6)."""

    DATA = 0
    HEADERS = 1
    PRIORITY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PUSH_PROMISE = 5
    PING = 6
    GOAWAY = 7
    WINDOW_UPDATE = 8
    CONTINUATION = 9


class Code(IntEnum):
    """Error codes (RFC 9113 section 7)."""

    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2
    FLOW_CONTROL_ERROR = 3
    SETTINGS_TIMEOUT = 4
    STREAM_CLOSED = 5
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    CONNECT_ERROR = 10
    ENHANCE_YOUR_CALM = 11


@dataclass(frozen=True)
class Frame:
    """A frame that came."""

    kind: int
    flags: int
    stream: int
    payload: bytes


def frame(
    kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"", *, length: int | None = None
) -> bytes:
    """A frame; `length` lies about its payload. A reserved stream bit can be given in `stream`."""
    said = len(payload) if length is None else length
    return struct.pack(">I", said)[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def block(headers: Iterable[tuple[str, str]]) -> bytes:
    """A header block that needs nothing from the dynamic table; names go out as they are given."""
    encoded: bytes = hpack.Encoder().encode(list(headers), huffman=False)
    return encoded


def literal(name: bytes, value: bytes) -> bytes:
    """A header field without indexing, of up to 126 bytes each; any bytes at all."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def headers(
    fields: Iterable[tuple[str, str]] | bytes, stream: int = 1, flags: int = END_HEADERS
) -> bytes:
    """A HEADERS frame of fields, or of a block that is encoded already."""
    made = fields if isinstance(fields, bytes) else block(fields)
    return frame(Kind.HEADERS, flags, stream, made)


def data(payload: bytes, stream: int = 1, flags: int = END_STREAM) -> bytes:
    """A DATA frame."""
    return frame(Kind.DATA, flags, stream, payload)


def long_headers(fields: Iterable[tuple[str, str]], stream: int = 1) -> bytes:
    """HEADERS, and the CONTINUATION frames that a large block needs."""
    whole = block(fields)
    pieces = [whole[i : i + FRAME_BYTES_MAX] for i in range(0, len(whole), FRAME_BYTES_MAX)]
    kinds = [Kind.HEADERS] + [Kind.CONTINUATION] * (len(pieces) - 1)
    flags = [0] * (len(pieces) - 1) + [END_HEADERS]
    return b"".join(map(frame, kinds, flags, [stream] * len(pieces), pieces))


def long_data(payload: bytes, stream: int = 1) -> bytes:
    """DATA frames as many as it takes; the last ends the stream."""
    pieces = [payload[i : i + FRAME_BYTES_MAX] for i in range(0, len(payload), FRAME_BYTES_MAX)]
    flags = [0] * (len(pieces) - 1) + [END_STREAM]
    return b"".join(map(data, pieces, [stream] * len(pieces), flags))


def settings(*entries: tuple[int, int]) -> bytes:
    """A SETTINGS frame."""
    return frame(Kind.SETTINGS, payload=b"".join(struct.pack(">HI", *entry) for entry in entries))


def ping(text: bytes = b"are you?", flags: int = 0) -> bytes:
    """A PING frame."""
    return frame(Kind.PING, flags, 0, text)


def reset(stream: int = 1, code: int = Code.CANCEL) -> bytes:
    """A RST_STREAM frame."""
    return frame(Kind.RST_STREAM, 0, stream, struct.pack(">I", code))


def window(stream: int, increment: int) -> bytes:
    """A WINDOW_UPDATE frame."""
    return frame(Kind.WINDOW_UPDATE, 0, stream, struct.pack(">I", increment))


def message(body: bytes = b"", flag: int = 0) -> bytes:
    """A gRPC message: its prefix and its bytes."""
    return struct.pack(">BI", flag, len(body)) + body


def request_fields(rpc: str = "ServerLive", /, **changed: str | None) -> Headers:
    """What a gRPC client sends. `changed` replaces by name, with _ for - and without a leading
    colon; None leaves a field out."""
    fields: dict[str, str | None] = {
        ":method": "POST",
        ":scheme": "http",
        ":path": rpc if rpc.startswith("/") else SERVICE + rpc,
        ":authority": "hostile",
        "te": "trailers",
        "content-type": "application/grpc",
    }
    for name, value in changed.items():
        plain = name.replace("_", "-")
        fields[":" + plain if ":" + plain in fields else plain] = value
    return [(name, value) for name, value in fields.items() if value is not None]


def call(stream: int = 1, rpc: str = "ServerLive", body: bytes = b"", flag: int = 0) -> bytes:
    """A whole honest call."""
    return headers(request_fields(rpc), stream) + data(message(body, flag), stream)


@dataclass
class Reply:
    """What came for one stream."""

    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    ended: bool = False
    reset: int | None = None

    @property
    def is_over(self) -> bool:
        return self.ended or self.reset is not None


class Wire:
    """A connection. A context manager; reading keeps in `replies` and the rest what has come."""

    def __init__(
        self,
        address: str,
        *first_settings: tuple[int, int],
        greet: bool = True,
        receive_buffer: int = 0,
    ) -> None:
        host, _, port = address.rpartition(":")
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._give_up = time.monotonic() + WAIT_S
        self.socket.connect((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answers = greet  # SETTINGS and PING of the gateway
        self.replies: dict[int, Reply] = {}
        self.goaway: int | None = None
        self.closed = False
        self.pongs: list[bytes] = []
        self._bytes = b""
        self._decoder = hpack.Decoder(max_header_list_size=2**20)
        self._block = b""
        if greet:
            self.send(PREFACE, settings(*first_settings))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()

    def send(self, *parts: bytes) -> None:
        """Send; a gateway that has hung up is no error here, reading will tell."""
        self._give_up = time.monotonic() + WAIT_S
        self._send(*parts)

    def _send(self, *parts: bytes) -> None:
        self.socket.settimeout(WAIT_S)
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(b"".join(parts))

    def cut(self) -> None:
        """Close with a TCP RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def end_input(self) -> None:
        """Send FIN; reading goes on."""
        self.socket.shutdown(socket.SHUT_WR)

    def read(self) -> Frame | None:
        """The next frame; None at the connection's end.

        Raises TimeoutError when what is waited for has not come WAIT_S after the last send.
        """
        while (found := self._cut_frame()) is None:
            self.socket.settimeout(max(0.001, self._give_up - time.monotonic()))
            try:
                got = self.socket.recv(1 << 20)
            except ConnectionError:
                got = b""
            if not got:
                self.closed = True
                return None
            self._bytes += got
        self._note(found)
        return found

    def read_ready(self) -> None:
        """Take in what has come already."""
        while not self.closed and (self._has_frame() or self._is_readable()):
            self.read()

    def read_until_closed(self) -> None:
        """Read everything. Raises TimeoutError when the gateway does not close in WAIT_S."""
        while self.read() is not None:
            pass

    def reply(self, stream: int = 1) -> Reply:
        """Read until the stream is over, or the connection."""
        found = self.replies.setdefault(stream, Reply())
        while not found.is_over and self.read() is not None:
            pass
        return found

    def is_alive(self, text: bytes = b"are you?") -> bool:
        """Ping; whether the answer comes before the end."""
        self.send(ping(text))
        while text not in self.pongs:
            if self.read() is None:
                return False
        self.pongs.remove(text)
        return True

    def _is_readable(self) -> bool:
        return bool(select.select([self.socket], [], [], 0)[0])

    def _has_frame(self) -> bool:
        return len(self._bytes) >= 9 and len(self._bytes) >= 9 + int.from_bytes(self._bytes[:3])

    def _cut_frame(self) -> Frame | None:
        if not self._has_frame():
            return None
        length = int.from_bytes(self._bytes[:3])
        kind, flags, stream = struct.unpack(">BBI", self._bytes[3:9])
        found = Frame(kind, flags, stream, self._bytes[9 : 9 + length])
        self._bytes = self._bytes[9 + length :]
        return found

    def _note(self, got: Frame) -> None:
        if got.kind == Kind.GOAWAY:
            self.goaway = int.from_bytes(got.payload[4:8])
        elif got.kind == Kind.PING and got.flags & ACK:
            self.pongs.append(got.payload)
        elif got.kind in (Kind.SETTINGS, Kind.PING):
            if self.answers and not got.flags & ACK:
                self._send(frame(got.kind, ACK, 0, got.payload if got.kind == Kind.PING else b""))
        elif got.stream:
            self._note_stream(got, self.replies.setdefault(got.stream, Reply()))

    def _note_stream(self, got: Frame, reply: Reply) -> None:
        if got.kind == Kind.RST_STREAM and not reply.ended:
            reply.reset = int.from_bytes(got.payload)
        elif got.kind == Kind.DATA:
            reply.body += got.payload
        elif got.kind in (Kind.HEADERS, Kind.CONTINUATION):
            self._block += got.payload
            if got.flags & END_HEADERS:
                reply.headers.update(self._decoder.decode(self._block))
                self._block = b""
        if got.kind in (Kind.DATA, Kind.HEADERS) and got.flags & END_STREAM:
            reply.ended = True


def wait_for(happens: Callable[[], bool], what: str) -> None:
    """Poll until `happens()` is true. Raises AssertionError that says what did not happen."""
    give_up = time.monotonic() + WAIT_S
    while not happens():
        assert time.monotonic() < give_up, f"in {WAIT_S:g} s: {what}"
        time.sleep(0.005)
