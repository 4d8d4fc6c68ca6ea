"""The Jensen-Shannon distance to base 2. Pure."""

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.cells import Floats


def js_distance(current: npt.ArrayLike, reference: npt.ArrayLike) -> Floats:
    """sqrt(KL2(a, h) / 2 + KL2(r, h) / 2), h = (a + r) / 2: int[..., cells] to float64[...].

    a and r are raw shares, not smoothed; 0 where they are equal, 1 where they have no cell in
    common; NaN where a sample has no rows. Equals scipy.spatial.distance.jensenshannon(base=2).
    Endres and Schindelin, IEEE Transactions on Information Theory 49 (2003).

    >>> js_distance([[1, 2], [5, 0], [3, 1]], [[2, 4], [0, 7], [1, 1]]).round(6).tolist()
    [0.0, 1.0, 0.220896]
    """
    from scipy.special import rel_entr

    c, m = np.asarray(current, np.float64), np.asarray(reference, np.float64)
    n_current, n_reference = c.sum(-1, keepdims=True), m.sum(-1, keepdims=True)
    shares, expected = c / np.maximum(n_current, 1), m / np.maximum(n_reference, 1)
    middle = (shares + expected) / 2
    divergence = rel_entr(shares, middle).sum(-1) + rel_entr(expected, middle).sum(-1)
    # Equal shares can come out a rounding below 0.
    distance = np.sqrt(np.maximum(divergence / np.log(2), 0.0) / 2)
    defined = (n_current > 0) & (n_reference > 0)
    return np.where(defined[..., 0], distance, np.nan)
