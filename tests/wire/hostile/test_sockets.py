"""Connections that do not behave: slow, silent, half open, cut, too many, or not HTTP/2 at all."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import numpy as np
import pytest

from tests.wire.hostile.target import Target
from tests.wire.hostile.test_windows import WINDOW_MAX, ask, check_reply
from tests.wire.hostile.wire import (
    PREFACE,
    Code,
    Kind,
    Wire,
    block,
    call,
    data,
    headers,
    long_data,
    message,
    request_fields,
    settings,
    wait_for,
    window,
)
from tiltyard.client.inference_client import make_request

CONNECTIONS_MAX = 300  # conftest.py
OPEN_WINDOWS = ((4, WINDOW_MAX),)


@contextmanager
def counted(target: Target, counter: str, more: int = 1) -> Iterator[None]:
    """What happens inside adds `more` to the counter."""
    before = target.counters()[counter]
    yield
    wait_for(lambda: target.counters()[counter] >= before + more, f"{counter} did not grow")
    assert target.counters()[counter] == before + more


@pytest.mark.parametrize("first", [b"", PREFACE[:10], PREFACE], ids=["silence", "torn", "preface"])
def test_a_client_that_does_not_greet(target: Target, first: bytes) -> None:
    with counted(target, "closed_handshake"), target.connect(greet=False) as wire:
        wire.send(first)
        wire.read_until_closed()


def test_a_greeting_of_one_byte_now_and_then(target: Target) -> None:
    """Slowloris: that bytes come does not make the time longer."""
    with counted(target, "closed_handshake"), target.connect(greet=False) as wire:
        sent = 0
        while not wire.closed:
            wire.send((PREFACE + settings())[sent % 33 :][:1])
            sent += 1
            time.sleep(0.05)
            wire.read_ready()
        assert sent < len(PREFACE + settings())


def test_a_header_block_that_never_ends(target: Target) -> None:
    """Nothing can be answered meanwhile, PING neither: the keepalive ends it."""
    with counted(target, "closed_keepalive"), target.connect() as wire:
        assert wire.is_alive()
        wire.answers = False  # an answer could only go inside the block, and break it
        wire.send(headers(block(request_fields())[:5], flags=0))
        wire.read_until_closed()


def test_replies_are_not_read(target: Target) -> None:
    """The socket takes no more: what waits is bounded, and the connection is given up."""
    memory = target.peak_memory_bytes()
    with target.connect(*OPEN_WINDOWS, buffer=4_096) as wire:
        assert wire.is_alive()
        wire.send(window(0, WINDOW_MAX - 65_535))
        with counted(target, "closed_slow_reader"), suppress(TimeoutError, ConnectionError):
            for n in range(1_000):
                wire.socket.settimeout(0.5)
                wire.socket.sendall(ask(2 * n + 1, 40_000))
            pytest.fail("the gateway has taken 640 MB and given nothing back")
    assert target.peak_memory_bytes() - memory < target.memory_slack_bytes


def test_a_reader_that_is_slow_and_steady(target: Target) -> None:
    """It takes longer than slow_reader_ms_max for all of it, and never that long for a byte."""
    with target.connect(*OPEN_WINDOWS, buffer=65_536) as wire:
        assert wire.is_alive()
        wire.send(window(0, WINDOW_MAX - 65_535), *(ask(2 * n + 1, 60_000) for n in range(8)))
        began = time.monotonic()
        while time.monotonic() - began < 3.0:
            assert wire.read() is not None
            time.sleep(0.05)
        for n in range(8):
            check_reply(wire, 2 * n + 1, 60_000)


@pytest.mark.parametrize("rpc", ["ServerLive", "ModelInfer", "ModelStatistics", "worker", "long"])
def test_the_input_ends_behind_the_call(target: Target, rpc: str) -> None:
    """FIN comes with the call, which is answered: at once, by Python, or by a worker."""
    body = b""
    if rpc == "ModelInfer":
        body = make_request("identity", {"x": np.ones((1, 4), np.float32)}).SerializeToString()
    elif rpc in ("worker", "long"):
        rows = np.zeros((20 if rpc == "worker" else 400, 512), np.float32)
        body = make_request("slow", {"x": rows}).SerializeToString()
    path = "ModelInfer" if rpc in ("worker", "long") else rpc
    with target.connect(*OPEN_WINDOWS) as wire:
        assert wire.is_alive()
        wire.send(window(0, 1 << 24))
        wire.send(headers(request_fields(path), 3), long_data(message(body), 3))
        wire.end_input()
        assert wire.reply(3).headers["grpc-status"] == "0"
        wire.read_until_closed()


@pytest.mark.parametrize(
    "unfinished",
    [
        headers(request_fields()),
        headers(request_fields()) + data(message()[:3], flags=0),
        headers(request_fields("ModelStreamInfer")) + data(message(), flags=0),
        headers(block(request_fields())[:9], flags=0),
        call(1, "/grpc.health.v1.Health/Watch"),
        b"\0\0",
    ],
    ids=["no body", "torn message", "stream", "torn block", "watch", "torn frame"],
)
def test_the_input_ends_inside_a_call(target: Target, unfinished: bytes) -> None:
    """What can never be finished is not waited for."""
    with target.connect() as wire:
        wire.send(unfinished)
        wire.end_input()
        wire.read_until_closed()


def test_the_input_ends_and_then_the_client_goes(target: Target) -> None:
    """FIN, and RST while workers still run its calls: nobody waits for these any more."""
    rows = np.zeros((20, 512), np.float32)
    body = message(make_request("slow", {"x": rows}).SerializeToString())
    for _ in range(20):
        wire = target.connect()
        for stream in (1, 3, 5):
            wire.send(headers(request_fields("ModelInfer"), stream), long_data(body, stream))
        wire.end_input()
        wire.cut()


def test_the_connection_is_cut_inside_a_reply(target: Target) -> None:
    for _ in range(20):
        wire = target.connect(*OPEN_WINDOWS, buffer=8_192)
        assert wire.is_alive()
        wire.send(window(0, 1 << 24), ask(1, 60_000))
        while 1 not in wire.replies or not wire.replies[1].body:
            assert wire.read() is not None
        wire.cut()


def test_two_thousand_connections_come_and_go(target: Target) -> None:
    with counted(target, "connections_accepted", 2_000):
        for n in range(2_000):
            wire = target.connect(greet=n % 4 != 0)
            if n % 4 == 1:
                wire.send(call())
            if n % 4 == 2:
                wire.send(call())
                assert wire.reply().headers["grpc-status"] == "0"
            if n % 3:
                wire.socket.close()
            else:
                wire.cut()


def test_more_connections_than_there_may_be(target: Target) -> None:
    """Those above the limit are closed at once and counted; the ones that are open live on."""
    with ExitStack() as opened:
        wires = [opened.enter_context(target.connect()) for _ in range(CONNECTIONS_MAX - 1)]
        assert all(wire.is_alive() for wire in wires)
        with counted(target, "connections_refused", 10):
            for _ in range(10):
                with target.connect() as late:
                    late.read_until_closed()
        assert all(wire.is_alive() for wire in wires)
    wait_for(lambda: target.counters()["connections"] == 1, "they are still counted")
    with target.connect() as wire:
        assert wire.is_alive()


@pytest.mark.parametrize(
    "text",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /v2/models/w1/infer HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
        b"PRI * HTTP/1.1\r\n\r\n",
        b"\0" * 4_096,
        bytes(range(256)) * 100,
    ],
    ids=["GET", "POST", "PRI", "zeros", "all bytes"],
)
def test_another_protocol(target: Target, text: bytes) -> None:
    with counted(target, "closed_protocol_error"), target.connect(greet=False) as wire:
        wire.send(text)
        wire.read_until_closed()


def test_tls_to_the_plain_port(target: Target) -> None:
    host, _, port = target.address.rpartition(":")
    context = ssl.create_default_context()
    with (
        counted(target, "closed_protocol_error"),
        socket.create_connection((host, int(port)), timeout=10.0) as plain,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        context.wrap_socket(plain, server_hostname="localhost")


def test_the_client_says_goodbye_and_waits(target: Target) -> None:
    """After GOAWAY and the last reply the gateway closes by itself."""
    with target.connect() as wire:
        wire.send(headers(request_fields()))
        wire.send(b"\0\0\x08\x07" + bytes(5) + bytes(8), data(message()))
        assert wire.reply().headers["grpc-status"] == "0"
        wire.read_until_closed()
        assert wire.goaway in (None, Code.NO_ERROR)


def test_pings_are_answered_while_a_body_is_slow(target: Target) -> None:
    """A call that takes its time holds up nothing on its own connection."""
    with target.connect() as wire:
        wire.send(headers(request_fields()))
        for byte in message():
            wire.send(data(bytes([byte]), 1, 0))
            assert wire.is_alive()
        wire.send(call(3))
        assert wire.reply(3).headers["grpc-status"] == "0"
        wire.send(data(b""))
        assert wire.reply(1).headers["grpc-status"] == "0"


def test_an_empty_frame_of_each_kind(target: Target) -> None:
    """Alone on a connection, without a payload, on both kinds of stream."""
    for kind in [*Kind, 10, 0x10, 0xFF]:
        for stream in (0, 1):
            with target.connect() as wire:
                wire.send(bytes(3) + bytes([kind, 0]) + stream.to_bytes(4))
                wire.end_input()
                wire.read_until_closed()


def test_wires_are_independent(target: Target) -> None:
    """One connection's error leaves the stream numbers and tables of another alone."""
    with target.connect() as good, target.connect() as bad:
        good.send(headers(block(request_fields()) + b"\x40\x01a\x01b"), data(message()))
        assert good.reply(1).headers["grpc-status"] == "0"
        bad.send(headers(b"\xff\xff\xff\xff\xff\xff"))
        bad.read_until_closed()
        assert isinstance(bad, Wire)
        assert bad.goaway == Code.COMPRESSION_ERROR
        good.send(headers(block(request_fields()) + b"\xbe", 3), data(message(), 3))
        assert good.reply(3).headers["grpc-status"] == "0"
