"""A child that is ready, is not, or does not stop. Shell commands stand where the gateway would."""

import os
from pathlib import Path

import pytest

from tiltyard.errors import ServeError
from tiltyard.ops.gateway_process import GatewayProcess


def shell(script: str) -> tuple[str, ...]:
    """A prefix that runs `script` instead of the command; that is "$@" in it."""
    return ("/bin/sh", "-c", script, "sh")


READY = "echo tiltyard ready grpc=127.0.0.1:7 models=0; exec sleep 100"


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("tiltyard ready grpc=127.0.0.1:7 models=1", "127.0.0.1:7"),
        ("tiltyard ready grpc=[::1]:7 admin=127.0.0.1:8 models=1", "[::1]:7"),
        ('{"event": "ready", "grpc": "127.0.0.1:7"}', "127.0.0.1:7"),
    ],
)
def test_the_ready_line_tells_the_address(line: str, address: str) -> None:
    with GatewayProcess([], prefix=shell(f"echo '{line}'; exec sleep 100")) as gateway:
        assert (gateway.ready_line, gateway.address) == (line, address)
        assert gateway.admin_address == ("127.0.0.1:8" if "admin" in line else "")


@pytest.mark.parametrize(
    ("arguments", "address"),
    [
        ([], "--grpc 127.0.0.1:0 --admin 127.0.0.1:0 --http 127.0.0.1:0"),
        (["--grpc", "[::1]:9"], "--admin 127.0.0.1:0 --http 127.0.0.1:0 --grpc [::1]:9"),
        (["--admin", "none"], "--grpc 127.0.0.1:0 --http 127.0.0.1:0 --admin none"),
    ],
)
def test_without_an_address_it_takes_a_free_port(arguments: list[str], address: str) -> None:
    with GatewayProcess(arguments, prefix=shell(f'echo "$@" >&2; {READY}')) as gateway:
        line = gateway.log()
    assert line.endswith(f"-m tiltyard serve {address}\n")


def test_an_end_before_it_is_ready_gives_its_log() -> None:
    with (
        pytest.raises(ServeError, match="did not become ready: no such store"),
        GatewayProcess([], prefix=shell("echo no such store >&2; exit 2")),
    ):
        pass


def test_one_that_is_not_ready_in_time_is_ended(tmp_path: Path) -> None:
    script = shell(f"echo $$ > {tmp_path}/pid; exec sleep 100")
    process = GatewayProcess([], prefix=script, ready_s=1.0)
    with pytest.raises(ServeError, match="was not ready in 1 s"):
        process.__enter__()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_stop_gives_the_exit_code_and_may_be_called_again() -> None:
    script = shell("trap 'exit 7' TERM; echo grpc=a:1; while :; do sleep 0.05; done")
    with GatewayProcess([], prefix=script) as gateway:
        assert gateway.stop() == 7
        assert gateway.stop() == 7


def test_wait_sends_no_signal() -> None:
    script = shell("trap 'exit 7' TERM; echo grpc=a:1; sleep 0.1; exit 3")
    with GatewayProcess([], prefix=script) as gateway:
        assert gateway.wait() == 3


def test_one_that_does_not_stop_is_killed() -> None:
    script = shell("trap '' TERM; echo grpc=a:1; while :; do sleep 0.05; done")
    with GatewayProcess([], prefix=script, stop_s=0.2) as gateway:
        assert gateway.stop() == -9


def test_before_it_was_started_there_is_nothing_to_ask() -> None:
    gateway = GatewayProcess([])
    with pytest.raises(ServeError, match="was not started"):
        _ = gateway.pid
    with pytest.raises(ServeError, match="was not started"):
        gateway.stop()
    gateway._close()
