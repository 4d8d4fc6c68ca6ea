"""`tiltyard drift report`: what is asked for, and the file that it becomes."""

import json
from pathlib import Path

import grpc
import pytest

from tests.unit.cli.conftest import Invoke
from tests.unit.cli.fake_client import FakeClient, call_error
from tiltyard.cli.drift_places import NothingWatchedError
from tiltyard.client.admin_errors import AdminUnavailableError
from tiltyard.errors import ClientError
from tiltyard.monitor.interface import DriftQuery


def test_a_page(client: FakeClient, invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text("the one before")
    done = invoke("drift", "report", "fraud", "-o", file)
    assert done.exception is None
    page = file.read_text(encoding="utf-8")
    assert page.lstrip().lower().startswith("<!doctype html")
    assert "amount" in page
    assert done.output == f"{file}: 1 plane of fraud, {file.stat().st_size / 1_000:,.0f} kB\n"
    assert client.calls[0][1] == (DriftQuery("fraud", pieces=48, history_s=86_400.0),)
    assert list(tmp_path.iterdir()) == [file]


def test_how_far_back(client: FakeClient, invoke: Invoke, tmp_path: Path) -> None:
    words = ("--window", "2h", "--history", "1h", "--role", "champion", "--json")
    done = invoke("drift", "report", "fraud", "-o", tmp_path / "r.html", *words)
    found = json.loads(done.output)
    assert (found["planes"][0]["version"], found["bytes"] > 1_000) == (3, True)
    query = client.calls[0][1][0]
    assert (query.window_s, query.history_s, query.role) == (7_200.0, 7_200.0, "champion")


def test_a_gateway_that_does_not_answer(client: FakeClient, invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "r.html"
    words = ("drift", "report", "fraud", "-o", file, "--admin", "a:1,b:2")
    refused = call_error(AdminUnavailableError, grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE: refused")
    client.fail = [refused]
    assert "\nno answer: a:1: no gateway answers at a:1" in invoke(*words).output
    assert "a:1 is not counted here" in file.read_text(encoding="utf-8")
    client.fail = [refused]
    found = json.loads(invoke(*words, "--json").output)
    assert found["problem"].startswith("a:1: no gateway answers")


def test_nothing_to_write(client: FakeClient, invoke: Invoke, tmp_path: Path) -> None:
    client.planes = []
    done = invoke("drift", "report", "fraud", "-o", tmp_path / "r.html")
    assert isinstance(done.exception, NothingWatchedError)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("client")
def test_where_nothing_can_be_written(invoke: Invoke, tmp_path: Path) -> None:
    done = invoke("drift", "report", "fraud", "-o", tmp_path / "no" / "r.html")
    assert isinstance(done.exception, ClientError)
    assert str(done.exception).endswith("r.html: No such file or directory")
