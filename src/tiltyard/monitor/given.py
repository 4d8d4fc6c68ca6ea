"""What the keeper is given: who knows what is served, and what the gateway was told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tiltyard._core import LoadedVersion

if TYPE_CHECKING:
    from tiltyard.registry import ModelState, Registry


class Served(Protocol):
    """What is asked of who knows what is loaded and what is wanted."""

    def versions(self) -> list[LoadedVersion]: ...
    def states(self) -> "Mapping[str, ModelState]": ...
    def registry(self) -> "Registry | None": ...
    def is_settled(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Terms:
    """What the gateway was told: `false_alarm_s` is of all its models together."""

    false_alarm_s: float
    bytes_max: int
    tick_s: float = 1.0
    warmup_ticks: int = 300
