"""What a port is told by, where the system's reason is worth more than grpc's."""

import socket

import pytest

from tiltyard.admin.grpc_server import _why_not


def test_the_systems_reason() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert _why_not(f"127.0.0.1:{port}") == "Address already in use"
    assert _why_not("127.0.0.1:0") == ""
    assert _why_not("203.0.113.7:0") == "Cannot assign requested address"


@pytest.mark.parametrize("address", ["8003", "::1:8003"])
def test_an_address_that_is_none(address: str) -> None:
    assert _why_not(address).startswith(f"address '{address}'")
