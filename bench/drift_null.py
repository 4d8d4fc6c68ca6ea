"""Traffic that does not change, of many kinds, and what each rule makes of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from bench.drift_panel import Panel
from bench.drift_traffic import (
    CELLS,
    LABELS,
    MISSING,
    ROLES,
    NormalFeature,
    count_cells,
    normal_feature,
    normal_features,
)
from bench.naive_rules import NaiveRules
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.alarm.reference_stream import ReferenceStream
from tiltyard.monitor.alarm.tick import TickCounts
from tiltyard.monitor.profile.cells import CellRole, Floats, Ints

ROWS: Final = 100
REFERENCE_ROWS: Final = 5000
FALSE_ALARM_S: Final = 1000.0  # a thousand ticks
_BATCH: Final = 50
_COPIES: Final = 10

Draw = Callable[[np.random.Generator], Ints]


class Plane(NamedTuple):
    """References of one run, and how a tick's counts int64[cells] are drawn."""

    streams: list[ReferenceStream]
    draw: Draw


@dataclass(frozen=True)
class Null:
    """A kind of unchanged traffic: ticks of 100 rows, in `requests` whose squared rows add up.

    `has_bar`: issue 4 asks for no alarm in 200 runs of 20,000 ticks.
    """

    name: str
    plane: Callable[[np.random.Generator], Plane]
    requests: int = ROWS
    rows_squared: int = ROWS
    has_bar: bool = True

    @property
    def has_batches(self) -> bool:
        """Whether rows come together in requests."""
        return self.requests < ROWS


def _multinomial(rng: np.random.Generator, rows: int, shares: Floats) -> Ints:
    """Counts int64[streams * cells] of independent features; `shares` float64[streams, cells]."""
    return rng.multinomial(rows, shares).ravel()


def _independent(
    rng: np.random.Generator, features_in_all: int = 30, copies: int = 1, batch: int = 0
) -> Plane:
    """Requests of `copies` equal rows; or, beside single rows, one of `batch` equal ones."""
    features = normal_features(rng, features_in_all, REFERENCE_ROWS)
    shares = np.array([feature.shares() for feature in features])

    def draw(rng: np.random.Generator) -> Ints:
        counts = copies * _multinomial(rng, (ROWS - batch) // copies, shares)
        return counts + batch * _multinomial(rng, 1, shares) if batch else counts

    return Plane([feature.stream for feature in features], draw)


def _correlated(rng: np.random.Generator) -> Plane:
    """Ten features that share half of their variance."""
    values = _half_shared(rng, REFERENCE_ROWS)
    features = [normal_feature(f"f{i:02}", column) for i, column in enumerate(values.T)]

    def draw(rng: np.random.Generator) -> Ints:
        live = _half_shared(rng, ROWS)
        return np.concatenate(
            [_count(feature, column) for feature, column in zip(features, live.T, strict=True)]
        )

    return Plane([feature.stream for feature in features], draw)


def _half_shared(rng: np.random.Generator, rows: int) -> Floats:
    shared = rng.normal(size=(rows, 1))
    values: Floats = (shared + rng.normal(size=(rows, 10))) / 2.0**0.5
    return values


def _count(feature: NormalFeature, values: Floats) -> Ints:
    return np.bincount(feature.cells_of(values), minlength=CELLS)


def _equal_columns(rng: np.random.Generator) -> Plane:
    """Thirty features that are one."""
    feature = normal_features(rng, 1, REFERENCE_ROWS)[0]
    shares = feature.shares()
    return Plane([feature.stream] * 30, lambda rng: np.tile(rng.multinomial(ROWS, shares), 30))


def _discrete(rng: np.random.Generator, shares: Floats, features: int = 10) -> Plane:
    """Features of a few values with these shares, each with a reference of its own."""
    roles = (CellRole.below, *(CellRole.finite,) * len(shares), CellRole.above, CellRole.missing)
    padded = np.concatenate([[0.0], shares, [0.0, 0.0]])
    labels = tuple(role.value for role in roles)
    streams = [
        ReferenceStream(f"f{i:02}", roles, labels, rng.multinomial(REFERENCE_ROWS, padded))
        for i in range(features)
    ]
    every = np.tile(padded, (features, 1))
    return Plane(streams, lambda rng: _multinomial(rng, ROWS, every))


def _mostly_zero(rng: np.random.Generator) -> Plane:
    """Nine rows of ten are 0, the others spread over 31 cells."""
    shares = np.zeros(CELLS)
    shares[1], shares[2 : CELLS - 2] = 0.9, 0.1 / (CELLS - 4)
    streams = [
        ReferenceStream(f"f{i:02}", ROLES, LABELS, rng.multinomial(REFERENCE_ROWS, shares))
        for i in range(10)
    ]
    every = np.tile(shares, (10, 1))
    return Plane(streams, lambda rng: _multinomial(rng, ROWS, every))


class _Sessions:
    """Who asks goes on with one row for some ticks, three on average: counts of ten features."""

    TICKS: Final = 3.0

    def __init__(self, rng: np.random.Generator, shares: Floats) -> None:
        self._upto = np.cumsum(shares, axis=1)
        self._cells = self._drawn(rng, ROWS)

    def __call__(self, rng: np.random.Generator) -> Ints:
        is_new = rng.random(ROWS) < 1.0 / self.TICKS
        self._cells[is_new] = self._drawn(rng, int(np.count_nonzero(is_new)))
        return count_cells(self._cells, [CELLS] * len(self._upto))

    def _drawn(self, rng: np.random.Generator, rows: int) -> Ints:
        """Cells int64[rows, features]."""
        drawn = rng.random((len(self._upto), rows))
        found = [np.searchsorted(*pair) for pair in zip(self._upto, drawn, strict=True)]
        cells: Ints = np.minimum(np.stack(found, axis=1), CELLS - 1)
        return cells


def _sessions(rng: np.random.Generator) -> Plane:
    features = normal_features(rng, 10, REFERENCE_ROWS)
    shares = np.array([feature.shares() for feature in features])
    return Plane([feature.stream for feature in features], _Sessions(rng, shares))


def _bursts(rng: np.random.Generator) -> Plane:
    """Ten features, of each half a percent of the rows missing, ten rows in a row.

    The reference is a hundred times as large as elsewhere: 5,000 rows have two or three bursts, by
    which no share can be known.
    """
    features = normal_features(rng, 10, REFERENCE_ROWS)
    shares = np.array([feature.shares() for feature in features])
    burst = 10

    def draw(rng: np.random.Generator, rows: int) -> Ints:
        missing = burst * rng.binomial(rows // burst, 0.005, len(shares))
        counts = rng.multinomial(rows - missing, shares)
        counts[:, MISSING] += missing
        return counts

    streams = [
        replace(feature.stream, counts=counts)
        for feature, counts in zip(features, draw(rng, 100 * REFERENCE_ROWS), strict=True)
    ]
    return Plane(streams, lambda rng: draw(rng, ROWS).ravel())


NULLS: Final = (
    Null("independent", _independent),
    Null("correlated", _correlated),
    Null("all columns equal", _equal_columns),
    Null("constant", lambda rng: _discrete(rng, np.array([1.0]))),
    Null("binary, 1 %", lambda rng: _discrete(rng, np.array([0.99, 0.01]))),
    Null("two cells", lambda rng: _discrete(rng, np.array([0.6, 0.4]))),
    Null("90 % zeros", _mostly_zero),
    Null(
        "requests of ten equal rows",
        lambda rng: _independent(rng, 20, copies=_COPIES),
        requests=ROWS // _COPIES,
        rows_squared=ROWS * _COPIES,
    ),
    Null(
        "a batch of 50 beside single rows",
        lambda rng: _independent(rng, 20, batch=_BATCH),
        requests=1 + ROWS - _BATCH,
        rows_squared=_BATCH**2 + ROWS - _BATCH,
    ),
    Null("sessions of three ticks", _sessions, has_bar=False),
    Null("0.5 % missing, ten rows in a row", _bursts, has_bar=False),
)


@dataclass(frozen=True)
class NullOutcome:
    """`alarms` of `runs` planes; the highest ln of mean capital; what naive rules say of a tick.

    `kappa` is the largest at the end. `psi_ticks` and `ks_ticks` are the shares of ticks in which
    some feature is told to drift, of those that were looked at (NaN: none).
    """

    name: str
    runs: int
    ticks: int
    alarms: int
    log_highest: float
    kappa: float
    psi_ticks: float
    ks_ticks: float


def run_null(
    null: Null,
    runs: int,
    ticks: int,
    *,
    naive_every: int = 0,
    kappa_alone: bool = False,
    seed: int = 6,
) -> NullOutcome:
    """Ticks of 100 rows after the warm-up, T = 1,000 s; reference drawn anew for each run.

    Naive rules look at each `naive_every`th tick (0: at none; they take longer than the alarm).
    With `kappa_alone` the rows of a request are not known to come together, so that only the
    estimated design effect discounts them.
    """
    rngs = [np.random.default_rng([seed, NULLS.index(null), run]) for run in range(runs)]
    planes = [null.plane(rng) for rng in rngs]
    policy = AlarmPolicy(false_alarm_s=FALSE_ALARM_S)
    panel = Panel([plane.streams for plane in planes], policy)
    naive = NaiveRules(panel.tables, panel.streams)
    highest = np.full(runs, -np.inf)
    for tick in range(policy.warmup_ticks + ticks):
        cells = np.concatenate([plane.draw(rng) for plane, rng in zip(planes, rngs, strict=True)])
        requests, squared = (ROWS, ROWS) if kappa_alone else (null.requests, null.rows_squared)
        logs = panel.tick(TickCounts(cells, ROWS, requests, squared, 1.0, float(tick)))
        if tick >= policy.warmup_ticks:
            np.maximum(highest, logs, out=highest)
            if naive_every and tick % naive_every == 0:
                naive.look(cells)
    return NullOutcome(
        name=null.name,
        runs=runs,
        ticks=ticks,
        alarms=int(np.count_nonzero(highest >= np.log(FALSE_ALARM_S))),
        log_highest=float(highest.max()),
        kappa=float(panel.kappa.max()),
        psi_ticks=naive.psi_ticks,
        ks_ticks=naive.ks_ticks,
    )
