"""What the monitor asks of the reconciler: what is loaded, and who serves."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from tiltyard._core import LoadedVersion
from tiltyard.control.reconciler import Reconciler

if TYPE_CHECKING:
    from tiltyard.registry import ModelState, Registry


class Served:
    """From any thread."""

    def __init__(self, reconciler: Reconciler) -> None:
        self._reconciler = reconciler

    def versions(self) -> list[LoadedVersion]:
        return list(self._reconciler.report().versions)

    def states(self) -> "Mapping[str, ModelState]":
        """Of every model. Without a registry the newest version that is loaded serves."""
        states = self._reconciler.states()
        if self.registry() is not None:
            return states
        return {
            name: replace(state, champion=self._reconciler.serving(name))
            for name, state in states.items()
        }

    def is_settled(self) -> bool:
        """Whether nothing is being loaded: each version is there, or has failed."""
        return self._reconciler.report().settled

    def registry(self) -> "Registry | None":
        return self._reconciler.registry
