"""What FakeControl knows of a model."""

from dataclasses import dataclass, field
from typing import Literal

from tests.unit.admin.fake_views import BEGAN_UNIX_S, SALT_HEX
from tiltyard.control.views import ModelView, RouteView, SlotView, Split, VersionView


@dataclass
class FakeModel:
    """A model's state."""

    versions: dict[int, VersionView] = field(default_factory=dict)
    champion: int | None = None
    previous: int | None = None
    challengers: dict[int, SlotView] = field(default_factory=dict)
    epoch: int = 0
    split: Split = "request"

    def view(self, name: str) -> ModelView:
        return ModelView(
            name,
            self.epoch,
            self.champion,
            self.previous,
            tuple(self.challengers),
            tuple(self.versions.values()),
        )

    def route_view(self, name: str) -> RouteView:
        return RouteView(
            name,
            self.epoch,
            0,
            _slot("champion", self.champion),
            tuple(self.challengers.values()),
            _slot("previous", self.previous),
            self.split,
            SALT_HEX if self.challengers else "",
        )


def _slot(role: Literal["champion", "previous"], version: int | None) -> SlotView | None:
    return None if version is None else SlotView(role, version, "ready", BEGAN_UNIX_S)
