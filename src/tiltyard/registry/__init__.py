"""What is wanted of every model, in SQL. Not on the way to the first prediction: import it late."""

from tiltyard.registry.buckets import Decision, controls, decide, owners
from tiltyard.registry.challenges import start_challenge, stop_challenge, update_challenge
from tiltyard.registry.change import Change
from tiltyard.registry.compare_rule import CompareRule, Comparison
from tiltyard.registry.epoch_conflict import EpochConflictError
from tiltyard.registry.errors import (
    IdempotencyMismatchError,
    InvalidChangeError,
    NothingToChangeError,
    RefusedChangeError,
    RegistryUnavailableError,
    TransitionError,
    UnknownModelError,
    UnknownVersionError,
    VersionChangedError,
)
from tiltyard.registry.event import Event, enumerate_versions
from tiltyard.registry.registry import Registry, open_registry
from tiltyard.registry.shares import (
    BUCKETS,
    Percent,
    as_percent,
    bucket_percent,
    sample_percent,
    sample_to_ppm,
    share_to_buckets,
)
from tiltyard.registry.state import SALT_BYTES, Challenger, Mode, ModelState, Ranges, Split
from tiltyard.registry.step import Transition
from tiltyard.registry.transitions import (
    RollbackTo,
    load,
    promote,
    rollback,
    set_champion,
    unload,
)

__all__ = [
    "BUCKETS",
    "SALT_BYTES",
    "Challenger",
    "Change",
    "CompareRule",
    "Comparison",
    "Decision",
    "EpochConflictError",
    "Event",
    "IdempotencyMismatchError",
    "InvalidChangeError",
    "Mode",
    "ModelState",
    "NothingToChangeError",
    "Percent",
    "Ranges",
    "RefusedChangeError",
    "Registry",
    "RegistryUnavailableError",
    "RollbackTo",
    "Split",
    "Transition",
    "TransitionError",
    "UnknownModelError",
    "UnknownVersionError",
    "VersionChangedError",
    "as_percent",
    "bucket_percent",
    "controls",
    "decide",
    "enumerate_versions",
    "load",
    "open_registry",
    "owners",
    "promote",
    "rollback",
    "sample_percent",
    "sample_to_ppm",
    "set_champion",
    "share_to_buckets",
    "start_challenge",
    "stop_challenge",
    "unload",
    "update_challenge",
]
