"""References with times, of which is known what changes in them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.backtest.timed_rows import TimedRows
from tiltyard.monitor.policy import DAY_S
from tiltyard.monitor.profile.build import build_profile
from tiltyard.monitor.profile.declaration import Declaration
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.reference import Reference
from tiltyard.monitor.profile.signature import Signature
from tiltyard.store.manifest import TensorSpec

BEGAN = 1_767_225_600.0  # Thursday, 2026-01-01 00:00 UTC
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Month:
    """Rows at random times of some days: independent, normal, but for what is asked for."""

    rows: int = 40_000
    days: int = 10
    features: int = 3
    swing: float = 0.0  # of f0 over each day, in sigmas
    bad_day: int | None = None  # f1 is a sigma higher all of it
    discrete: int = 0  # further features of the values 0 to 3
    seed: int = 0

    def columns(self) -> tuple[Array, Array]:
        """Times float64[rows] and values float32[rows, features + discrete]."""
        rng = np.random.default_rng(self.seed)
        times = np.sort(rng.uniform(0.0, self.days * DAY_S, self.rows)) + BEGAN
        values = rng.normal(size=(self.rows, self.features))
        if self.swing:
            values[:, 0] += self.swing * np.sin(2.0 * np.pi * times / DAY_S)
        if self.bad_day is not None:
            values[(times - BEGAN) // DAY_S == self.bad_day, 1] += 1.0
        few = rng.integers(0, 4, (self.rows, self.discrete))
        return times, np.concatenate([values, few], axis=1).astype(np.float32)

    def made(self, *, order: Array | None = None) -> tuple[Profile, Reference]:
        """Its profile and rows; in another order than that of time with `order`."""
        times, values = self.columns()
        if order is not None:
            times, values = times[order], values[order]
        names = tuple(f"f{index}" for index in range(values.shape[1]))
        signature = Signature((TensorSpec("x", "FP32", (None, len(names))),), ())
        reference = Reference({"x": values}, {"x": names}, {}, times)
        return build_profile(reference, signature, Declaration(), created="then"), reference

    def timed(self) -> TimedRows:
        return TimedRows.of(*self.made())
