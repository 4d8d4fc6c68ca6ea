"""What is said when there is no gateway, or when it does not answer."""

import getpass
import os

import grpc
import pytest

from tests.unit.cli.fake_client import FakeClient, call_error
from tiltyard.cli.admin_options import Place
from tiltyard.cli.connection import actor, gateway_at
from tiltyard.client.admin_errors import (
    AdminCallError,
    AdminNotFoundError,
    AdminTimeoutError,
    AdminUnavailableError,
)
from tiltyard.errors import TiltyardError

PLACE = Place("box:8003", is_default=True)
Code = grpc.StatusCode


def raised(error: AdminCallError) -> TiltyardError:
    with pytest.raises(TiltyardError) as caught, gateway_at(PLACE):
        raise error
    return caught.value


def test_the_client_is_closed(client: FakeClient) -> None:
    with gateway_at(PLACE) as found:
        assert found is client  # type: ignore[comparison-overlap]  # the fake stands in for it
        assert not client.is_closed
    assert (client.address, client.is_closed) == ("box:8003", True)


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (
            call_error(
                AdminUnavailableError,
                Code.UNAVAILABLE,
                "UNAVAILABLE: failed to connect to all addresses; last error: UNKNOWN:"
                " ipv4:127.0.0.1:8003: Failed to connect to remote host: Connection refused",
            ),
            13,
            "no gateway answers at box:8003 (Connection refused): see that it runs, and that",
        ),
        (
            call_error(AdminCallError, Code.UNIMPLEMENTED, "UNIMPLEMENTED: no such method"),
            13,
            "box:8003 does not answer operators (no such method): see that --admin or",
        ),
        (
            call_error(AdminTimeoutError, Code.DEADLINE_EXCEEDED, "Deadline Exceeded"),
            14,
            "no answer from box:8003 in time; what was asked for may still happen",
        ),
    ],
)
def test_errors_of_the_way_say_what_to_do(
    client: FakeClient, error: AdminCallError, code: int, sentence: str
) -> None:
    found = raised(error)
    assert sentence in str(found)
    assert found.exit_code == code == type(error).exit_code or code == 13
    assert client.is_closed


@pytest.mark.parametrize(
    "error",
    [
        call_error(AdminNotFoundError, Code.NOT_FOUND, "no model", "MODEL_NOT_FOUND"),
        call_error(AdminUnavailableError, Code.UNAVAILABLE, "it drains", "DRAINING"),
        call_error(AdminCallError, Code.INTERNAL, "INTERNAL: odd"),
    ],
)
@pytest.mark.usefixtures("client")
def test_what_the_gateway_says_stays_as_it_is(error: AdminCallError) -> None:
    assert raised(error) is error


def test_the_actor_is_who_is_logged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "box\n")
    monkeypatch.setattr(getpass, "getuser", lambda: "anna")
    assert actor() == "anna@box"


def test_a_user_without_an_account_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr("socket.gethostname", lambda: "b" * 300)
    monkeypatch.setattr(getpass, "getuser", unknown)
    assert actor().startswith(f"uid {os.getuid()}@bbb")
    assert len(actor()) == 256
