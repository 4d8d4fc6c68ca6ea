"""A gateway's control plane without a gateway: real store and registry, fake engine and loader."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.control.fakes import FakeEngine, FakeLoader, FakeRollout
from tiltyard.control.control import Control
from tiltyard.control.reconciler import Reconciler
from tiltyard.loading import LoadReport
from tiltyard.registry import ModelState, Registry, open_registry
from tiltyard.store import open_store

WINDOW_S = 100.0


class World:
    """Models "m" with versions 1 and 2, champion 2 in the registry, loaded and served."""

    def __init__(self, folder: Path) -> None:
        self.now = 1_000.0
        self.root = folder / "store"
        self.root.mkdir()
        self.url = f"sqlite:///{folder / 'registry.db'}"
        self.store = open_store(str(self.root))
        self.registry = self.open_registry()
        self.engine = FakeEngine()
        self.loader = FakeLoader()
        self.reports: list[LoadReport] = []
        self.drained: list[str] = []  # by whom

    def open_registry(self) -> Registry:
        return open_registry(self.url, busy_timeout_s=0, clock=lambda: self.now)

    def put(self, name: str, *numbers: int) -> None:
        """Versions into the store, as whoever publishes beside the gateway."""
        for number in numbers:
            (self.root / name / str(number)).mkdir(parents=True)
            (self.root / name / str(number) / "model.onnx").write_bytes(b"")

    def build(self) -> None:
        """The control plane, as it is before it has read the registry."""
        self.reconciler = Reconciler(
            self.engine.engine,
            self.store,
            self.loader.loader,
            self.reports.append,
            stored=self.store.models(),
            rollback_window_s=WINDOW_S,
            clock=lambda: self.now,
            wall_clock=lambda: self.now,
        )
        self.reconciler.publish()
        self.control = Control(
            self.reconciler,
            self.engine.engine,
            self.store,
            rollback_window_s=WINDOW_S,
            on_drain=self._drain,
            clock=lambda: self.now,
        )

    def start(self) -> None:
        """As after the start of a gateway, when all is loaded that can be."""
        self.build()
        self.reconciler.start(self.registry)
        self.reconciler.take_loads()
        self.reconciler.take_news()

    def restart(self) -> None:
        """The process has died, and another one is there."""
        self.engine, broken, slow = FakeEngine(), self.loader.broken, self.loader.slow
        self.loader = FakeLoader()
        self.loader.broken, self.loader.slow = broken, slow
        self.registry.close()
        self.registry = self.open_registry()
        self.start()

    def pass_s(self, seconds: float) -> None:
        """Time goes by, and the reconciler looks."""
        self.now += seconds
        self.reconciler.look()

    def serving(self, name: str = "m") -> int | None:
        return self.engine.last.serving(name)

    def rollout(self, name: str = "m") -> FakeRollout:
        return self.engine.last.rollouts[name]

    def recorded(self, name: str = "m") -> ModelState:
        """What another process sees in the registry."""
        with self.open_registry() as other:
            return other.get(name)

    def kinds(self) -> list[str]:
        return [event.kind for event in self.registry.events(0, 1000)]

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Another process writes, and does not end."""
        path = self.url.removeprefix("sqlite:///")
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            yield
            other.execute("ROLLBACK")

    def close(self) -> None:
        self.registry.close()

    def _drain(self, actor: str) -> None:
        self.drained.append(actor)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[World]:
    """No model, and not started."""
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def world(empty: World) -> World:
    """Started, with versions 1, 2 and 3 of m; 1 is the champion."""
    empty.put("m", 1)
    empty.registry.note_versions("m", [(1, "")])
    empty.put("m", 2, 3)
    empty.start()
    return empty


@pytest.fixture
def swapped(world: World) -> World:
    """2 is the champion, and 1 was before."""
    world.control.set_champion("m", 2)
    return world
