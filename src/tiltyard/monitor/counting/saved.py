"""What a state file gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy.typing as npt

from tiltyard.monitor.counting.panes import PanesState
from tiltyard.monitor.snapshot import PlaneKey


class PlaneId(NamedTuple):
    """A plane's counts belong to a profile: those of another have other cells."""

    key: PlaneKey
    profile_digest: str


@dataclass(frozen=True)
class SavedState:
    """One save, whole. `saved_at` in unix seconds, None when nothing was saved yet.

    `gap_s` is from there to the moment of loading. `arrays` are those of each detector by its name,
    `documents` what JSON can hold. `problems` are sentences about what is not here, and why.
    """

    saved_at: float | None = None
    gap_s: float = 0.0
    planes: Mapping[PlaneId, PanesState] = field(default_factory=dict)
    arrays: Mapping[str, Mapping[str, npt.NDArray[Any]]] = field(default_factory=dict)
    documents: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def unfit(self, wanted: PlaneId) -> str:
        """A sentence when the plane was saved with another profile only; empty otherwise."""
        if wanted in self.planes:
            return ""
        others = sorted(
            saved.profile_digest[:12] for saved in self.planes if saved.key == wanted.key
        )
        if not others:
            return ""
        key = wanted.key
        segment = f" {key.segment}" if key.segment else ""
        return (
            f"{key.model} v{key.version} {key.role}{segment}: the saved counts are in the cells of"
            f" profile {', '.join(others)}, not of {wanted.profile_digest[:12]}, so they stay out"
            " and counting begins anew"
        )
