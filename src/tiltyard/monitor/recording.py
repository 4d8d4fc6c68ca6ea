"""What the engine records of one version, and the numbers of its planes."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Final, Protocol

from tiltyard._core import LoadedVersion, RecordPlan
from tiltyard.errors import TiltyardError
from tiltyard.monitor.profile.profile import Profile

CHAMPION: Final = "champion"
CANARY: Final = "canary"
SHADOW: Final = "shadow"
SHADOWED: Final = "shadowed"
# The champion's traffic in the cells of a canary's profile.
CHAMPION_AS: Final = "champion-as"
# In the order in which the engine is told their numbers.
RECORDED: Final = (CHAMPION, CANARY, SHADOW, SHADOWED)


class RecordingError(TiltyardError):
    """The profile is not of this model: what it watches cannot be recorded."""


SlotSpec = tuple[str, str, int, int, str]


class Records(Protocol):
    """What is asked of an Engine."""

    def record(
        self,
        version: LoadedVersion,
        slots: Sequence[SlotSpec],
        planes: tuple[int, int, int, int],
    ) -> RecordPlan: ...

    def stop_recording(self, version: LoadedVersion) -> None: ...


class PlaneNumbers:
    """Numbers of planes, each given once. Of one thread."""

    def __init__(self) -> None:
        self._next: Iterator[int] = count(1)

    def four(self) -> tuple[int, int, int, int]:
        a, b, c, d = (next(self._next) for _ in RECORDED)
        return a, b, c, d


class Recording:
    """One version's, from now until end(). `numbers` has the plane number of each role."""

    def __init__(
        self, engine: Records, version: LoadedVersion, profile: Profile, numbers: PlaneNumbers
    ) -> None:
        """Raises RecordingError; then nothing is recorded that was not before."""
        planes = numbers.four()
        self.version = version
        self.numbers = dict(zip(RECORDED, planes, strict=True))
        self._engine = engine
        try:
            self.plan = engine.record(version, profile.slots, planes)
        except ValueError as error:
            raise RecordingError(
                f"profile {profile.number} of {version.model} version {version.version} does not"
                f" fit the model: {error}"
            ) from error

    def end(self) -> None:
        self._engine.stop_recording(self.version)
