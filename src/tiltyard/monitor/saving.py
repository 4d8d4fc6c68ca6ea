"""The monitor's state across restarts: what is put into the state file, and taken out again."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from tiltyard.errors import TiltyardError
from tiltyard.monitor.counting.errors import CountingError
from tiltyard.monitor.counting.named_arrays import NamedArrays
from tiltyard.monitor.counting.panes import Panes, PanesState
from tiltyard.monitor.counting.saved import PlaneId, SavedState
from tiltyard.monitor.detection import Detection
from tiltyard.monitor.monitor import Monitor, VersionKey
from tiltyard.monitor.plane import Plane
from tiltyard.monitor.state_file import StateFile
from tiltyard.monitor.watched import Watched

SAVE_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Document:
    """Something else that is saved as text: alarms, their events, what webhooks still owe.

    `save` takes what there is, with the monitor's lock held; what it gives makes the text, without.
    Where `stamp` gives what it gave at the last save, nothing has changed since.
    """

    save: Callable[[], Callable[[], str]]
    restore: Callable[[str], None]
    stamp: Callable[[], Hashable] | None = None


@dataclass
class _Batch:
    """What one save writes: what has changed since the last one."""

    planes: dict[PlaneId, PanesState] = field(default_factory=dict)
    arrays: dict[str, NamedArrays] = field(default_factory=dict)
    documents: dict[str, Callable[[], str]] = field(default_factory=dict)
    forgotten: set[PlaneId | str] = field(default_factory=set)
    stamps: dict[PlaneId | str, Hashable] = field(default_factory=dict)
    owners: dict[PlaneId, Plane] = field(default_factory=dict)


class Saving:
    """Of one gateway; without a file nothing is kept. Used from the keeper's thread."""

    def __init__(
        self,
        monitor: Monitor,
        state: StateFile | None,
        documents: Mapping[str, Document],
        *,
        on_problem: Callable[[str], None],
        open_late: Callable[[], StateFile | None] = lambda: None,
    ) -> None:
        """Without `state` one is opened when something is watched: who watches nothing writes
        nothing."""
        self.saved_at: float | None = None
        self.gap_s = 0.0
        self._monitor = monitor
        self._state = state
        self._open_late: Callable[[], StateFile | None] | None = open_late
        self._documents = documents
        self._on_problem = on_problem
        self._found = SavedState()
        # What of it nobody has asked for yet: of versions that are still to be loaded.
        self._planes: dict[PlaneId, PanesState] = {}
        self._arrays: dict[str, NamedArrays] = {}
        # What the file has, and of whom: the plane or detector with its changes at the last save.
        self._in_file: set[PlaneId | str] = set()
        self._stamps: dict[PlaneId | str, Hashable] = {}
        self._owners: dict[PlaneId, Plane] = {}
        self._forgotten: set[VersionKey] = set()
        self._next = 0.0

    def load(self) -> None:
        """What was saved last; to be called before anything is watched. Raises StateFileError."""
        if self._state is None:
            return
        found = self._found = self._state.load(self._monitor.now())
        self.saved_at, self.gap_s = found.saved_at, found.gap_s
        self._planes, self._arrays = dict(found.planes), dict(found.arrays)
        self._in_file = {*self._planes, *self._arrays}
        for problem in found.problems:
            self._on_problem(problem)
        for name, document in self._documents.items():
            if name not in found.documents:
                continue
            try:
                document.restore(str(found.documents[name]))
            except TiltyardError as error:
                self._on_problem(str(error))
        self._found = SavedState(found.saved_at)

    def restore_panes(self, watched: Watched) -> None:
        """The planes that were saved of a version, with the gap until now in them."""
        now, digest = self._monitor.now(), watched.profile.digest
        mine = [one for one in self._planes if (one.key.model, one.key.version) == watched.key]
        saved = SavedState(planes={one: self._planes[one] for one in mine})
        for plane_id in mine:
            key, state = plane_id.key, self._planes.pop(plane_id)
            if key.segment not in watched.segments:
                continue
            if plane_id.profile_digest != digest:
                problem = saved.unfit(PlaneId(key, digest))
                if problem:
                    self._on_problem(problem)
                continue
            try:
                panes = Panes.restored(watched.profile.layout, state, now)
            except CountingError as error:
                self._on_problem(f"{key.model} version {key.version}, {key.role}: {error}")
                continue
            panes.note_gap(self._found.saved_at or now, now)
            self._owners[plane_id] = watched.adopt(key.role, key.segment, panes)

    def restore_detectors(self, watched: Watched) -> None:
        """Those that were saved with the references that the version has now, and are new.

        With the ticks that were open.
        """
        for segment, detection in watched.detections():
            if detection.changes:
                continue
            arrays = self._arrays.pop(_name(watched.key, segment, detection), None)
            if arrays is not None and not detection.restore(arrays):
                model, version = watched.key
                self._on_problem(
                    f"{model} version {version}: the saved {detection.kind} detector is of another"
                    " reference or policy, and begins anew"
                )

        for segment, ticking in watched.tickings.items():
            arrays = None
            if not ticking.changes:
                arrays = self._arrays.pop(_tick_name(watched.key, segment), None)
            if arrays is not None and str(arrays["profile"]) == watched.profile.digest:
                saved_at = self._found.saved_at or self._monitor.now()
                ticking.restore(arrays, self._monitor.monotonic(), saved_at)

    def unclaimed(self) -> dict[VersionKey, float]:
        """Versions of which something was saved and that were not loaded since, each with the unix
        time at which it was last counted."""
        found = {_version_of(name): 0.0 for name in self._arrays}
        for plane_id, state in self._planes.items():
            key = _version_of(plane_id)
            starts = [start for panes in state.sealed.values() for start in panes]
            starts += [start for _, start, _ in state.open]
            found[key] = max(found.get(key, 0.0), state.began, *starts)
        return found

    def forget(self, key: VersionKey) -> None:
        """Nothing of a version that is not watched is to be kept; the next save leaves it out."""
        self._planes = {
            one: state for one, state in self._planes.items() if _version_of(one) != key
        }
        self._arrays = {
            one: state for one, state in self._arrays.items() if _version_of(one) != key
        }
        self._owners = {
            one: plane for one, plane in self._owners.items() if _version_of(one) != key
        }
        self._forgotten.add(key)

    def save(self, *, force: bool = False) -> None:
        """Save what there is, if it is time. Raises StateFileError; the last save stays."""
        if self._state is None and self._open_late is not None and self._monitor.watched:
            open_late, self._open_late = self._open_late, None
            self._state = open_late()
            if self._state is not None:
                self._state.load(self._monitor.now())  # another's, whose time is over
        if self._state is None or (not force and self._monitor.monotonic() < self._next):
            return
        self._next = self._monitor.monotonic() + SAVE_S
        with self._monitor.lock:
            now = self._monitor.now()
            batch = self._batch(self._state)
        documents = {name: text() for name, text in batch.documents.items()}
        self._state.save(now, batch.planes, batch.arrays, documents, forget=list(batch.forgotten))
        self._stamps, self._owners = batch.stamps, {**self._owners, **batch.owners}
        self._in_file = (self._in_file - batch.forgotten) | {*batch.planes, *batch.arrays}
        self._forgotten.clear()
        self.saved_at = now

    def close(self) -> None:
        if self._state is not None:
            self._state.close()

    def _batch(self, state: StateFile) -> _Batch:
        batch = _Batch()
        for watched in self._monitor.watched.values():
            for plane in watched.planes.values():
                self._add_plane(batch, state, PlaneId(plane.key, watched.profile.digest), plane)
            for segment, detection in watched.detections():
                name = _name(watched.key, segment, detection)
                batch.stamps[name] = (detection, detection.changes)
                if self._stamps.get(name) != batch.stamps[name]:
                    batch.arrays[name] = detection.to_arrays()
            self._add_ticks(batch, watched)
        for one in self._in_file - batch.stamps.keys():
            # Of a profile, a segment or a baseline that is no more, or of a version that left.
            key = _version_of(one)
            if key in self._monitor.watched or key in self._forgotten:
                batch.forgotten.add(one)
        for name, document in self._documents.items():
            stamp = None if document.stamp is None else document.stamp()
            batch.stamps[_document(name)] = stamp
            if stamp is None or self._stamps.get(_document(name)) != stamp:
                batch.documents[name] = document.save()
        return batch

    def _add_ticks(self, batch: _Batch, watched: Watched) -> None:
        for segment, ticking in watched.tickings.items():
            name = _tick_name(watched.key, segment)
            batch.stamps[name] = (ticking, ticking.changes)
            if self._stamps.get(name) != batch.stamps[name]:
                arrays = ticking.to_arrays(self._monitor.monotonic(), self._monitor.now())
                batch.arrays[name] = {**arrays, "profile": np.array(watched.profile.digest)}

    def _add_plane(self, batch: _Batch, state: StateFile, plane_id: PlaneId, plane: Plane) -> None:
        batch.stamps[plane_id] = stamp = (plane, plane.changes, plane.panes.panes_dropped)
        if self._stamps.get(plane_id) == stamp:
            return
        newest: Mapping[int, int] = state.newest(plane_id)
        if self._owners.get(plane_id) is not plane:
            # What the file has under its name is another's: nothing of that is to stay.
            batch.owners[plane_id], newest = plane, {}
            if plane_id in self._in_file:
                batch.forgotten.add(plane_id)
        batch.planes[plane_id] = plane.panes.state(newest)


def _name(key: VersionKey, segment: str, detection: Detection) -> str:
    model, version = key
    return f"{model}/{version}/{detection.kind}/{segment}"


def _tick_name(key: VersionKey, segment: str) -> str:
    model, version = key
    return f"{model}/{version}/tick/{segment}"


def _document(name: str) -> str:
    return f"document {name}"


def _version_of(one: PlaneId | str) -> VersionKey:
    if isinstance(one, PlaneId):
        return one.key.model, one.key.version
    model, version, _ = one.split("/", 2)
    return model, int(version)
