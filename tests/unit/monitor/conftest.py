"""A monitor on a clock of its own, with compiled kernels."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from tests.unit.monitor.traffic import Block
from tiltyard._core import LoadedVersion, RecordReader
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.alarm_book import AlarmBook
from tiltyard.monitor.counting.compilation import compile_kernel
from tiltyard.monitor.counting.counter import Kernel
from tiltyard.monitor.incidents.feed import AlarmFeed
from tiltyard.monitor.monitor import Monitor
from tiltyard.monitor.policy import DriftPolicy
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.recording import PlaneNumbers, Recording, Records
from tiltyard.monitor.watched import Watched

if TYPE_CHECKING:
    from tests.unit.monitor.house import House

START = 1_764_547_200.0  # Monday, 2025-12-01 00:00 UTC
BOOTED = 5_000.0  # what CLOCK_MONOTONIC says then


@dataclass
class Clock:
    """Both clocks; they go together."""

    unix: float = START
    monotonic: float = BOOTED

    def pass_s(self, seconds: float) -> None:
        self.unix += seconds
        self.monotonic += seconds


@dataclass
class Reader:
    """Gives the blocks that a test puts in."""

    blocks: list[Block] = field(default_factory=list)
    released: int = 0

    def take(self) -> list[Block]:
        blocks, self.blocks = self.blocks, []
        return blocks

    def release(self) -> None:
        self.released += 1


class Version:
    """As much of a LoadedVersion as is looked at."""

    def __init__(self, model: str = "fraud", version: int = 2) -> None:
        self.model, self.version = model, version


class Engine:
    """Records nothing, and remembers for whom."""

    def __init__(self) -> None:
        self.recorded: dict[tuple[str, int], tuple[int, int, int, int]] = {}

    def record(self, version: Version, _slots: object, planes: tuple[int, int, int, int]) -> object:
        self.recorded[version.model, version.version] = planes

        class Plan:
            def counters(self) -> dict[str, dict[str, int]]:
                return {"champion": {"offered": 9, "dropped": 2}}

        return Plan()

    def stop_recording(self, version: Version) -> None:
        self.recorded.pop((version.model, version.version), None)


@pytest.fixture(scope="session")
def kernel() -> Kernel:
    return compile_kernel().kernel


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def feed() -> AlarmFeed:
    def fail(where: str, error: BaseException) -> None:
        raise AssertionError(where) from error

    return AlarmFeed(on_bug=fail)


@pytest.fixture
def monitor(clock: Clock, feed: AlarmFeed) -> Monitor:
    return Monitor(AlarmBook(feed), clock=lambda: clock.unix, monotonic=lambda: clock.monotonic)


@dataclass
class Bench:
    """A monitor that watches versions of a test's choice."""

    monitor: Monitor
    clock: Clock
    kernel: Kernel
    reader: Reader = field(default_factory=Reader)
    engine: Engine = field(default_factory=Engine)
    numbers: PlaneNumbers = field(default_factory=PlaneNumbers)
    policy: AlarmPolicy = field(
        default_factory=lambda: AlarmPolicy(warmup_ticks=10, false_alarm_s=1_000.0)
    )

    def watch(self, profile: Profile, policy: DriftPolicy | None = None) -> Watched:
        watched = Watched(
            profile,
            self.kernel,
            policy or DriftPolicy(),
            self.policy,
            began=self.clock.unix,
            monotonic=self.clock.monotonic,
        )
        version = Version(profile.model, profile.version)
        engine, loaded = cast(Records, self.engine), cast(LoadedVersion, version)
        recording = Recording(engine, loaded, profile, self.numbers)
        self.monitor.watch(watched, recording)
        return watched

    def number(self, watched: Watched, role: str) -> int:
        return self.monitor.recordings[watched.key].numbers[role]

    def drain(self, *blocks: Block, after_s: float = 1.0) -> int:
        self.clock.pass_s(after_s)
        self.reader.blocks += blocks
        return self.monitor.drain(cast(RecordReader, self.reader))


@pytest.fixture
def house(tmp_path: Path, kernel: Kernel) -> Iterator["House"]:
    """A whole monitor without threads; nobody is to have found a bug in it."""
    from tests.unit.monitor.house import House  # late: it takes its clock from here

    made = House(tmp_path, kernel)
    yield made
    made.saving.close()
    made.registry.close()
    assert made.bugs == []


@pytest.fixture
def bench(monitor: Monitor, clock: Clock, kernel: Kernel) -> Bench:
    return Bench(monitor, clock, kernel)
