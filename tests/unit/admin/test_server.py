"""The server as a part of a process: its thread, its address, its end."""

import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.unit.admin.fake_control import FakeControl
from tests.unit.admin.serving import TIMEOUT_S, request, serving
from tiltyard.admin import AdminOptions, AdminServer
from tiltyard.admin.upload_folder import PREFIX
from tiltyard.client import AdminClient
from tiltyard.errors import ServeError
from tiltyard.protocol.admin_words import admin_message, admin_path

SLOW = {"grpc", "google.protobuf", "pydantic", "numpy", "onnx", "sqlalchemy"}


def ignore(*_: object) -> None:
    pass


def server_at(address: str) -> AdminServer:
    return AdminServer(FakeControl(), AdminOptions(address), on_bug=ignore, enter_priority=ignore)


def call(address: str, method: str) -> object:
    with grpc.insecure_channel(address) as channel:
        return channel.unary_unary(
            admin_path(method),
            request_serializer=lambda asked: asked.SerializeToString(),
            response_deserializer=admin_message(f"{method}Response").FromString,
        )(request(method), timeout=TIMEOUT_S)


def test_importing_it_brings_nothing_slow() -> None:
    code = f"import sys, tiltyard.admin; print(sorted({SLOW!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_it_serves_and_stops() -> None:
    with serving() as served:
        host, _, port = served.address.rpartition(":")
        assert (host, int(port) > 0) == ("127.0.0.1", True)
        call(served.address, "ListModels")
        assert served.server.stop()
        with pytest.raises(grpc.RpcError) as caught:
            call(served.address, "ListModels")
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert served.bugs == []


def test_all_but_the_loop_and_rollbacks_is_at_background_priority() -> None:
    """Also what grpc's import costs. Threads that grpc makes are made on the loop's."""
    entered: set[str] = set()
    seen: dict[str, str] = {}

    class Control(FakeControl):
        def _enter(self, method: str, **arguments: Any) -> None:
            seen[method] = threading.current_thread().name
            super()._enter(method, **arguments)

    control = Control()
    control.add("fraud", 1, 2)
    server = AdminServer(
        control, AdminOptions("127.0.0.1:0"), on_bug=ignore, enter_priority=entered.add
    )
    assert entered == set()
    server.start()
    with AdminClient(server.wait_listening()) as client:
        client.set_champion("fraud", 2)
        client.rollback("fraud")
        client.get_route()
        assert len(list(client.watch(0, follow=False))) == 4
        client.drain()
    assert server.stop()
    assert seen.pop("rollback") == "admin-rollback"
    assert set(seen.values()) == {"admin-load", "admin-read", "admin-watch", "admin-drain"}
    assert entered == {"admin-import", "admin-files", *seen.values()}


def test_stopping_is_idempotent_and_needs_no_start() -> None:
    server = server_at("127.0.0.1:0")
    assert server.stop()
    server.start()
    assert server.stop()
    assert server.stop()


@contextlib.contextmanager
def taken() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as found:
        yield f"127.0.0.1:{found.getsockname()[1]}"


def test_a_port_that_is_taken_is_said() -> None:
    with taken() as address:
        server = server_at(address)
        server.start()
        with pytest.raises(ServeError) as caught:
            server.wait_listening()
        sentence = f"cannot listen on {address} for the admin API: Address already in use"
        assert str(caught.value) == sentence
        assert server.stop()


def test_a_second_gateway_cannot_share_the_port() -> None:
    with serving() as served:
        server = server_at(served.address)
        server.start()
        with pytest.raises(ServeError, match="Address already in use"):
            server.wait_listening()
        assert server.stop()


@pytest.mark.parametrize("address", ["8003", "::1:8003", "127.0.0.1:99999"])
def test_an_address_that_is_none_is_said(address: str) -> None:
    server = server_at(address)
    server.start()
    with pytest.raises(ServeError, match=r"cannot listen on .*: address '"):
        server.wait_listening()


def test_a_server_that_cannot_start_at_all_says_so() -> None:
    bugs: list[BaseException] = []
    server = AdminServer(
        FakeControl(),
        AdminOptions("127.0.0.1:0", upload_limits=3),  # type: ignore[arg-type]  # the mistake
        on_bug=lambda _, error: bugs.append(error),
        enter_priority=ignore,
    )
    server.start()
    with pytest.raises(ServeError, match="the admin API cannot start: "):
        server.wait_listening()
    assert len(bugs) == 1


def test_one_that_was_not_started_is_not_waited_for_for_ever() -> None:
    with pytest.raises(ServeError, match=r"did not open in 0\.01 s"):
        server_at("127.0.0.1:0").wait_listening(0.01)


def test_uploads_of_a_crash_are_swept(tmp_path: Path) -> None:
    import os

    left = tmp_path / f"{PREFIX}left"
    left.mkdir()
    os.utime(left, (0, 0))
    with serving(upload_folder=tmp_path):
        assert list(tmp_path.iterdir()) == []
