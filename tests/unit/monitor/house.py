"""A gateway's monitor over a real store, registry and state file; engine and clock are not real."""

from pathlib import Path
from typing import Any, cast

from tests.unit.monitor.conftest import Clock, Engine, Reader, Version
from tests.unit.monitor.traffic import Block, block_of, columns, words_of
from tiltyard._core import RecordReader
from tiltyard.monitor.alarm_book import AlarmBook
from tiltyard.monitor.counting.counter import Kernel
from tiltyard.monitor.desk import Desk, Parts
from tiltyard.monitor.given import Terms
from tiltyard.monitor.incidents.feed import AlarmFeed
from tiltyard.monitor.interface import DriftQuery
from tiltyard.monitor.keeper import Keeper
from tiltyard.monitor.monitor import Monitor
from tiltyard.monitor.profile.codec import encode
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.recording import CHAMPION, Records
from tiltyard.monitor.saving import Document, Saving
from tiltyard.monitor.skew_reports import SkewReports
from tiltyard.monitor.snapshot import Alarm, Snapshot
from tiltyard.monitor.state_file import StateFile
from tiltyard.monitor.watched import Watched
from tiltyard.registry import ModelState, Registry, open_registry
from tiltyard.store import open_store
from tiltyard.store.profiles import add_profile_file

MODEL = "fraud"


class Log:
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def info(self, event: str, **values: Any) -> None:
        self.lines.append({"event": event, **values})

    warning = info


class Served:
    """Says what a test wants."""

    def __init__(self, registry: Registry | None) -> None:
        self.loaded: dict[tuple[str, int], Version] = {}
        self.wanted: dict[str, ModelState] = {}
        self.settled = True
        self.known = registry

    def versions(self) -> list[Any]:
        return list(self.loaded.values())

    def states(self) -> dict[str, ModelState]:
        return dict(self.wanted)

    def registry(self) -> Registry | None:
        return self.known

    def is_settled(self) -> bool:
        return self.settled


class House:
    """Begun anew by start(), as a gateway is by a restart; store, registry and state file stay."""

    def __init__(self, folder: Path, kernel: Kernel) -> None:
        self.clock = Clock()
        self.root = folder / "store"
        self.root.mkdir()
        self.store = open_store(str(self.root))
        self.state_path = folder / "state.sqlite3"
        self.registry = open_registry(
            f"sqlite:///{folder / 'registry.db'}", busy_timeout_s=0, clock=lambda: self.clock.unix
        )
        self.served = Served(self.registry)
        self.kernel = kernel
        self.bytes_max = 10**9
        self.said: list[str] = []
        self.bugs: list[tuple[str, BaseException]] = []
        self.log = Log()
        self.start()

    def start(self) -> None:
        """A process that has loaded nothing yet."""
        self.served.loaded = {}
        self.engine, self.reader = Engine(), Reader()
        self.feed = AlarmFeed(on_bug=self._take_bug)
        self.book = AlarmBook(self.feed)
        self.monitor = Monitor(
            self.book,
            clock=lambda: self.clock.unix,
            monotonic=lambda: self.clock.monotonic,
            on_bug=self._take_bug,
        )
        documents = {
            "alarms": Document(self.book.saving, self.book.restore, lambda: self.book.changes),
            "events": Document(self.feed.saving, self.feed.restore, lambda: self.feed.seq),
        }
        self.state = StateFile(self.state_path)
        self.saving = Saving(self.monitor, self.state, documents, on_problem=self.said.append)
        self.keeper = Keeper(
            self.monitor,
            cast(Records, self.engine),
            self.store,
            self.served,
            lambda: self.kernel,
            Terms(1_000.0, self.bytes_max, warmup_ticks=10),
            self.saving,
            on_problem=self.said.append,
            on_bug=self._take_bug,
            report_skew=SkewReports(self.monitor, self.served, self.log).look,
        )
        self.desk = Desk(
            Parts(
                monitor=self.monitor,
                keeper=self.keeper,
                saving=self.saving,
                feed=self.feed,
                store=self.store,
                registry=self.served.registry,
                gateway=lambda: "127.0.0.1:9",
                undelivered=lambda: 0,
            )
        )
        self.keeper.begin()

    def stop(self) -> None:
        """In good order: what there is, is saved."""
        self.saving.save(force=True)
        self.saving.close()

    def crash(self) -> None:
        """What was not saved is lost."""
        self.saving.close()

    def restart(self, *versions: int, down_s: float = 0.0) -> None:
        self.stop()
        self.clock.pass_s(down_s)
        self.start()
        for version in versions:
            self.load(version)
        self.keeper.look()

    # ---- what there is

    def put(self, profile: Profile) -> Profile:
        """A version into the store, with a profile."""
        place = self.root / profile.model / str(profile.version)
        if not place.exists():
            place.mkdir(parents=True)
            (place / "model.onnx").write_bytes(b"")
            self.registry.note_versions(profile.model, [(profile.version, "")])
        return add_profile_file(self.store, profile.model, profile.version, encode(profile))

    def load(self, version: int, model: str = MODEL) -> None:
        """It is in memory, by another object than before."""
        self.served.loaded[model, version] = Version(model, version)

    def serve(self, champion: int | None, *, model: str = MODEL, **more: Any) -> None:
        self.served.wanted[model] = ModelState(model, 1, champion, **more)

    def watch(self, *profiles: Profile, champion: int | None) -> None:
        """Put, load and serve these; look."""
        for profile in profiles:
            self.put(profile)
            self.load(profile.version, profile.model)
        self.serve(champion, model=profiles[0].model)
        self.keeper.look()

    def watched(self, version: int = 2, model: str = MODEL) -> Watched:
        return self.monitor.watched[model, version]

    # ---- what happens

    def block(self, seed: int, rows: int, shift: float, version: int, role: str) -> Block:
        numbers = self.monitor.recordings[MODEL, version].numbers
        return block_of(numbers[role], words_of(columns(seed, rows, shift)))

    def drain(self, *blocks: Block, after_s: float = 1.0) -> None:
        self.clock.pass_s(after_s)
        self.reader.blocks += blocks
        self.monitor.drain(cast(RecordReader, self.reader))

    def ask(
        self,
        ticks: int,
        *,
        shift: float = 0.0,
        version: int = 2,
        role: str = CHAMPION,
        rows: int = 100,
        seed: int = 1,
    ) -> None:
        """So many ticks of traffic."""
        for tick in range(ticks):
            self.drain(self.block(seed * 10_000 + tick, rows, shift, version, role))

    def drift(self, version: int = 2) -> Alarm:
        """Accept what comes, and shift it until there is an alarm of drift."""
        self.ask(305, version=version, seed=version)
        self.desk.accept(MODEL, version, 3_600.0, "ann")
        self.ask(310, version=version, seed=version + 50)
        self.ask(12, version=version, shift=1.0, seed=version + 100)
        (found,) = [one for one in self.open("drift") if one.key.version == version]
        return found

    def open(self, kind: str = "") -> list[Alarm]:
        return [one for one in self.desk.alarms(open_only=True) if kind in ("", one.kind)]

    def snapshot(self, **asked: Any) -> Snapshot:
        (found,) = self.desk.snapshots(DriftQuery(model=MODEL, **{"version": 2, **asked}))
        return found

    def _take_bug(self, where: str, error: BaseException) -> None:
        self.bugs.append((where, error))
