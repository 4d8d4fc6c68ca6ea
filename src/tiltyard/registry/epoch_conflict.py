"""Two operators changed one model at once: the one who came second is told what the first did."""

from collections.abc import Sequence

from tiltyard.registry.errors import TransitionError
from tiltyard.registry.event import Event

EVENTS_TOLD_MAX = 5


class EpochConflictError(TransitionError):
    """Somebody else has changed the model: `epoch` is its epoch now, `events` what happened."""

    def __init__(self, model: str, expected: int, epoch: int, events: Sequence[Event]) -> None:
        super().__init__(
            f"{model} is at epoch {epoch}, not at {expected} as the request expects;"
            f" {_what_happened(expected, epoch, events)}",
            f"look at its route, and ask again with epoch {epoch} if it is still right",
            "EPOCH_CONFLICT",
        )
        self.model = model
        self.expected = expected
        self.epoch = epoch
        self.events = tuple(events)


def _what_happened(expected: int, epoch: int, events: Sequence[Event]) -> str:
    if expected > epoch:
        return "it has not been there yet"
    told = [
        f"{event.text} (epoch {event.epoch}{f', by {event.actor}' if event.actor else ''})"
        for event in events[-EVENTS_TOLD_MAX:]
    ]
    earlier = len(events) - len(told)
    return "; ".join([*([f"{earlier} earlier changes"] if earlier else []), *told])
