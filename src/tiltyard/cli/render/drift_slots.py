"""Whether a plane is of what its version serves as now, and what is said where it is not."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tiltyard.monitor.snapshot import Snapshot

# What is counted beside a challenger belongs to its slot.
SLOTS: Final = {"champion-as": "canary", "shadowed": "shadow"}


def is_of_now(snapshot: "Snapshot") -> bool:
    """Also where it is not known: an older gateway, or one without a registry.

    A champion may shadow its canary, too.
    """
    slot = SLOTS.get(snapshot.key.role, snapshot.key.role)
    return snapshot.slot in (None, slot) or (snapshot.slot, slot) == ("champion", "shadow")


def slot_words(snapshot: "Snapshot") -> str:
    """`, not serving` or `, now champion`, to go on after a role; nothing where it is as before."""
    if is_of_now(snapshot):
        return ""
    return f", now {snapshot.slot}" if snapshot.slot else ", not serving"
