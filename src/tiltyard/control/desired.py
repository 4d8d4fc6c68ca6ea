"""What is wanted of each model now: the registry's word, or a rollback that it has not recorded."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiltyard.registry import Change, ModelState


@dataclass(frozen=True, slots=True)
class Override:
    """A rollback that holds on this gateway. `record` makes it in the registry.

    `why` is what the registry said when it was last tried.
    """

    state: "ModelState"
    record: Callable[[], "Change"]
    why: str


class Desired:
    """Thread-safe. A state never replaces a newer one of the same model."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: dict[str, ModelState] = {}
        self._overrides: dict[str, Override] = {}

    def states(self) -> dict[str, "ModelState"]:
        """Of every model, overrides included."""
        with self._lock:
            held = {name: override.state for name, override in self._overrides.items()}
            return {**self._states, **held}

    def get(self, model: str) -> "ModelState | None":
        with self._lock:
            override = self._overrides.get(model)
            return override.state if override is not None else self._states.get(model)

    def overrides(self) -> Mapping[str, Override]:
        with self._lock:
            return dict(self._overrides)

    def adopt(self, states: Mapping[str, "ModelState"]) -> bool:
        """Take what the registry says; whether anything is new."""
        with self._lock:
            newer = {
                name: state
                for name, state in states.items()
                if name not in self._states or _is_newer(state, self._states[name])
            }
            self._states |= newer
            return bool(newer)

    def hold(self, override: Override) -> None:
        """Keep to it, whatever the registry says."""
        with self._lock:
            self._overrides[override.state.name] = override

    def release(self, override: Override) -> None:
        """It is recorded, or void; unless another has taken its place."""
        with self._lock:
            held = self._overrides.get(override.state.name)
            if held is not None and held.state is override.state:
                del self._overrides[override.state.name]


def _is_newer(state: "ModelState", before: "ModelState") -> bool:
    # Learning of a version is no new epoch.
    return (state.epoch, len(state.versions)) > (before.epoch, len(before.versions))
