"""Distances of a whole profile against scipy, stream by stream."""

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from tests.unit.monitor.statistics.samples import (
    COLOUR,
    counts_of,
    draw_rows,
    mixed_profile,
)
from tests.unit.monitor.statistics.test_psi import psi_by_hand
from tiltyard.monitor.statistics.distances import Distances, distances
from tiltyard.monitor.statistics.wasserstein import representatives

PROFILE = mixed_profile()
COUNTS = counts_of(PROFILE, draw_rows(np.random.default_rng(8), 300, shift=0.4))


def found_against_profile() -> Distances:
    return distances(PROFILE, PROFILE.reference, COUNTS, against="profile")


def test_figures_are_scipys_on_the_folded_cells() -> None:
    found = found_against_profile()
    for at, stream in enumerate(PROFILE.streams):
        cells = stream.cells
        c = cells.fold(PROFILE.layout.cells(COUNTS, at))
        m = cells.fold(stream.counts)
        expected = jensenshannon(c, m, base=2)
        assert found.js_distance[at] == pytest.approx(expected, rel=1e-12)
        seen = (c + m) > 0
        pearson = stats.chi2_contingency([c[seen], m[seen]], correction=False).statistic
        assert found.chi_square[at] == pytest.approx(pearson, rel=1e-12)
        assert found.linf[at] == pytest.approx(np.abs(c / 300 - m / 2000).max(), rel=1e-12)
        coarse = [matrix[at] for matrix in (found.coarse_current, found.coarse_reference)]
        assert found.psi[at] == pytest.approx(psi_by_hand(*coarse), rel=1e-12)
        assert found.psi_excess[at] == max(0.0, found.psi[at] - found.psi_band[at])
        if stream.name == COLOUR:
            continue
        a, r = c[cells.ordered], m[cells.ordered]
        labels = np.arange(len(a))
        ks = stats.ks_2samp(np.repeat(labels, a), np.repeat(labels, r), method="asymp").statistic
        assert found.ks[at] == pytest.approx(ks, rel=1e-12)
        places = representatives(cells) / stream.sigma
        w1 = stats.wasserstein_distance(places, places, a, r)
        assert found.wasserstein[at] == pytest.approx(w1, rel=1e-12)


def test_categories_have_no_order_and_no_moments() -> None:
    found, at = found_against_profile(), [s.name for s in PROFILE.streams].index(COLOUR)
    for name in ("ks", "ks_excess", "wasserstein", "location", "location_z", "variance_ratio"):
        assert np.isnan(getattr(found, name)[at])
    assert not np.isnan(found.psi[at])


def test_a_planted_shift_is_the_one_that_is_found() -> None:
    found = found_against_profile()
    assert np.flatnonzero(found.psi_excess > 0).tolist() == [0, 4]
    assert found.location[[0, 4]] == pytest.approx([0.4, 0.4], abs=0.15)
    assert (np.abs(found.location_z[[1, 3]]) < 3).all()
    assert found.psi_p[0] < 1e-4 < found.psi_p[3]


def test_against_another_window_moments_are_that_windows() -> None:
    before = counts_of(PROFILE, draw_rows(np.random.default_rng(9), 900, shift=-0.3))
    found = distances(PROFILE, before, COUNTS, against="previous")
    skew = found_against_profile()
    moved = distances(PROFILE, PROFILE.reference, before, against="profile")
    # NaN where there are no moments on both sides.
    np.testing.assert_allclose(found.location, skew.location - moved.location, atol=1e-12)
    assert found.location[0] == pytest.approx(0.7, abs=0.2)


def test_a_window_against_itself_has_not_moved() -> None:
    found = distances(PROFILE, COUNTS, COUNTS, against="baseline")
    for name in ("psi", "js_distance", "ks", "wasserstein", "linf", "location", "location_z"):
        values = getattr(found, name)
        assert (values[~np.isnan(values)] == 0).all()
    np.testing.assert_allclose(found.variance_ratio[[0, 1, 3, 4]], 1.0)


def test_a_window_without_rows_has_no_figures() -> None:
    found = distances(PROFILE, PROFILE.reference, PROFILE.layout.zeros(), against="profile")
    for name in (
        "psi", "psi_band", "psi_excess", "psi_p", "chi_square", "chi_square_p", "js_distance", "ks",
        "ks_excess", "wasserstein", "linf", "location", "location_z", "variance_ratio",
    ):  # fmt: skip
        assert np.isnan(getattr(found, name)).all(), name
    assert (found.linf_cell == -1).all()


def test_other_vectors_are_refused() -> None:
    size = PROFILE.layout.size
    with pytest.raises(ValueError, match=rf"counts must be int64\[{size}\].*it is int64\[3\]"):
        distances(PROFILE, PROFILE.reference, np.zeros(3, np.int64), against="profile")
    with pytest.raises(ValueError, match=r"reference_counts must be .*it is float64"):
        distances(PROFILE, np.zeros(size), COUNTS, against="profile")  # type: ignore[arg-type]  # it is what is refused
    wrong = COUNTS.copy()
    wrong[-1] = -2
    with pytest.raises(ValueError, match="no negative cell; there is one of -2"):
        distances(PROFILE, PROFILE.reference, wrong, against="profile")
