"""Features, outputs and joint streams as a payment model has them, with values to draw of each."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.counting.layout import Z_MAX, Z_SHIFT, Z_UNITS
from tiltyard.monitor.profile.cells import (
    Cells,
    Floats,
    Ints,
    Kind,
    category_cells,
    ordered_cells,
)
from tiltyard.monitor.profile.stream import Group, Slot, Stream

FINITE_CELLS: Final = 32
Draw = Callable[[np.random.Generator, int], Floats]


@dataclass(frozen=True)
class Drawn:
    """A stream by how its values are drawn: in training, in the baseline, and since the onset.

    Categories are drawn as their number; one past `labels` is a value that nobody has seen.
    """

    name: str
    kind: Kind
    usual: Draw
    serving: Draw | None = None
    shifted: Draw | None = None
    labels: tuple[str, ...] = ()
    group: Group = Group.feature
    unit: str = ""

    @property
    def in_service(self) -> Draw:
        return self.serving or self.usual

    @property
    def since_onset(self) -> Draw:
        return self.shifted or self.in_service


def normal(mean: float = 0.0, sigma: float = 1.0) -> Draw:
    return lambda rng, n: rng.normal(mean, sigma, n)


def lognormal(mean: float, sigma: float) -> Draw:
    return lambda rng, n: rng.lognormal(mean, sigma, n)


def poisson(mean: float) -> Draw:
    return lambda rng, n: np.minimum(rng.poisson(mean, n), 9).astype(np.float64)


def chosen(*weights: float) -> Draw:
    shares = np.array(weights) / sum(weights)
    return lambda rng, n: rng.choice(len(weights), n, p=shares).astype(np.float64)


def humps(gap: float) -> Draw:
    return lambda rng, n: rng.normal(0, 0.6, n) + gap * rng.choice([-1, 1], n)


def with_missing(draw: Draw, share: float) -> Draw:
    def drawn(rng: np.random.Generator, n: int) -> Floats:
        return np.where(rng.random(n) < share, np.nan, draw(rng, n))

    return drawn


COUNTRIES: Final = ("DE", "FR", "NL", "ES", "IT", "PL", "SE", "PT", "AT", "BE", "DK", "FI")
COUNTRY_WEIGHTS: Final = (30, 22, 14, 10, 8, 6, 4, 2, 1.5, 1.2, 0.8, 0.5)
PAYMENT: Final = (
    Drawn("amount", Kind.numeric, lognormal(3.4, 0.8), shifted=lognormal(3.75, 0.8), unit="EUR"),
    Drawn(
        "merchant_country",
        Kind.categorical,
        chosen(*COUNTRY_WEIGHTS),
        shifted=chosen(*COUNTRY_WEIGHTS[:-3], 6, 0.8, 0.5, 3.5),
        labels=COUNTRIES,
    ),
    Drawn(
        "session_ms",
        Kind.numeric,
        with_missing(lognormal(9, 1), 0.002),
        shifted=with_missing(lognormal(9, 1), 0.06),
        unit="ms",
    ),
    Drawn("account_age_days", Kind.numeric, normal(820, 260), serving=normal(905, 260), unit="d"),
    Drawn("cards_on_file", Kind.discrete, poisson(1.4), shifted=poisson(1.75)),
)
WORDS: Final = ("card", "device", "ip", "merchant", "email", "phone", "address", "basket")
SPANS: Final = ("1h", "24h", "7d", "30d", "90d")
WHAT: Final = ("amount_mean", "amount_max", "count", "declines", "distinct_merchants", "age")


def filler(index: int) -> Drawn:
    """An unremarkable feature."""
    word, span = WORDS[index % len(WORDS)], SPANS[index // len(WORDS) % len(SPANS)]
    name = f"{word}_{span}_{WHAT[(index // 5) % len(WHAT)]}"
    if index % 7 == 3:
        return Drawn(name, Kind.discrete, poisson(2.2))
    if index % 9 == 5:
        return Drawn(name, Kind.categorical, chosen(5, 3, 1, 1), labels=("a", "b", "c", "other"))
    if index % 11 == 7:
        return Drawn(name, Kind.text, lambda rng, n: np.ceil(rng.gamma(4, 6, n)))
    if index % 5 == 1:
        return Drawn(name, Kind.numeric, lognormal(0, 1.9))
    shifted = humps(0.8) if index == 22 else None
    return Drawn(name, Kind.numeric, normal(), shifted=shifted)


OUTPUTS: Final = (
    Drawn(
        "score",
        Kind.numeric,
        lambda rng, n: rng.beta(1.6, 9, n),
        shifted=lambda rng, n: rng.beta(1.9, 8.4, n),
        group=Group.output,
    ),
    Drawn(
        "label",
        Kind.categorical,
        chosen(97, 3),
        shifted=chosen(96.2, 3.8),
        labels=("genuine", "fraud"),
        group=Group.output,
    ),
)
JOINT: Final = (
    Drawn("surprise", Kind.numeric, normal(148, 12), shifted=normal(151, 13), group=Group.joint),
    Drawn(
        "mahalanobis",
        Kind.numeric,
        lambda rng, n: rng.chisquare(22, n),
        shifted=lambda rng, n: rng.chisquare(23.2, n),
        group=Group.joint,
    ),
)


def features(count: int) -> tuple[Drawn, ...]:
    """`count` features with different names; the first five change at the onset or before."""
    made = list(PAYMENT[:count])
    taken = {drawn.name for drawn in made}
    for index in range(count - len(made)):
        drawn = filler(index)
        if drawn.name in taken:
            drawn = replace(drawn, name=f"{drawn.name}_{index}")
        taken.add(drawn.name)
        made.append(drawn)
    return tuple(made)


def stream_of(drawn: Drawn, values: Floats) -> Stream:
    """The stream with its cells at quantiles of `values` float64[rows], as float32."""
    slot = None if drawn.group is Group.joint else Slot("input", drawn.name, 0, 1, "number")
    finite = values[np.isfinite(values)].astype(np.float32)
    if drawn.kind is Kind.categorical:
        codes = np.arange(len(drawn.labels), dtype=np.uint32)
        cells = category_cells(codes, codes.astype(np.int64), drawn.labels)
        mean, sigma = 0.0, 1.0
    else:
        edges = np.unique(finite)
        if drawn.kind is not Kind.discrete:
            at = np.arange(1, FINITE_CELLS + 1) / FINITE_CELLS
            edges = np.unique(np.quantile(finite, at, method="inverted_cdf"))
        cells = ordered_cells(drawn.kind, edges, float(finite.min()))
        mean, sigma = float(finite.mean()), float(finite.std())
    counts = cells_counted(cells, values)
    return Stream(drawn.name, drawn.group, slot, cells, counts, mean, sigma, 1.0, drawn.unit)


def cells_counted(cells: Cells, values: Floats) -> Ints:
    """int64[cells.size]: what a gateway would count of float64[rows]."""
    if cells.kind is Kind.categorical:
        return _categories_counted(cells, values)
    x = values.astype(np.float32)
    at = 2 + np.searchsorted(cells.edges, x, side="left")
    last = 2 + len(cells.edges)
    if cells.kind is Kind.discrete:
        known = np.isin(x, cells.edges)
        at = np.where(known, at, last + 3)
    at = np.where(x < cells.minimum, 1, at)
    at = np.where(x > cells.edges[-1], last, at)
    at = np.where(np.isneginf(x), 0, np.where(np.isposinf(x), last + 1, at))
    at = np.where(np.isnan(x), last + 2, at)
    return np.bincount(at, minlength=cells.size).astype(np.int64)


def _categories_counted(cells: Cells, values: Floats) -> Ints:
    known = len(cells.labels)
    missing = np.isnan(values)
    at = np.where(missing, known + 2, np.minimum(np.nan_to_num(values), known + 1))
    # One past the labels is OTHER's place; a value nobody has seen goes to UNSEEN.
    at = np.where(at == known, known + 1, at).astype(np.int64)
    return np.bincount(at, minlength=cells.size).astype(np.int64)


def moments_counted(stream: Stream, values: Floats) -> npt.NDArray[np.int64]:
    """int64[2]: sums of q and of q^2 in units of CountLayout."""
    if not stream.cells.kind.is_ordered:
        return np.zeros(2, np.int64)
    finite = values[np.isfinite(values)].astype(np.float32).astype(np.float64)
    z = np.clip((finite - stream.mean) / stream.sigma, -Z_MAX, Z_MAX)
    q = np.round(z * Z_UNITS).astype(np.int64)
    return np.array([q.sum(), ((q * q) >> Z_SHIFT).sum()], np.int64)
