"""What versions serve as now, which need not be the roles that they were counted in."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tiltyard.monitor.monitor import VersionKey
from tiltyard.monitor.recording import CHAMPION

if TYPE_CHECKING:
    from tiltyard.registry import ModelState


def slot_of(states: "Mapping[str, ModelState]", key: VersionKey) -> str | None:
    """champion, canary or shadow; "" is nothing. None while nobody is known to serve the model."""
    model, version = key
    state = states.get(model)
    if state is None or state.champion is None:
        return None
    if version == state.champion:
        return CHAMPION
    entry = state.challenger(version)
    return "" if entry is None else entry.mode
