"""What tests of operators' commands share: a gateway that is a fake, and a clock that stands."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from tests.unit.cli.fake_client import FakeClient
from tests.unit.cli.sample_views import NOW
from tiltyard.cli import connection, screen
from tiltyard.cli.main import cli

Invoke = Callable[..., Result]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> FakeClient:
    """What commands talk to instead of a gateway; it is NOW."""
    fake = FakeClient()

    def open_client(address: str) -> FakeClient:
        fake.address = address
        return fake

    monkeypatch.setattr(connection, "open_client", open_client)
    monkeypatch.setattr(screen, "now", lambda: NOW)
    return fake


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Runs `tiltyard` with arguments; what it raises is in the result."""
    monkeypatch.delenv("TILTYARD_ADMIN", raising=False)

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(cli, [str(word) for word in arguments], standalone_mode=False)

    return run
