"""What is measured of a stream in a window, as plain values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of rows with its 95 % interval (Wilson), beside the reference's share."""

    count: int
    n: int
    share: float
    low: float
    high: float
    reference: float


@dataclass(frozen=True, slots=True)
class CellMeasure:
    """One folded cell: its counts and raw shares, and its part of the PSI."""

    name: str
    role: str
    reference_count: int
    count: int
    reference_share: float
    share: float
    psi: float


@dataclass(frozen=True, slots=True)
class StreamMeasure:
    """A stream in a window against a reference. None where it is not defined (no rows, no order).

    `definition` names how it was computed: edges digest, smoothing, n_reference, n.
    """

    stream: str
    group: str
    kind: str
    n: int
    n_reference: int
    psi: float | None
    psi_band: float | None  # (1/n + 1/m) times the 99.9 % quantile of chi^2 with B-1 degrees
    psi_excess: float | None
    psi_p: float | None  # None where cells expect fewer than 5 rows even when pooled
    chi_square: float | None  # of two samples, with as many degrees as cells have rows, less one
    chi_square_p: float | None  # None as with psi_p
    js_distance: float | None
    ks: float | None
    ks_excess: float | None
    wasserstein: float | None  # in sigmas of the reference
    linf: float | None
    linf_cell: str
    location: float | None  # shift of the mean, in sigmas of the reference
    location_z: float | None
    variance_ratio: float | None
    missing: Rate
    unseen: Rate | None
    out_of_range: Rate | None
    cells: tuple[CellMeasure, ...]
    coarse: tuple[CellMeasure, ...]  # what the PSI is the sum over
    definition: str


@dataclass(frozen=True, slots=True)
class Report:
    """A plane's window against one reference, `against`: profile, baseline, previous or week ago.

    Skew is what the profile says, drift what the others do.
    """

    against: str
    reference_digest: str
    begin: float
    end: float
    rows: int
    requests: int
    streams: tuple[StreamMeasure, ...]
