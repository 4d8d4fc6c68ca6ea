"""What the admin API, the metrics and the page can ask of the monitor. Safe from any thread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tiltyard.monitor.policy import DriftPolicy
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.snapshot import Alarm, Baseline, Snapshot

WINDOW_S = 600.0
PIECES = 60


@dataclass(frozen=True, slots=True)
class AlarmEvent:
    """Something that an alarm did: opened, named more streams, recovered, was superseded or acked.

    `seq` counts events of this gateway from 1; `incident` is one a model.
    """

    seq: int
    time: float
    event: str
    incident: str
    alarm: Alarm


@dataclass(frozen=True, slots=True)
class DriftQuery:
    """Which planes, and over what. None: all. `end` in unix seconds; None: now.

    `pieces` is how many parts the history has, which ends with the window and is `history_s` long
    (None: as long as the window).
    """

    model: str | None = None
    version: int | None = None
    role: str | None = None
    segment: str | None = None
    window_s: float = WINDOW_S
    end: float | None = None
    pieces: int = PIECES
    history_s: float | None = None


@dataclass(frozen=True, slots=True)
class PlaneFigures:
    """Of one plane, for metrics: cheap to read. By stream where it is a mapping.

    `cells` has every stream, in the profile's order. `alarmed` are the streams that open alarms
    name, `definitions` the definition ids of the statistics (StreamMeasure.definition).
    """

    model: str
    version: int
    role: str
    segment: str
    baseline: str  # the digest's first 12, "" without one
    rows: int
    offered: int
    dropped: int
    lag_s: float
    is_drifting: bool
    onset: float | None
    window_rows: int
    psi: Mapping[str, float]
    psi_band: Mapping[str, float]
    js_distance: Mapping[str, float]
    wasserstein: Mapping[str, float]
    evidence_log10: Mapping[str, float]
    missing: Mapping[str, int]  # totals since the version was first watched
    unseen: Mapping[str, int]
    out_of_range: Mapping[str, int]
    cells: Mapping[str, Mapping[str, int]]  # totals by stream and folded cell
    model_age_s: float | None
    alarmed: frozenset[str] = frozenset()
    definitions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MonitorStatus:
    """The monitor itself. `problems` are sentences."""

    is_watching: bool
    is_compiled: bool  # the kernels; until then records wait in their rings
    planes: int
    bytes_held: int
    bytes_max: int
    panes_dropped: int  # given up early, for memory
    saved_at: float | None
    gap_s: float  # between the last save and this start
    rows: int
    drains: int
    busy_s: float
    events_undelivered: int  # to webhooks
    problems: Sequence[str]
    versions_forgotten: int = 0  # that left long ago, or as one of too many
    rows_unclaimed: int = 0  # of versions or profiles that are watched no more, or not countable


class Monitoring(Protocol):
    """Raises TiltyardError: ControlError where the state is the reason; each with a sentence."""

    def snapshots(self, query: DriftQuery) -> list[Snapshot]: ...
    def alarms(self, model: str | None = None, *, open_only: bool = False) -> list[Alarm]: ...
    def acknowledge(self, alarm_id: str, actor: str, note: str) -> Alarm: ...
    def accept(self, model: str, version: int | None, window_s: float, actor: str) -> Baseline: ...
    def policy(self, model: str) -> DriftPolicy: ...
    def set_policy(
        self,
        model: str,
        changes: Mapping[str, object],
        actor: str,
        expected_epoch: int | None = None,
    ) -> DriftPolicy: ...
    def add_profile(self, model: str, version: int, data: bytes, actor: str) -> Profile: ...
    def events(self, after: int, limit: int) -> list[AlarmEvent]: ...
    def wait_events(self, after: int, timeout_s: float) -> bool: ...
    def figures(self) -> list[PlaneFigures]: ...
    def status(self) -> MonitorStatus: ...
