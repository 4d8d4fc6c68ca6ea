"""The monitor with its threads, on a real engine that serves nothing."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from tests.unit.monitor.house import Served
from tests.unit.monitor.test_alarm_book import ALARM
from tests.unit.monitor.traffic import columns, reference_profile, words_of
from tiltyard._core import Engine
from tiltyard.app import _ort_library
from tiltyard.config import Config
from tiltyard.monitor import service as module
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.counting.compilation import Compilation
from tiltyard.monitor.counting.counter import Kernel
from tiltyard.monitor.incidents.feed import Notice
from tiltyard.monitor.policy import DriftPolicy
from tiltyard.monitor.recording import CHAMPION
from tiltyard.monitor.service import STATE_FILE, MonitorService, Surroundings
from tiltyard.monitor.state_file import StateFile, StateFileError, StateFileInUseError
from tiltyard.monitor.watched import Watched
from tiltyard.ops.reporter import Reporter
from tiltyard.registry import Event
from tiltyard.store import Store, open_store

GIVE_UP_S = 60.0


class Log:
    """As much of a Reporter as is used."""

    def __init__(self) -> None:
        self.bugs: list[tuple[str, BaseException]] = []
        self.warnings: list[dict[str, Any]] = []

    def log_bug(self, where: str, error: BaseException) -> None:
        self.bugs.append((where, error))

    def info(self, event: str, **values: Any) -> None:
        pass

    def warning(self, event: str, **values: Any) -> None:
        self.warnings.append({"event": event, **values})


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine(str(_ort_library()), Config(worker_threads=1).engine_options())
    yield made
    made.stop()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path))


@pytest.fixture
def log() -> Log:
    return Log()


Make = Callable[..., MonitorService]


@pytest.fixture
def make(engine: Engine, store: Store, log: Log) -> Iterator[Make]:
    """Makes services, and stops those that were not."""
    made: list[MonitorService] = []

    def build(**config: Any) -> MonitorService:
        around = Surroundings(
            engine=engine,
            store=store,
            served=Served(None),
            reporter=cast(Reporter, log),
            gateway=lambda: "127.0.0.1:9",
            enter_priority=lambda _: None,
        )
        made.append(MonitorService(Config(**config), around))
        return made[-1]

    yield build
    for one in made:
        assert one.stop(GIVE_UP_S)


def watch(service: MonitorService, kernel: Kernel) -> Watched:
    """As the keeper would on finding a profile: a state is opened and saved with it."""
    watched = Watched(
        reference_profile(), kernel, DriftPolicy(), AlarmPolicy(), began=0.0, monotonic=0.0
    )
    service._monitor.watched[watched.key] = watched
    service._saving.save(force=True)
    return watched


def test_it_counts_and_keeps_until_it_is_stopped(
    make: Make, store: Store, log: Log, kernel: Kernel
) -> None:
    assert store.root is not None
    service = make()
    watch(service, kernel)
    with pytest.raises(StateFileInUseError):
        StateFile(store.root / STATE_FILE, busy_timeout_s=0.0)
    service.start()
    assert service.stop(GIVE_UP_S)
    assert service.stop(GIVE_UP_S), "once more is nothing"
    assert service.desk.status().drains >= 1
    assert service.desk.status().saved_at is not None, "it is saved at the end"
    StateFile(store.root / STATE_FILE).close()
    assert log.bugs == []


def test_who_watches_nothing_writes_nothing(make: Make, tmp_path: Path, log: Log) -> None:
    service = make()
    service.start()
    assert service.stop(GIVE_UP_S)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert service.desk.status().saved_at is None
    assert (log.bugs, log.warnings) == ([], [])


def test_each_gateway_on_a_store_has_a_file_of_its_own(
    make: Make, store: Store, kernel: Kernel, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.root is not None
    monkeypatch.setattr(module, "GATEWAYS_MAX", 2)
    first, second, third = make(), make(), make()
    watch(first, kernel)
    watch(second, kernel)
    assert {path.name for path in store.root.glob("monitor*.sqlite3")} == {
        STATE_FILE,
        "monitor-2.sqlite3",
    }
    assert log.warnings == []
    watch(third, kernel)
    assert "2 gateways have their state beside the store" in log.warnings[0]["problem"]
    assert third.desk.status().saved_at is None
    assert first.stop(GIVE_UP_S)
    fourth = make()
    watch(fourth, kernel)
    assert fourth.desk.status().saved_at is not None


def test_beside_a_store_that_can_only_be_read_nothing_is_kept(
    make: Make, log: Log, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, **_: Any) -> StateFile:
        raise StateFileError(f"state file {path}: read-only file system")

    monkeypatch.setattr(module, "StateFile", refuse)
    service = make()
    watch(service, kernel)
    service._saving.save(force=True)
    (warning,) = log.warnings
    assert "not kept over a restart: state file" in warning["problem"]
    with pytest.raises(StateFileError, match="elsewhere"):
        make(monitor_state="/elsewhere")


def test_one_that_was_never_started_lets_go_of_its_file(
    make: Make, store: Store, kernel: Kernel
) -> None:
    assert store.root is not None
    service = make()
    watch(service, kernel)
    assert service.stop(GIVE_UP_S)
    StateFile(store.root / STATE_FILE, busy_timeout_s=0.0).close()


@pytest.mark.parametrize(("state", "file"), [("none", None), ("there", "there/x"), (None, "here")])
def test_where_the_state_is_kept(
    make: Make, tmp_path: Path, store: Store, kernel: Kernel, state: str | None, file: str | None
) -> None:
    assert store.root is not None
    wanted = {
        None: None,
        "there/x": tmp_path / "there" / "x",
        "here": store.root / STATE_FILE,
    }[file]
    watch(make(monitor_state=str(wanted) if state == "there" else state), kernel)
    found = [path for path in tmp_path.rglob("*") if path.is_file() and "-" not in path.name]
    assert found == ([] if wanted is None else [wanted])


def test_a_state_that_cannot_be_read_is_said_and_nothing_is_saved_over_it(
    make: Make, monkeypatch: pytest.MonkeyPatch, log: Log
) -> None:
    service = make()

    def fail() -> None:
        raise StateFileError("the disk is away")

    monkeypatch.setattr(service._saving, "load", fail)
    service.start()
    assert service.stop(GIVE_UP_S)
    assert service.desk.status().saved_at is None
    assert log.warnings == [{"event": "monitor", "problem": "the disk is away"}]
    assert service.desk.status().problems == ("the disk is away",)


def test_what_ends_the_counting_is_told(make: Make, log: Log, engine: Engine) -> None:
    service = make()
    engine.open_records()  # somebody else reads the records
    service.start()
    assert service.stop(GIVE_UP_S)
    assert [where for where, _ in log.bugs] == ["monitor"]
    assert service.desk.status().problems[0].startswith("counting has ended: ")


def test_a_kernel_that_is_slow_to_come_is_said(
    make: Make, monkeypatch: pytest.MonkeyPatch, kernel: Kernel, log: Log
) -> None:
    compiled = Compilation(kernel, from_cache=False, problem="the cache cannot be written")
    monkeypatch.setattr(module, "compile_kernel", lambda: compiled)
    assert make()._compile() is kernel
    assert log.warnings == [{"event": "monitor", "problem": compiled.problem}]


def test_webhooks_are_told_what_is_known_beside_an_alarm(make: Make, kernel: Kernel) -> None:
    service = make(runbook="https://runbooks.example/{model}")
    notices: list[Notice] = []
    service.feed._listeners.append(notices.append)
    service.feed.take("opened", ALARM, 100.0)
    (notice,) = notices
    told = service._describe(notice)
    assert told["prediction_drift"] is None, "nobody knows which streams are outputs"
    assert told["runbook"] == "https://runbooks.example/fraud"
    assert told["gateway"] == "127.0.0.1:9"
    service._keeper.markers.update([Event("profile_added", "fraud", 3, 2, {"number": 1}, 1, 80.0)])
    watched = watch(service, kernel)
    watched.count(CHAMPION, words_of(columns(1, 20)), 95.0, 1.0)
    told = service._describe(notice)
    assert told["prediction_drift"] is False
    assert len(told["changes"]) == 1
    assert told["examples"]
    later = replace(ALARM, onset_from=service._monitor.boot_s() + 1.0)
    service.feed.take("opened", later, 101.0)
    assert not service._describe(notices[-1])["examples"], "it was made before the onset"
