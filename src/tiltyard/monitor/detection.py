"""One detector of a version: its traffic against the profile (skew) or a baseline (drift)."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.alarm.alarm import Alarm as ToldAlarm
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.detector import Detector
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.alarm.seasons import SeasonalTables
from tiltyard.monitor.alarm.tick import TickCounts
from tiltyard.monitor.alarm.view import detector_view
from tiltyard.monitor.counting.layout import REQUESTS, ROWS, ROWS_SQUARED
from tiltyard.monitor.counting.weekly import WeeklyCounts
from tiltyard.monitor.folding import Folding
from tiltyard.monitor.profile.cells import CellRole, Ints
from tiltyard.monitor.snapshot import Alarm, DetectorView, PlaneKey

SKEW: Final = "skew"
DRIFT: Final = "drift"


@dataclass(frozen=True)
class Reference:
    """What traffic is held against: counts int64[layout.size], by hour of the week if known.

    `estimated`: the cells whose counts are estimates, so that fewer rows in them are no news.
    """

    kind: str
    digest: str
    counts: Ints
    weekly: WeeklyCounts | None = None
    estimated: frozenset[CellRole] = frozenset()


class _FoldedWeek:
    """A reference's hours in the folded cells of the streams that are bet on."""

    def __init__(self, weekly: WeeklyCounts, folding: Folding, watched: Sequence[int]) -> None:
        self.rows = weekly.rows
        self._weekly = weekly
        self._folding = folding
        self._watched = watched

    def of(self, hours: Iterable[int]) -> list[Ints]:
        parts = self._folding.split(self._folding.fold(self._weekly.of(hours)))
        return [parts[index] for index in self._watched]


class Detection:
    """Not thread-safe. Times in unix seconds."""

    def __init__(self, folding: Folding, reference: Reference, policy: AlarmPolicy) -> None:
        """Raises ValueError when the reference has no rows."""
        self.reference = reference
        self.changes = 0  # of what to_arrays() gives
        self._folding = folding
        self._seasons: SeasonalTables | None = None
        streams = folding.references(reference.counts, reference.estimated)
        watched = folding.watched(reference.counts)
        bounds = folding.bounds
        self._cells = np.concatenate([np.arange(bounds[i], bounds[i + 1]) for i in watched])
        if reference.weekly is not None:
            week = _FoldedWeek(reference.weekly, folding, watched)
            self._seasons = SeasonalTables(streams, week, policy)
        tables = BetTables.build(streams, policy) if self._seasons is None else self._seasons.all
        self.detector = Detector(tables, policy)

    @property
    def kind(self) -> str:
        return self.reference.kind

    def tick(self, counts: Ints, elapsed_s: float, at: float) -> tuple[str, ToldAlarm | None]:
        """Bet the counts int64[layout.size] of the last `elapsed_s`; what happened to the alarm.

        "" or opened, named or recovered.
        """
        self.changes += 1
        if self._seasons is not None:
            slot = self._seasons.slot_at(at)
            self.detector.use(self._seasons.of_slot(slot), self._seasons.remembered(slot))
        result = self.detector.tick(
            TickCounts(
                cells=self._folding.fold(counts)[self._cells],
                rows=int(counts[ROWS]),
                requests=int(counts[REQUESTS]),
                rows_squared=int(counts[ROWS_SQUARED]),
                elapsed_s=elapsed_s,
                ended_s=at,
            )
        )
        return result.event, result.alarm

    def acknowledge(self, actor: str, at: float) -> None:
        """Somebody has seen the open alarm. Raises ValueError when none is open."""
        self.changes += 1
        self.detector.acknowledge(actor, at)

    def close(self, by: str, at: float) -> ToldAlarm | None:
        """End the open alarm and begin anew; the alarm as it ended, or None."""
        self.changes += 1
        return self.detector.close(by, at)

    def view(self) -> DetectorView:
        return detector_view(self.detector, self.kind)

    def alarm(self, told: ToldAlarm, key: PlaneKey, cause: str) -> Alarm:
        """What the detector tells, with whose it is. The same alarm has the same id."""
        reference = self.reference
        return Alarm(
            id=alarm_id(key, reference, told.crossed_s),
            kind=reference.kind,
            key=key,
            state=told.state,
            crossed_at=told.crossed_s,
            onset=told.onset.mode_s,
            onset_from=told.onset.from_s,
            onset_to=told.onset.to_s,
            evidence_log10=told.evidence_log10,
            false_alarm_s=told.false_alarm_s,
            kappa=max(told.kappa.values(), default=1.0),
            reference_digest=reference.digest,
            n_reference=int(reference.counts[ROWS]),
            n_current=told.rows,
            streams=told.streams,
            cause=cause,
            closed_at=told.closed_s,
            closed_by=told.closed_by,
            acknowledged_by=told.acknowledged_by,
            acknowledged_at=told.acknowledged_s,
        )

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The detector's state, and which reference it is of."""
        return {**self.detector.to_arrays(), "reference": np.array(self.reference.digest)}

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]]) -> bool:
        """Go on where a detector was saved; False where that was of another reference or policy."""
        if str(arrays["reference"]) != self.reference.digest:
            return False
        seasons = self._seasons
        try:
            self.detector = Detector.from_arrays(
                self.detector.tables,
                self.detector.policy,
                arrays,
                None if seasons is None else seasons.remembered,
            )
        except (ValueError, KeyError):
            return False
        return True


def alarm_id(key: PlaneKey, reference: Reference, crossed_at: float) -> str:
    """12 hex digits that name one alarm of one detector."""
    parts = (key.model, key.version, key.segment, reference.kind, reference.digest, crossed_at)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]
