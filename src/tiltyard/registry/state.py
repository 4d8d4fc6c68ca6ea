"""What is wanted of one model: who serves, who challenges, who is kept warm. Immutable."""

from dataclasses import dataclass
from typing import Literal

from tiltyard.registry.compare_rule import Comparison
from tiltyard.registry.shares import SAMPLE_WHOLE

SALT_BYTES = 16

Mode = Literal["canary", "shadow"]
Split = Literal["request", "key"]
# Half-open, ascending, apart from one another.
Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Challenger:
    """One version beside the champion.

    A canary owns `buckets` of the buckets, those in `ranges`. `sample_ppm` is how many of a million
    requests a shadow gets; for a canary with `reverse_shadow`, how many of the canary's requests
    the champion shadows. `compare` are the rules of those who shadow. What does not apply is 0,
    empty or False.
    """

    version: int
    mode: Mode
    buckets: int = 0
    sample_ppm: int = SAMPLE_WHOLE
    ranges: Ranges = ()
    reverse_shadow: bool = False
    compare: Comparison = ()


@dataclass(frozen=True, slots=True)
class ModelState:
    """One model at one epoch.

    `kept` are the versions that have left their slots, each with when (unix seconds) it need not be
    in memory any more; `previous` stays known after that. `salt` is empty while nobody challenges.
    `versions` are all that may be named, `unloaded` those that an operator does not want in memory.
    `rolled_back` says that nobody has served or challenged anew since the last rollback.
    """

    name: str
    epoch: int
    champion: int | None
    previous: int | None = None
    split: Split = "request"
    salt: bytes = b""
    challengers: tuple[Challenger, ...] = ()
    unloaded: frozenset[int] = frozenset()
    versions: frozenset[int] = frozenset()
    kept: tuple[tuple[int, float], ...] = ()  # by version
    rolled_back: bool = False

    @property
    def canaries(self) -> tuple[Challenger, ...]:
        """In the order of their arms."""
        return tuple(entry for entry in self.challengers if entry.mode == "canary")

    @property
    def shadows(self) -> tuple[Challenger, ...]:
        return tuple(entry for entry in self.challengers if entry.mode == "shadow")

    @property
    def serving(self) -> frozenset[int]:
        """The champion and the challengers."""
        beside = (entry.version for entry in self.challengers)
        return frozenset(beside if self.champion is None else (self.champion, *beside))

    @property
    def previous_until(self) -> float | None:
        """None where nothing ends it: there is no previous, it challenges, or was loaded."""
        return None if self.previous is None else self.kept_until(self.previous)

    def kept_until(self, version: int) -> float | None:
        """None for what is in a slot, was never in one, or was loaded since; or is unloaded."""
        return dict(self.kept).get(version)

    def challenger(self, version: int) -> Challenger | None:
        return next((entry for entry in self.challengers if entry.version == version), None)
