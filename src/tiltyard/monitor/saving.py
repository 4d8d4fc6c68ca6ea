"""The monitor's state across restarts: what is put into the state file, and taken out again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tiltyard.errors import TiltyardError
from tiltyard.monitor.counting.errors import CountingError
from tiltyard.monitor.counting.panes import Panes
from tiltyard.monitor.counting.saved import PlaneId, SavedState
from tiltyard.monitor.detection import Detection
from tiltyard.monitor.monitor import Monitor
from tiltyard.monitor.state_file import StateFile
from tiltyard.monitor.watched import Watched

SAVE_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Document:
    """Something else that is saved as text: alarms, their events, what webhooks still owe."""

    save: Callable[[], str]
    restore: Callable[[str], None]


class Saving:
    """Of one gateway; without a file nothing is kept. Used from the keeper's thread."""

    def __init__(
        self,
        monitor: Monitor,
        state: StateFile | None,
        documents: Mapping[str, Document],
        *,
        on_problem: Callable[[str], None],
    ) -> None:
        self.saved_at: float | None = None
        self.gap_s = 0.0
        self._monitor = monitor
        self._state = state
        self._documents = documents
        self._on_problem = on_problem
        self._saved = SavedState()
        self._next = 0.0

    def load(self) -> None:
        """What was saved last; to be called before anything is watched. Raises StateFileError."""
        if self._state is None:
            return
        self._saved = self._state.load(self._monitor.now())
        self.saved_at, self.gap_s = self._saved.saved_at, self._saved.gap_s
        for problem in self._saved.problems:
            self._on_problem(problem)
        for name, document in self._documents.items():
            if name not in self._saved.documents:
                continue
            try:
                document.restore(str(self._saved.documents[name]))
            except TiltyardError as error:
                self._on_problem(str(error))

    def restore_panes(self, watched: Watched) -> None:
        """The planes that were saved of a version, with the gap until now in them."""
        now = self._monitor.now()
        for saved, state in self._saved.planes.items():
            key = saved.key
            if (key.model, key.version) != watched.key or key.segment not in watched.segments:
                continue
            if saved.profile_digest != watched.profile.digest:
                wanted = PlaneId(key, watched.profile.digest)
                self._on_problem(self._saved.unfit(wanted))
                continue
            try:
                panes = Panes.restored(watched.profile.layout, state, now)
            except CountingError as error:
                self._on_problem(f"{key.model} version {key.version}, {key.role}: {error}")
                continue
            panes.note_gap(self.saved_at or now, now)
            watched.adopt(key.role, key.segment, panes)

    def restore_detectors(self, watched: Watched) -> None:
        """Those that were saved with the references that the version has now."""
        for segment, detection in watched.detections():
            arrays = self._saved.arrays.get(_name(watched, segment, detection))
            if arrays is not None and not detection.restore(arrays):
                model, version = watched.key
                self._on_problem(
                    f"{model} version {version}: the saved {detection.kind} detector is of another"
                    " reference or policy, and begins anew"
                )

    def save(self, *, force: bool = False) -> None:
        """Save what there is, if it is time. Raises StateFileError; the last save stays."""
        if self._state is None or (not force and self._monitor.monotonic() < self._next):
            return
        self._next = self._monitor.monotonic() + SAVE_S
        with self._monitor.lock:
            now = self._monitor.now()
            planes = {}
            arrays: dict[str, Mapping[str, Any]] = {}
            for watched in self._monitor.watched.values():
                for plane in watched.planes.values():
                    plane_id = PlaneId(plane.key, watched.profile.digest)
                    planes[plane_id] = plane.panes.state(self._state.newest(plane_id))
                for segment, detection in watched.detections():
                    arrays[_name(watched, segment, detection)] = detection.to_arrays()
            documents = {name: one.save() for name, one in self._documents.items()}
        self._state.save(now, planes, arrays, documents)
        self.saved_at = now

    def close(self) -> None:
        if self._state is not None:
            self._state.close()


def _name(watched: Watched, segment: str, detection: Detection) -> str:
    model, version = watched.key
    return f"{model}/{version}/{detection.kind}/{segment}"
