"""Scores of a row as a whole: how surprising its cells are, and how far it is from the middle.

The reference's rows must be as strange to the fit as fresh ones are (alarm.md section 1): the
distance is fitted on one half of them and histogrammed on the other, and for surprise each row is
held against all others (surprise.py). This numpy form is the reference that the counting kernels
are held against, sum by sum in the same order.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.cells import Cells, Ints
from tiltyard.monitor.profile.profile import JointScores

Floats32 = npt.NDArray[np.float32]
Floats64 = npt.NDArray[np.float64]

SURPRISE = "surprise"
MAHALANOBIS = "mahalanobis"
COVARIANCE_FEATURES_MAX = 256
RIDGE = 1e-6  # added to the correlations' diagonal, so that equal columns do not blow up
HALVES_SEED = 20
_ROWS = 8192  # scored at a time: the working arrays of 256 features stay in a few megabytes


class Halves(NamedTuple):
    """Two halves of the rows, as ascending indices: one to fit the distance on, one to score."""

    fit: Ints
    scored: Ints

    @classmethod
    def of(cls, rows: int) -> "Halves":
        """The same rows for the same number, whatever their order means."""
        order = np.random.default_rng(HALVES_SEED).permutation(rows)
        return cls(np.sort(order[: rows // 2]), np.sort(order[rows // 2 :]))


def fit_joint(
    cells: Sequence[Cells],
    indices: npt.NDArray[Any],
    values: Floats32,
    *,
    fit: Ints | None = None,
    has_covariance: bool,
) -> JointScores:
    """Fit on rows: `indices` int[n, features] their cells, `values` float32[n, features].

    `cells` are those of the features. The shares of cells are those of all rows; the distance is
    fitted on the rows `fit` (int64, ascending), or on all when there is no `fit`. Without
    `has_covariance`, or without an ordered feature that varies, there is no Mahalanobis distance
    (d = 0). Whitening: the inverse of the Cholesky factor of the correlations with RIDGE on their
    diagonal.
    """
    bits = [
        _bits(np.bincount(indices[:, index], minlength=one.size)) for index, one in enumerate(cells)
    ]
    flat = np.concatenate(bits) if bits else np.zeros(0)
    values = values if fit is None else values[fit]
    means, sigmas, used = [], [], []
    for index, one in enumerate(cells):
        finite = values[:, index][np.isfinite(values[:, index])].astype(np.float64)
        if not has_covariance or not one.kind.is_ordered or not len(finite):
            continue
        if finite.min() < finite.max():
            used.append(index)
            means.append(finite.mean())
            sigmas.append(finite.std())
    features = np.array(used, np.int64)
    mean, sigma = np.array(means, np.float64), np.array(sigmas, np.float64)
    without = JointScores(flat, features, mean, sigma, np.zeros((0, 0)))
    if not used:
        return without
    correlations = np.zeros((len(used), len(used)))
    for begin in range(0, len(values), _ROWS):
        z = _standardised(without, values[begin : begin + _ROWS])
        correlations += z.T @ z
    correlations = correlations / len(values) + RIDGE * np.eye(len(used))
    whitening = np.tril(np.linalg.inv(np.linalg.cholesky(correlations)))
    return JointScores(flat, features, mean, sigma, whitening)


def row_scores(
    joint: JointScores, sizes: Sequence[int], cells: npt.NDArray[Any], values: Floats32
) -> tuple[Floats32, Floats32]:
    """Surprise in bits and squared Mahalanobis distance of rows: float32[n] each.

    `sizes` are the features' numbers of cells, `cells` int[n, features] each row's cells in the
    order of the counts, `values` float32[n, features]; those of categories are not looked at.
    Sums are float64 and sequential, over features, then over j in y_i = sum_(j<=i) W_ij z_j, then
    over i in sum y_i^2; each is made float32 at the end. Without a covariance the distance is 0.
    """
    offsets = np.concatenate([[0], np.cumsum(np.asarray(sizes, np.int64))[:-1]])
    surprise = np.zeros(len(cells))
    for index in range(len(sizes)):
        surprise += joint.bits[offsets[index] + cells[:, index].astype(np.int64)]
    distance = np.zeros(len(values))
    if len(joint.features):
        for begin in range(0, len(values), _ROWS):
            part = slice(begin, begin + _ROWS)
            distance[part] = _distances(joint, values[part])
    with np.errstate(over="ignore"):  # far beyond float32 is infinity, and is counted as such
        return surprise.astype(np.float32), distance.astype(np.float32)


def _distances(joint: JointScores, values: Floats32) -> Floats64:
    z = _standardised(joint, values).T
    whitened = np.zeros(z.shape)
    with np.errstate(over="ignore", invalid="ignore"):
        for index, column in enumerate(z):
            # Row by row of the array this adds the terms in the order of their index.
            whitened[index:] += joint.whitening[index:, index, None] * column
        total = np.zeros(z.shape[1])
        for row in whitened:
            total += row * row
    return total


def _standardised(joint: JointScores, values: Floats32) -> Floats64:
    chosen = values[:, joint.features]
    is_finite = np.isfinite(chosen)
    wide = np.where(is_finite, chosen, 0).astype(np.float64)
    return np.where(is_finite, (wide - joint.mean) / joint.sigma, 0.0)


def _bits(counts: Ints) -> Floats64:
    """-log2 of the smoothed shares: half a row in every cell beside the reference's."""
    bits: Floats64 = -np.log2((counts + 0.5) / (counts.sum() + 0.5 * len(counts)))
    return bits
