"""The monitor as a part of a gateway: everything that belongs to it, and its two threads."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tiltyard._core import Engine
from tiltyard.config import NONE, Config
from tiltyard.monitor.alarm_book import AlarmBook
from tiltyard.monitor.counting.compilation import compile_kernel
from tiltyard.monitor.counting.counter import Kernel
from tiltyard.monitor.desk import Desk, Parts
from tiltyard.monitor.given import Served, Terms
from tiltyard.monitor.incidents.alarm_log import AlarmLog
from tiltyard.monitor.incidents.endpoint import Endpoint
from tiltyard.monitor.incidents.feed import AlarmFeed, Notice
from tiltyard.monitor.incidents.payload import Context, payload
from tiltyard.monitor.incidents.runbook import Runbook
from tiltyard.monitor.incidents.webhook import Webhooks
from tiltyard.monitor.keeper import Keeper
from tiltyard.monitor.monitor import Monitor
from tiltyard.monitor.profile.stream import Group
from tiltyard.monitor.saving import Document, Saving
from tiltyard.monitor.skew_reports import SkewReports
from tiltyard.monitor.snapshot import Alarm
from tiltyard.monitor.state_file import StateFile, StateFileError, StateFileInUseError
from tiltyard.monitor.watched import Watched
from tiltyard.store import Store

if TYPE_CHECKING:
    from tiltyard.ops.reporter import Reporter

STATE_FILE: Final = "monitor.sqlite3"
GATEWAYS_MAX: Final = 64  # beside one store
AROUND_S: Final = 86_400.0  # how long before an onset something that changed may be its cause


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the monitor is given by its gateway.

    `gateway` is the address that it is known by, once there is one; `enter_priority(name)` gives
    the calling thread its low priority.
    """

    engine: Engine
    store: Store
    served: Served
    reporter: "Reporter"
    gateway: Callable[[], str]
    enter_priority: Callable[[str], None]


class MonitorService:
    """Started once and stopped once. `desk` and `feed` may be asked at any time.

    Events of alarms are told with the monitor's lock held, so whoever listens must not wait.
    """

    def __init__(self, config: Config, around: Surroundings) -> None:
        """Raises ConfigError, StateFileError."""
        self._around = around
        self._runbook = Runbook(config.runbook)
        reporter = around.reporter
        self._webhooks = Webhooks(
            [
                Endpoint(hook.url, hook.secret(), hook.name, hook.sends_skew)
                for hook in config.webhooks
            ],
            self._describe,
            log=reporter,
            on_bug=reporter.log_bug,
            enter_priority=around.enter_priority,
        )
        self.feed = AlarmFeed([AlarmLog(reporter), self._webhooks], on_bug=reporter.log_bug)
        book = AlarmBook(self.feed)
        self._monitor = Monitor(book, on_bug=reporter.log_bug)
        documents = {
            "alarms": Document(book.saving, book.restore, lambda: book.changes),
            "events": Document(self.feed.saving, self.feed.restore, lambda: self.feed.seq),
            "webhooks": Document(
                lambda: partial(str, self._webhooks.save()), self._webhooks.restore
            ),
        }
        self._saving = Saving(
            self._monitor,
            _state_file(config, around.store, self._say),
            documents,
            on_problem=self._say,
            open_late=partial(_late_state_file, config, around.store, self._say),
        )
        self._keeper = Keeper(
            self._monitor,
            around.engine,
            around.store,
            around.served,
            self._compile,
            Terms(config.false_alarm_s, config.monitor_bytes_max, config.monitor_tick_s),
            self._saving,
            on_problem=self._say,
            on_bug=reporter.log_bug,
            report_skew=SkewReports(self._monitor, around.served, reporter).look,
        )
        self.desk = Desk(
            Parts(
                monitor=self._monitor,
                keeper=self._keeper,
                saving=self._saving,
                feed=self.feed,
                store=around.store,
                registry=around.served.registry,
                gateway=around.gateway,
                undelivered=lambda: self._webhooks.undelivered,
            )
        )
        self._stopping = threading.Event()
        self._keeping = threading.Thread(target=self._keep, name="monitor-keeper", daemon=True)
        self._counting = threading.Thread(target=self._count, name="monitor", daemon=True)

    def start(self) -> None:
        """Begin to watch, when the kernels are compiled."""
        self._webhooks.start()
        self._counting.start()
        self._keeping.start()

    def stop(self, give_up_s: float) -> bool:
        """Count what is left, save, and end; whether that was done in time. Idempotent."""
        self._stopping.set()
        self._keeper.wake()
        for thread in (self._counting, self._keeping):
            if thread.ident is not None:
                thread.join(give_up_s)
        self._webhooks.stop()
        is_over = not (self._counting.is_alive() or self._keeping.is_alive())
        if is_over:
            self._saving.close()
        return is_over

    def webhook_counters(self) -> dict[str, dict[str, int]]:
        """See Webhooks.counters()."""
        return self._webhooks.counters()

    # ---- the threads

    def _count(self) -> None:
        self._around.enter_priority("monitor")
        try:
            self._monitor.run(self._around.engine.open_records(), self._stopping)
        except Exception as error:  # noqa: BLE001 - the gateway serves on; the log has it
            self._around.reporter.log_bug("monitor", error)
            self._keeper.problems["counting"] = f"counting has ended: {error}"

    def _keep(self) -> None:
        self._around.enter_priority("monitor-keeper")
        try:
            self._keeper.run(self._stopping, self._counting.join)
        except Exception as error:  # noqa: BLE001 - the gateway serves on; the log has it
            self._around.reporter.log_bug("monitor-keeper", error)

    def _compile(self) -> Kernel:
        compiled = compile_kernel()
        if compiled.problem:
            self._say(compiled.problem)
        return compiled.kernel

    def _say(self, problem: str) -> None:
        self._around.reporter.warning("monitor", problem=problem)

    def _describe(self, notice: Notice) -> Mapping[str, Any]:
        """What webhooks are sent of an event; called with the monitor's lock held."""
        alarm = notice.event.alarm
        key = alarm.key
        watched = self._monitor.watched.get((key.model, key.version))
        context = Context()
        if watched is not None:
            profile = watched.profile
            plane = watched.planes.get((key.role, key.segment))
            context = Context(
                outputs=frozenset(
                    profile.streams[index].name for index in profile.of_group(Group.output)
                ),
                definitions=self._definitions(watched, alarm),
                markers=self._keeper.markers.between(
                    key.model, alarm.onset_from - AROUND_S, notice.event.time
                ),
                strangers=()
                if plane is None
                else plane.strangers.strangest(
                    notice.event.time, self._monitor.boot_s(), since=alarm.onset_from
                ),
            )
        gateway = self._around.gateway()
        return payload(notice, context, gateway=gateway, runbook=self._runbook)

    def _definitions(self, watched: Watched, alarm: Alarm) -> dict[str, str]:
        """The definition ids of an alarm's streams, since its onset."""
        ticking = watched.tickings.get(alarm.key.segment)
        detection = None if ticking is None else ticking.detections.get(alarm.kind)
        if detection is None or detection.reference.digest != alarm.reference_digest:
            return {}
        found = self._monitor.measured(watched, alarm.key.segment, detection.reference, alarm.onset)
        return {one.stream: one.definition for one in found.streams}


def _state_file(config: Config, store: Store, say: Callable[[str], None]) -> StateFile | None:
    """The one that is named, or that is there already. Raises StateFileError."""
    if config.monitor_state not in (None, NONE):
        return StateFile(Path(str(config.monitor_state)))
    if store.root is not None and (store.root / STATE_FILE).exists():
        return _late_state_file(config, store, say)
    return None


def _late_state_file(config: Config, store: Store, say: Callable[[str], None]) -> StateFile | None:
    """Where counts are kept; beside a local store where nothing else is said.

    Of several gateways on one store each takes the first file that is nobody else's. A store that
    can only be read is served and counted all the same, and it is said that nothing is kept.
    """
    if config.monitor_state is not None or store.root is None:
        return None
    for number in range(1, GATEWAYS_MAX + 1):
        path = store.root / (STATE_FILE if number == 1 else f"monitor-{number}.sqlite3")
        try:
            return StateFile(path, busy_timeout_s=0.0)
        except StateFileInUseError:
            continue
        except StateFileError as error:
            say(f"counts and alarms are not kept over a restart: {error}")
            return None
    say(
        f"counts and alarms are not kept over a restart: {GATEWAYS_MAX} gateways have their state"
        f" beside the store {store.uri}; name a file with monitor_state = PATH"
    )
    return None
