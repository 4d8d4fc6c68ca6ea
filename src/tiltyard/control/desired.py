"""What is wanted of each model now: the registry's word, or a rollback that it has not recorded."""

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tiltyard.control.overrides import Overrides

if TYPE_CHECKING:
    from tiltyard.registry import ModelState


class Desired:
    """Thread-safe. A state never replaces a newer one of the same model."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: dict[str, ModelState] = {}
        self.overrides = Overrides(lambda state: self.adopt({state.name: state}))

    def states(self) -> dict[str, "ModelState"]:
        """Of every model, overrides included."""
        # First what is held: once it is let go, the registry's word is there.
        held = self.overrides.states()
        with self._lock:
            return {**self._states, **held}

    def get(self, model: str) -> "ModelState | None":
        held = self.overrides.get(model)
        if held is not None:
            return held
        with self._lock:
            return self._states.get(model)

    def adopt(self, states: Mapping[str, "ModelState"]) -> None:
        """Take what the registry says."""
        with self._lock:
            for name, state in states.items():
                if name not in self._states or _is_newer(state, self._states[name]):
                    self._states[name] = state


def _is_newer(state: "ModelState", before: "ModelState") -> bool:
    return _age(state) > _age(before)


def _age(state: "ModelState") -> tuple[int, int, float]:
    # Learning of a version is no new epoch, nor is keeping one longer.
    return state.epoch, len(state.versions), sum(until for _, until in state.kept)
