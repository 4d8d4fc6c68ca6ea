"""All statistics of all streams at once, as arrays; what metrics and reports are made of. Pure."""

from dataclasses import dataclass

import numpy as np

from tiltyard.monitor.profile.cells import Floats, Ints
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.statistics.against import Against
from tiltyard.monitor.statistics.chi_square import chi_square
from tiltyard.monitor.statistics.js_distance import js_distance
from tiltyard.monitor.statistics.kolmogorov_smirnov import kolmogorov_smirnov, ks_excess
from tiltyard.monitor.statistics.linf import linf
from tiltyard.monitor.statistics.location import location, location_z
from tiltyard.monitor.statistics.moments import Moments, moments_of, profile_moments
from tiltyard.monitor.statistics.psi import noise_band, psi, psi_p
from tiltyard.monitor.statistics.stream_table import StreamTable, table_of
from tiltyard.monitor.statistics.variance import variance_ratio
from tiltyard.monitor.statistics.wasserstein import wasserstein


@dataclass(frozen=True)
class Distances:
    """Of each stream of a profile; see StreamMeasure for what the fields mean.

    int64 or float64 [streams], NaN where a statistic is not defined; `linf_cell` is -1 there.
    `current` and `reference` int64[streams, folded] and `coarse_current`, `coarse_reference`
    int64[streams, coarse] are what they were computed from.
    """

    current: Ints
    reference: Ints
    coarse_current: Ints
    coarse_reference: Ints
    n: Ints
    n_reference: Ints
    psi: Floats
    psi_band: Floats
    psi_excess: Floats
    psi_p: Floats
    chi_square: Floats
    chi_square_p: Floats
    js_distance: Floats
    ks: Floats
    ks_excess: Floats
    wasserstein: Floats
    linf: Floats
    linf_cell: Ints
    location: Floats
    location_z: Floats
    variance_ratio: Floats


def distances(profile: Profile, reference_counts: Ints, counts: Ints, *, against: str) -> Distances:
    """The statistics of `counts` against `reference_counts`, both int64[profile.layout.size].

    `against` is one of Against: the profile's own counts hold no moments, for it is the origin of
    theirs. Raises ValueError where a vector is not one of this profile's layout.
    """
    table = table_of(profile)
    require_counts(profile, reference_counts, "reference_counts")
    require_counts(profile, counts, "counts")
    current, reference = table.fold(counts), table.fold(reference_counts)
    coarse, coarse_reference = table.group(counts), table.group(reference_counts)
    ordered = current * table.is_ordered, reference * table.is_ordered
    now, before = _moments(table, counts), _moments(table, reference_counts, against)
    index, band = psi(coarse, coarse_reference), noise_band(coarse, coarse_reference)
    largest, largest_cell = linf(current, reference)
    pearson = chi_square(current, reference)
    return Distances(
        current=current,
        reference=reference,
        coarse_current=coarse,
        coarse_reference=coarse_reference,
        n=current.sum(-1),
        n_reference=reference.sum(-1),
        psi=index,
        psi_band=band,
        psi_excess=np.maximum(index - band, 0.0),
        psi_p=psi_p(coarse, coarse_reference),
        chi_square=pearson.statistic,
        chi_square_p=pearson.p,
        js_distance=js_distance(current, reference),
        ks=kolmogorov_smirnov(*ordered),
        ks_excess=ks_excess(*ordered),
        wasserstein=wasserstein(*ordered, table.gaps),
        linf=largest,
        linf_cell=largest_cell,
        location=location(now, before),
        location_z=location_z(now, before),
        variance_ratio=variance_ratio(now, before),
    )


def require_counts(profile: Profile, counts: Ints, name: str) -> None:
    """Raises ValueError unless `counts` is a count vector of the profile's layout."""
    wanted = profile.layout.size
    if counts.shape != (wanted,) or counts.dtype != np.int64:
        raise ValueError(
            f"{name} must be int64[{wanted}], the layout of profile {profile.number} of"
            f" {profile.model} v{profile.version}; it is {counts.dtype}{list(counts.shape)}"
        )
    cells = counts[profile.layout.cells_at :]
    if (least := int(cells.min(initial=0))) < 0:
        raise ValueError(f"{name} must have no negative cell; there is one of {least}")


def _moments(table: StreamTable, counts: Ints, against: str = "") -> Moments:
    finite = table.finite(counts)
    if against == Against.profile:
        return profile_moments(finite, table.is_constant)
    return moments_of(table.layout, counts, finite)
