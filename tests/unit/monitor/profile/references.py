"""References to build profiles from, for tests."""

from typing import Any

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.build import build_profile
from tiltyard.monitor.profile.declaration import Declaration
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.reference import Table, match
from tiltyard.monitor.profile.signature import Signature
from tiltyard.store.manifest import TensorSpec

Array = npt.NDArray[Any]

MIXED = Signature(
    (
        TensorSpec("amount", "FP32", (None, 1)),
        TensorSpec("count", "INT64", (None,)),
        TensorSpec("city", "BYTES", (None,)),
        TensorSpec("color", "FP32", (None, 3)),
    ),
    (TensorSpec("label", "INT64", (None,)), TensorSpec("p", "FP32", (None, 2))),
    {"p": (0, 1)},
)


def mixed_table(rows: int = 600, seed: int = 0) -> dict[str, Array]:
    """Columns of every kind for MIXED, with a few missing and infinite values."""
    rng = np.random.default_rng(seed)
    amount = rng.lognormal(size=rows)
    amount[::50] = np.nan
    amount[7] = np.inf
    cities = np.array(["rome", "oslo", "bern", "lima", ""], object)
    score = rng.random(rows).astype(np.float32)
    return {
        "amount": amount,
        "count": rng.poisson(3, rows),
        "city": cities[rng.choice(5, rows, p=[0.5, 0.3, 0.1, 0.05, 0.05])],
        "color": np.eye(3)[rng.integers(0, 3, rows)],
        "label": (score > 0.5).astype(np.int64),
        "p": np.stack([1 - score, score], axis=1),
    }


def mixed_profile(rows: int = 600, seed: int = 0, **declared: Any) -> Profile:
    """A profile of MIXED; `color` is the one-hot group `hue`."""
    groups = {"hue": ("color[0]", "color[1]", "color[2]")}
    declaration = Declaration(groups=groups, **declared)
    reference = match(Table(mixed_table(rows, seed)), MIXED, declaration)
    return build_profile(
        reference, MIXED, declaration, model="m", version=3, created="2026-01-02T03:04:05+00:00"
    )
