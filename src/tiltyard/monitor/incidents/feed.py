"""The feed of alarm events: numbered, bounded, and told to whoever listens or waits.

The monitor's thread puts changes of alarms in; the admin API reads them from any thread.
"""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from tiltyard.errors import TiltyardError
from tiltyard.monitor.incidents.encoded import Encoded
from tiltyard.monitor.incidents.incident import Incident, Incidents
from tiltyard.monitor.interface import AlarmEvent
from tiltyard.monitor.snapshot import Alarm

if TYPE_CHECKING:
    from pydantic import TypeAdapter

EVENTS_MAX: Final = 1_000
FORMAT: Final = 1

OPENED: Final = "opened"
NAMED: Final = "named"  # more streams than before
RECOVERED: Final = "recovered"
SUPERSEDED: Final = "superseded"
ACKNOWLEDGED: Final = "acknowledged"
EVENTS: Final = (OPENED, NAMED, RECOVERED, SUPERSEDED, ACKNOWLEDGED)

OnBug = Callable[[str, BaseException], None]


class FeedError(TiltyardError):
    """What was saved of a feed is not what a feed saves."""


@dataclass(frozen=True, slots=True)
class Notice:
    """An event with its incident as it is after it. `is_first`: the event has opened it."""

    event: AlarmEvent
    incident: Incident
    is_first: bool

    @property
    def is_silenced(self) -> bool:
        """Whether it only says more of what somebody has acknowledged."""
        return self.event.event == NAMED and self.event.alarm.acknowledged_at is not None


class AlarmFeed:
    """Thread-safe. `listeners` are called in order, on the thread of take(), and must not block.

    What a listener raises is told to `on_bug(where, error)`; the others still hear of the event.
    """

    def __init__(
        self,
        listeners: Sequence[Callable[[Notice], None]] = (),
        *,
        on_bug: OnBug,
        events_max: int = EVENTS_MAX,
    ) -> None:
        self._listeners = list(listeners)
        self._on_bug = on_bug
        self._telling = threading.Lock()  # listeners hear of events in their order
        self._changed = threading.Condition()
        self._events: deque[AlarmEvent] = deque(maxlen=events_max)
        self._incidents = Incidents()
        self._encoded = Encoded()
        self._seq = 0
        self._counts = dict.fromkeys(EVENTS, 0)

    def take(self, event: str, alarm: Alarm, at: float) -> AlarmEvent:
        """An alarm has opened, named more streams, recovered, been superseded or acknowledged.

        `alarm` is as it is now, `at` in unix seconds. Raises ValueError for another word.
        """
        if event not in EVENTS:
            raise ValueError(f"event {event!r} of alarm {alarm.id}: expected one of {EVENTS}")
        with self._telling:
            notice = self._note(event, alarm, at)
            for listener in self._listeners:
                try:
                    listener(notice)
                except Exception as error:  # noqa: BLE001 - counting must go on; the log has it
                    self._on_bug(f"alarm event {notice.event.seq}", error)
        return notice.event

    def _note(self, event: str, alarm: Alarm, at: float) -> Notice:
        with self._changed:
            was_open = {incident.id for incident in self._incidents.all()}
            incident = self._incidents.take(alarm, at)
            self._seq += 1
            made = AlarmEvent(self._seq, at, event, incident.id, alarm)
            self._events.append(made)
            self._counts[event] += 1
            self._changed.notify_all()
        return Notice(made, incident, is_first=incident.id not in was_open)

    @property
    def seq(self) -> int:
        """The number of the newest event; 0 before the first."""
        return self._seq

    def events(self, after: int, limit: int) -> list[AlarmEvent]:
        """Those after number `after`, the oldest first, at most `limit`.

        Only so many are kept: a first number above `after` + 1 says that some are gone.
        """
        with self._changed:
            return [event for event in self._events if event.seq > after][: max(0, limit)]

    def wait_events(self, after: int, timeout_s: float) -> bool:
        """Whether there is an event after number `after`; waits for one at most so long."""
        give_up = time.monotonic() + timeout_s
        with self._changed:
            while self._seq <= after:
                left_s = give_up - time.monotonic()
                if left_s <= 0:
                    return False
                self._changed.wait(left_s)
            return True

    def incidents(self) -> list[Incident]:
        """The open ones, the oldest first."""
        with self._changed:
            return self._incidents.all()

    def counters(self) -> dict[str, int]:
        """How many events of each sort there were since the start of this process."""
        with self._changed:
            return dict(self._counts)

    def save(self) -> str:
        """All of it as JSON, for restore()."""
        return self.saving()()

    def saving(self) -> Callable[[], str]:
        """Makes the JSON of what there is now; that may be done later, by one thread at a time."""
        with self._changed:
            seq, events, incidents = self._seq, list(self._events), self._incidents.all()
        return lambda: (
            f'{{"format": {FORMAT}, "seq": {seq}, "events": {self._encoded.array(events)},'
            f' "incidents": {json.dumps([asdict(incident) for incident in incidents])}}}'
        )

    def restore(self, text: str) -> None:
        """Go on from what was saved, before anything is taken. Listeners are not told again.

        Raises FeedError; then nothing has changed.
        """
        seq, events, incidents = _read(text)
        with self._changed:
            if self._seq:
                raise FeedError(f"events were taken before the feed was restored: {self._seq}")
            self._seq = seq
            self._events.extend(events)
            self._incidents = Incidents(incidents)
            self._changed.notify_all()


def _read(text: str) -> tuple[int, list[AlarmEvent], list[Incident]]:
    from pydantic import ValidationError  # late: it takes long to import

    try:
        state = json.loads(text)
        if state["format"] != FORMAT:
            raise FeedError(f"saved alarm events have format {state['format']}; expected {FORMAT}")
        seq = int(state["seq"])
        events = _adapters()[0].validate_python(state["events"])
        incidents = _adapters()[1].validate_python(state["incidents"])
    except (ValueError, TypeError, KeyError, ValidationError) as error:
        raise FeedError(f"saved alarm events cannot be read: {error}") from error
    return seq, events, incidents


@cache
def _adapters() -> "tuple[TypeAdapter[list[AlarmEvent]], TypeAdapter[list[Incident]]]":
    """Made once: they take as long as reading many events."""
    from pydantic import TypeAdapter

    return TypeAdapter(list[AlarmEvent]), TypeAdapter(list[Incident])
