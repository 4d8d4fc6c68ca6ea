"""An alarm as its detector tells it; the monitor adds whose it is."""

from dataclasses import dataclass

from tiltyard.monitor.alarm.bet_layout import BetGroup
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.bets import DOWN, UP
from tiltyard.monitor.alarm.onset import Onset
from tiltyard.monitor.profile.cells import CellRole
from tiltyard.monitor.snapshot import AlarmStream

_SIDES = {UP: "up", DOWN: "down"}


@dataclass(frozen=True, slots=True)
class Alarm:
    """Times in seconds of the ticks' clock. `state` is open, recovered or superseded.

    `evidence_log10` is that of the mean capital in seconds when it crossed `false_alarm_s`.
    `streams` has the leading ones first; in each part joint ones are last, and otherwise those with
    the most evidence first. `rows` were seen since the onset. `kappa` and `tolerance` (standard
    deviations) are by name of the streams told.
    """

    state: str
    crossed_s: float
    onset: Onset
    evidence_log10: float
    false_alarm_s: float
    streams: tuple[AlarmStream, ...]
    rows: int
    kappa: dict[str, float]
    tolerance: dict[str, float]
    acknowledged_by: str = ""
    acknowledged_s: float | None = None
    closed_s: float | None = None
    closed_by: str = ""

    @property
    def leading(self) -> tuple[str, ...]:
        """The streams that led when it was opened; see naming.leading()."""
        return tuple(stream.stream for stream in self.streams if stream.is_leading)

    @property
    def confirmed(self) -> tuple[str, ...]:
        """The streams whose own evidence would have been enough for all of them."""
        return tuple(stream.stream for stream in self.streams if stream.is_confirmed)


def change_text(tables: BetTables, bet: int) -> str:
    """What a bet that won says: "location up", "spread down", "missing", "category red up".

    Of a reserved cell its role, with "down" where it became rarer; "shape" without a direction.
    """
    layout = tables.layout
    group, side = BetGroup(int(layout.group[bet])), int(layout.side[bet])
    if group is BetGroup.shape:
        return "shape"
    if group in (BetGroup.location, BetGroup.spread):
        return f"{group.name} {_SIDES[side]}"
    reference, cell = tables.streams[int(layout.stream[bet])], int(layout.cell[bet])
    role = reference.roles[cell]
    if role is CellRole.category:
        return f"category {reference.labels[cell]} {_SIDES[side]}"
    return role.value if side == UP else f"{role.value} down"
