"""What is wanted of one model: who serves, who challenges, who is kept warm. Immutable."""

from dataclasses import dataclass
from typing import Literal

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
    the champion shadows. What does not apply is 0, empty or False.
    """

    version: int
    mode: Mode
    buckets: int = 0
    sample_ppm: int = SAMPLE_WHOLE
    ranges: Ranges = ()
    reverse_shadow: bool = False


@dataclass(frozen=True, slots=True)
class ModelState:
    """One model at one epoch.

    `previous` is kept warm until `previous_until` (unix seconds), and stays known after that.
    `salt` is empty while nobody challenges. `versions` are all that may be named, `unloaded` those
    that an operator does not want in memory.
    """

    name: str
    epoch: int
    champion: int | None
    previous: int | None = None
    previous_until: float | None = None
    split: Split = "request"
    salt: bytes = b""
    challengers: tuple[Challenger, ...] = ()
    unloaded: frozenset[int] = frozenset()
    versions: frozenset[int] = frozenset()

    @property
    def canaries(self) -> tuple[Challenger, ...]:
        """In the order of their arms."""
        return tuple(entry for entry in self.challengers if entry.mode == "canary")

    @property
    def shadows(self) -> tuple[Challenger, ...]:
        return tuple(entry for entry in self.challengers if entry.mode == "shadow")

    def challenger(self, version: int) -> Challenger | None:
        return next((entry for entry in self.challengers if entry.version == version), None)
