"""How a number was computed, so that two can be told apart and each recomputed. Pure."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np

from tiltyard.monitor.counting.layout import Z_MAX
from tiltyard.monitor.profile.cells import Cells, Ints

# Counts the changes of METHODS: a number under another edition is another number.
EDITION: Final = 1
DIGEST_CHARS: Final = 12


class Method(NamedTuple):
    """Of one statistic. `cells`: folded, coarse (groups of them), ordered, or none: moments."""

    cells: str
    smoothing: str
    log_base: str
    formula: str


# A value that is further away is summed as if it were as far.
_CLIPPED: Final = f", of values clipped to the profile's mean +- {Z_MAX:,.0f} of its sigmas"

METHODS: Final[Mapping[str, Method]] = MappingProxyType(
    {
        "psi": Method("coarse", "jeffreys 1/2", "e", "sum (a - r) ln(a / r), empty cells left out"),
        "psi_band": Method("coarse", "none", "", "(1/n + 1/m) chi2.ppf(0.999, B - 1)"),
        "psi_excess": Method("coarse", "jeffreys 1/2", "e", "max(0, psi - psi_band)"),
        "psi_p": Method(
            "coarse, pooled until each expects 5 rows",
            "jeffreys 1/2",
            "e",
            "chi2.sf(psi / (1/n + 1/m), B - 1)",
        ),
        "chi_square": Method(
            "folded",
            "none",
            "",
            "sum over both (count - expected)^2 / expected, by the shares of both together",
        ),
        "chi_square_p": Method(
            "folded, pooled until each expects 5 rows", "none", "", "chi2.sf(chi_square, B - 1)"
        ),
        "js_distance": Method(
            "folded", "none", "2", "sqrt(KL(a, h) / 2 + KL(r, h) / 2), h = (a + r) / 2"
        ),
        "ks": Method("ordered", "none", "", "max |F_a - F_r|"),
        "ks_excess": Method("ordered", "none", "", "max(0, ks - 1.8 sqrt((n + m) / (n m)))"),
        "wasserstein": Method(
            "ordered, at their middles", "none", "", "sum |F_a - F_r| gap / the profile's sigma"
        ),
        "linf": Method("folded", "none", "", "max |a - r|"),
        "location": Method(
            "none: moments", "none", "", f"(mean_a - mean_r) / the profile's sigma{_CLIPPED}"
        ),
        "location_z": Method(
            "none: moments", "none", "", f"(mean_a - mean_r) / (sigma_r sqrt(1/n + 1/m)){_CLIPPED}"
        ),
        "variance_ratio": Method("none: moments", "none", "", f"variance_a / variance_r{_CLIPPED}"),
        "missing": Method("folded", "none", "", "count / n, Wilson's 95 % interval"),
        "unseen": Method("folded", "none", "", "count / n, Wilson's 95 % interval"),
        "out_of_range": Method(
            "folded: below and above, of categories invalid",
            "none",
            "",
            "count / n, Wilson's 95 % interval",
        ),
    }
)

_TEXT = re.compile(
    r"tiltyard-(\d+) edges=([0-9a-f]{12}) groups=([0-9a-f]{12}) n_reference=(\d+) n=(\d+)"
)


@dataclass(frozen=True, slots=True)
class Definition:
    """What the statistics of a stream in a window depend on; its text is the definition id.

    `edges` and `groups` are the first 12 hex digits of sha256 of the cells and of their groups.

    >>> Definition("3f" * 6, "0a" * 6, 5000, 600).of("js_distance")["log_base"]
    '2'
    """

    edges: str
    groups: str
    n_reference: int
    n: int
    edition: int = EDITION

    def __str__(self) -> str:
        return (
            f"tiltyard-{self.edition} edges={self.edges} groups={self.groups}"
            f" n_reference={self.n_reference} n={self.n}"
        )

    @classmethod
    def parse(cls, text: str) -> "Definition":
        """The definition of an id. Raises ValueError where the text is none."""
        found = _TEXT.fullmatch(text)
        if found is None:
            raise ValueError(
                f"{text!r} is no definition id; expected one such as"
                f" {str(cls('0' * 12, '0' * 12, 5000, 600))!r}"
            )
        edition, edges, groups, n_reference, n = found.groups()
        return cls(edges, groups, int(n_reference), int(n), int(edition))

    def of(self, statistic: str) -> dict[str, str | int]:
        """How one statistic, a field of StreamMeasure, was computed.

        Raises ValueError for a statistic that METHODS lacks, and for an edition that is not
        this program's.
        """
        if self.edition != EDITION:
            raise ValueError(
                f"the definition is of edition {self.edition}; this program knows {EDITION}"
            )
        if statistic not in METHODS:
            raise ValueError(
                f"no statistic is called {statistic!r}; there are {', '.join(METHODS)}"
            )
        method = METHODS[statistic]
        return {
            "statistic": statistic,
            **method._asdict(),
            "edition": self.edition,
            "edges": self.edges,
            "groups": self.groups,
            "n_reference": self.n_reference,
            "n": self.n,
        }


def edges_digest(cells: Cells) -> str:
    """The first 12 hex digits of sha256 of the kind, and of all that decides a value's cell.

    Little-endian, in this order: the kind's name and a NUL; of ordered kinds the minimum (float64)
    and the edges (float32); of categories the codes (uint32) and their cells (int64).
    """
    digest = hashlib.sha256(cells.kind.value.encode() + b"\0")
    if cells.kind.is_ordered:
        digest.update(np.float64(cells.minimum).astype("<f8").tobytes())
        digest.update(cells.edges.astype("<f4").tobytes())
    else:
        digest.update(cells.codes.astype("<u4").tobytes())
        digest.update(cells.code_cells.astype("<i8").tobytes())
    return digest.hexdigest()[:DIGEST_CHARS]


def groups_digest(groups: Ints) -> str:
    """The first 12 hex digits of sha256 of coarse_groups(), as little-endian int64."""
    return hashlib.sha256(groups.astype("<i8").tobytes()).hexdigest()[:DIGEST_CHARS]
