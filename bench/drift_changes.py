"""How long it takes until a change is an alarm: changes, and warmed-up detectors that meet them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from bench.drift_traffic import STANDARD, NormalFeature, Part, normal_features
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.detector import Detector
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.alarm.reference_stream import ReferenceStream
from tiltyard.monitor.alarm.tick import TickCounts
from tiltyard.monitor.profile.cells import CellRole, Floats

FEATURES: Final = 30
ROWS: Final = 100  # a tick, which lasts a second
THRESHOLDS_S: Final = (1e3, 1e4, 30 * 86_400.0)
TICKS_MAX: Final = 2000
# The last feature is of categories; a new one comes where it changes.
CATEGORY_SHARES: Final = (0.4, 0.3, 0.2, 0.08, 0.02)
_CATEGORY_ROLES: Final = (
    *(CellRole.category,) * len(CATEGORY_SHARES),
    CellRole.other,
    CellRole.unseen,
    CellRole.missing,
    CellRole.invalid,
)


@dataclass(frozen=True)
class Change:
    """From one tick to the next the first `features` become this mixture, with some missing.

    `unseen` is the share of a new category, in the last feature instead.
    """

    name: str
    parts: tuple[Part, ...] = STANDARD
    missing: float = 0.0
    unseen: float = 0.0
    features: int = 1

    def shares(self, references: "References") -> Floats:
        """float64[cells] of the traffic after it, all features one after another."""
        own = [feature.shares() for feature in references.normal]
        if self.unseen:
            known = np.array(CATEGORY_SHARES) * (1.0 - self.unseen)
            return np.concatenate([*own, known, [0.0, self.unseen, 0.0, 0.0]])
        for i in range(self.features):
            own[i] = references.normal[i].shares(self.parts, self.missing)
        return np.concatenate([*own, CATEGORY_SHARES, np.zeros(4)])

    @property
    def changed(self) -> frozenset[str]:
        """The names of the features that change."""
        return frozenset({"kind"} if self.unseen else {f"f{i:02}" for i in range(self.features)})


def _moved(mean: float, deviation: float = 1.0) -> tuple[Part, ...]:
    return (Part(1.0, mean, deviation),)


# Two humps with mean 0 and variance 1.
_APART: Final = 0.95
HUMPS: Final = tuple(Part(0.5, side * _APART, (1.0 - _APART**2) ** 0.5) for side in (-1.0, 1.0))
UNCHANGED: Final = Change("nothing")
CHANGES: Final = (
    Change("mean 0.15 sigma", _moved(0.15)),
    Change("mean 0.2 sigma", _moved(0.2)),
    Change("mean 0.3 sigma", _moved(0.3)),
    Change("mean 0.5 sigma", _moved(0.5)),
    Change("mean 1 sigma", _moved(1.0)),
    Change("variance x 2", _moved(0.0, 2.0**0.5)),
    Change("variance x 1/2", _moved(0.0, 0.5**0.5)),
    Change("missing 1 %", missing=0.01),
    Change("missing 5 %", missing=0.05),
    Change("two humps", HUMPS),
    Change("five features 0.2 sigma", _moved(0.2), features=5),
    Change("new category 1 %", unseen=0.01),
    Change("unit x 100", _moved(0.0, 100.0)),
)


@dataclass(frozen=True, eq=False)
class References:
    """One draw of the reference: 29 normal features, then one of categories."""

    normal: list[NormalFeature]
    kind: ReferenceStream

    @classmethod
    def draw(cls, rng: np.random.Generator, rows: int) -> "References":
        counts = np.append(rng.multinomial(rows, CATEGORY_SHARES), np.zeros(4, np.int64))
        labels = tuple(role.value for role in _CATEGORY_ROLES)
        kind = ReferenceStream("kind", _CATEGORY_ROLES, labels, counts)
        return cls(normal_features(rng, FEATURES - 1, rows), kind)

    @property
    def streams(self) -> list[ReferenceStream]:
        return [*(feature.stream for feature in self.normal), self.kind]


class Delay(NamedTuple):
    """One run: ticks from the change to each of THRESHOLDS_S (TICKS_MAX + 1: not reached).

    `leading`, `told` (of the first of them) and `onset_error` (ticks from the true start to the
    likeliest) are those of the alarm at the last threshold; `is_in_range`: the true start lies in
    the onset's range.
    """

    change: Change
    ticks: tuple[int, ...]
    leading: frozenset[str]
    told: str
    onset_error: int
    is_in_range: bool


def counts_of(rng: np.random.Generator, shares: Floats, sizes: Sequence[int]) -> TickCounts:
    """A tick of independent rows, each a request; its time is set by `at`."""
    begins = np.cumsum(sizes)[:-1]
    cells = np.concatenate([rng.multinomial(ROWS, part) for part in np.split(shares, begins)])
    return TickCounts(cells, ROWS, ROWS, ROWS, 1.0, 0.0)


def at(tick: TickCounts, second: int) -> TickCounts:
    """The same counts, ending at this second."""
    return TickCounts(
        tick.cells, tick.rows, tick.requests, tick.rows_squared, tick.elapsed_s, float(second)
    )


def warmed_up(tables: BetTables, policy: AlarmPolicy, ticks: Iterator[TickCounts]) -> Detector:
    """A detector that has seen its warm-up, and a tick more."""
    detector = Detector(tables, policy)
    for second in range(1, policy.warmup_ticks + 2):
        detector.tick(at(next(ticks), second))
    return detector


def meet(detector: Detector, change: Change, ticks: Iterator[TickCounts]) -> Delay:
    """Let a copy of the detector see these ticks until it alarms."""
    copy = Detector.from_arrays(detector.tables, detector.policy, detector.to_arrays())
    reached = [TICKS_MAX + 1] * len(THRESHOLDS_S)
    start = detector.ticks
    for ago in range(1, TICKS_MAX + 1):
        result = copy.tick(at(next(ticks), start + ago))
        for i, threshold_s in enumerate(THRESHOLDS_S):
            if reached[i] > ago and result.log_evidence >= np.log(threshold_s):
                reached[i] = ago
        if result.alarm is not None:
            onset, first = result.alarm.onset, result.alarm.streams[0]
            return Delay(
                change,
                tuple(reached),
                frozenset(result.alarm.leading),
                first.change,
                int(onset.mode_s) - start,
                onset.from_s <= start <= onset.to_s,
            )
    return Delay(change, tuple(reached), frozenset(), "", 0, False)


def delays(
    rows: int, delta: float, runs: int, changes: Sequence[Change] = CHANGES, seed: int = 4
) -> Iterator[Delay]:
    """Of every change in every run: reference drawn anew, 300 ticks of warm-up, then the change.

    `rows` are the reference's. Kappa is what the warm-up estimated.
    """
    policy = AlarmPolicy(delta=delta, false_alarm_s=THRESHOLDS_S[-1])
    for run in range(runs):
        rng = np.random.default_rng([seed, rows, run])
        references = References.draw(rng, rows)
        tables = BetTables.build(references.streams, policy)
        detector = warmed_up(tables, policy, _traffic(rng, UNCHANGED, references, tables))
        for change in changes:
            yield meet(detector, change, _traffic(rng, change, references, tables))


def _traffic(
    rng: np.random.Generator, change: Change, references: References, tables: BetTables
) -> Iterator[TickCounts]:
    shares, sizes = change.shares(references), tables.layout.sizes
    while True:
        yield counts_of(rng, shares, sizes)
