"""The operations port of a gateway that is put together from its parts."""

import http.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.unit.control.conftest import World
from tests.unit.control.fakes import FakeEngine
from tests.unit.ops.parsing import parse_text
from tests.unit.ops.sample_figures import engine_counters, monitor_status, plane_figures
from tiltyard.errors import ServeError
from tiltyard.monitor.incidents.incident import Incident
from tiltyard.monitor.interface import MonitorStatus, PlaneFigures
from tiltyard.monitor.service import MonitorService
from tiltyard.ops.operations import Operations

TIMEOUT_S = 60.0


class Monitor:
    """As much of a MonitorService as is asked."""

    def __init__(self) -> None:
        self.desk = self.feed = self

    def figures(self) -> list[PlaneFigures]:
        return [plane_figures()]

    def status(self) -> MonitorStatus:
        return monitor_status()

    def counters(self) -> dict[str, int]:
        return {"opened": 3}

    def incidents(self) -> list[Incident]:
        return []

    def webhook_counters(self) -> dict[str, dict[str, int]]:
        return {}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Versions 1 and 2 of m; 1 is the champion."""
    monkeypatch.setattr(FakeEngine, "counters", lambda _: engine_counters(), raising=False)
    made = World(tmp_path)
    made.put("m", 1)
    made.registry.note_versions("m", [(1, "")])
    made.put("m", 2)
    made.start()
    yield made
    made.close()


class Port:
    """An operations port on a free one, of a control plane without an engine."""

    def __init__(self, world: World, monitor: Monitor | None) -> None:
        self.world = world
        self.bugs: list[str] = []
        self.why = ""
        self.operations = self.make("127.0.0.1:0", monitor)
        self.address = self.operations.start()

    def make(self, address: str, monitor: Monitor | None) -> Operations:
        return Operations(
            address,
            self.world.engine.engine,
            self.world.reconciler,
            cast("MonitorService | None", monitor),
            not_ready=lambda: self.why,
            on_bug=lambda where, error: self.bugs.append(f"{where}: {error}"),
            enter_priority=lambda _: None,
            cells=True,
        )

    def get(self, path: str) -> tuple[int, str]:
        host, _, port = self.address.rpartition(":")
        client = http.client.HTTPConnection(host, int(port), timeout=TIMEOUT_S)
        try:
            client.request("GET", path)
            answer = client.getresponse()
            return answer.status, answer.read().decode()
        finally:
            client.close()

    def metrics(self) -> dict[str, Any]:
        status, page = self.get("/metrics")
        assert status == 200
        return {one.name: one for one in parse_text(page)}


@pytest.fixture(params=[True, False], ids=["watching", "not watching"])
def port(world: World, request: pytest.FixtureRequest) -> Iterator[Port]:
    made = Port(world, Monitor() if request.param else None)
    yield made
    made.operations.stop()
    made.operations.stop()


def test_it_is_ready_when_the_gateway_is(port: Port) -> None:
    assert port.get("/readyz")[0] == 200
    port.why = "models are still being loaded"
    status, page = port.get("/readyz")
    assert status == 503
    assert "models are still being loaded" in page
    assert port.get("/healthz")[0] == 200


def test_drift_is_among_the_metrics_where_it_is_watched(world: World) -> None:
    for monitor in (Monitor(), None):
        port = Port(world, monitor)
        try:
            found = port.metrics()
        finally:
            port.operations.stop()
        assert ("tiltyard_monitor_rows" in found) == (monitor is not None)
        assert ("tiltyard_monitor_rows_unclaimed" in found) == (monitor is not None)
        told = [name for name in found if name.startswith("tiltyard_drift")]
        assert bool(told) == (monitor is not None)
        assert any(name.startswith("tiltyard_http") for name in found)


def test_new_rollouts_are_counted_from_when_they_are_in_force(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    monkeypatch.setattr(
        "tiltyard.ops.metrics_ledger.Ledger.take",
        lambda _, rollouts: taken.extend(one.champion.version for one in rollouts),
    )
    settled: list[bool] = []
    monkeypatch.setattr("tiltyard.ops.metrics_ledger.Ledger.settle", lambda _: settled.append(True))
    port = Port(world, None)
    try:
        assert taken == [1], "what was in force before it"
        world.control.set_champion("m", 2)
        assert taken == [1, 2]
        world.pass_s(1)
        assert settled == [True]
    finally:
        port.operations.stop()


def test_a_port_that_is_taken_is_said(port: Port) -> None:
    with pytest.raises(ServeError, match=r"cannot listen on"):
        port.make(port.address, None).start()
