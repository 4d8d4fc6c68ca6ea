"""What a gateway tells of one plane: counts, and what they are held against.

Counts, not statistics: snapshots of several gateways merge by adding them, and whoever has one can
recompute every statistic.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tiltyard.monitor.counting.weekly import WeeklyCounts
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.profile.profile import Profile


@dataclass(frozen=True)
class PlaneKey:
    """What is counted apart. `segment` is "" or "feature=value" of a declared one.

    `role` is champion, canary, shadow, or shadowed: the champion's answers to those requests that a
    shadow ran, in the shadow's cells. "champion-as" is the champion's whole traffic in the cells of
    a canary's profile, `version` being the canary's.
    """

    model: str
    version: int
    role: str
    segment: str = ""


@dataclass(frozen=True)
class Window:
    """Counts over [begin, end), unix seconds, in the profile's layout. `gap_s` were not watched."""

    begin: float
    end: float
    counts: Ints
    gap_s: float = 0.0


@dataclass(frozen=True)
class Baseline:
    """An accepted serving baseline: immutable, digested, kept beside the version.

    `slots` are the counts by hour of the week; their sum is `counts`. `segments` has the counts of
    each declared segment that had rows, `segment_slots` those by hour of the ones that had enough.
    """

    number: int
    digest: str
    profile_digest: str
    begin: float
    end: float
    accepted_by: str
    accepted_at: float
    counts: Ints
    slots: WeeklyCounts | None = None
    segments: Mapping[str, Ints] = field(default_factory=dict)
    segment_slots: Mapping[str, WeeklyCounts] = field(default_factory=dict)


@dataclass(frozen=True)
class AlarmStream:
    """A stream that an alarm names."""

    stream: str
    change: str  # "location up", "spread down", "missing", "shape", "category red up", ...
    evidence_log10: float
    share: float  # of the alarm's evidence, 0 to 1
    is_leading: bool
    is_confirmed: bool
    size_sigma: float | None  # of the score, since the onset
    size_error: float | None  # two standard errors
    psi_excess: float
    cells: tuple[tuple[str, float, float], ...]  # the three that changed most: name, before, after


@dataclass(frozen=True)
class Alarm:
    """One alarm of a plane; the payload of events and webhooks. Times in unix seconds.

    `state` is open, recovered or superseded; `kind` drift (it pages) or skew (it does not).
    """

    id: str
    kind: str
    key: PlaneKey
    state: str
    crossed_at: float
    onset: float
    onset_from: float
    onset_to: float
    evidence_log10: float  # at the crossing, of seconds
    false_alarm_s: float
    kappa: float
    reference_digest: str  # of the baseline, or of the profile
    n_reference: int
    n_current: int
    streams: tuple[AlarmStream, ...]
    cause: str = ""  # when missing, unseen or out-of-range cells explain most of it
    closed_at: float | None = None
    closed_by: str = ""  # "recovered", "superseded by v3", "accepted by ann"
    acknowledged_by: str = ""
    acknowledged_at: float | None = None
    note: str = ""


@dataclass(frozen=True)
class DetectorView:
    """Where a detector stands. `state`: no baseline, warming, ok, suspicious or drifting."""

    kind: str  # drift or skew
    state: str
    since: float
    ticks: int
    warmup_ticks: int
    evidence_log10: float  # of seconds; an alarm at threshold_log10
    threshold_log10: float
    delta: float
    kappa: dict[str, float] = field(default_factory=dict)  # by stream
    tolerance: dict[str, float] = field(default_factory=dict)  # by stream, in sigma
    stream_evidence_log10: dict[str, float] = field(default_factory=dict)
    # Streams whose ticks tell of those after them: shapes, which are learned, are not bet on.
    serial: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stranger:
    """A row of the hour that the profile finds most surprising. `values` only where allowed."""

    time: float
    request_hash: int
    surprise: float
    mahalanobis: float | None
    values: dict[str, float] | None = None


@dataclass(frozen=True)
class Marker:
    """Something that happened to the model: a promotion, a rollback, a new profile or baseline."""

    time: float
    text: str


@dataclass(frozen=True)
class Snapshot:
    """One plane of one gateway.

    `slot` is what its version serves as now, champion, canary or shadow, which need not be the role
    that the plane is of; "" is in no slot, None that it is not known.
    """

    key: PlaneKey
    profile: Profile
    current: Window
    previous: Window | None  # of the same length, just before
    week_ago: Window | None  # the same hour of the week, when it was watched
    history: tuple[Window, ...]  # equal pieces, for sparklines and the heat map, oldest first
    baseline: Baseline | None
    detectors: tuple[DetectorView, ...]
    alarms: tuple[Alarm, ...]
    strangers: tuple[Stranger, ...] = ()
    markers: tuple[Marker, ...] = ()
    compared: Window | None = None  # a challenger's: the champion's outputs on the same traffic
    offered: int = 0
    dropped: int = 0
    lag_s: float = 0.0  # from being made to being counted, when records were counted last
    gateways: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()  # sentences: what is missing here, and why
    slot: str | None = None
