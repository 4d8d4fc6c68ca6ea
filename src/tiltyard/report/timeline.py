"""The time axis of the heat map: its pieces, and what happened when."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from string import ascii_uppercase
from typing import Final

from tiltyard.cli.render.formats import DAY_S, timestamp
from tiltyard.monitor.snapshot import Alarm, Marker, Window
from tiltyard.monitor.statistics.series import Series
from tiltyard.report.figures import UNDEFINED

TICKS: Final = 5


@dataclass(frozen=True, slots=True)
class Flag:
    """Something that happened, at `share` of the axis, 0 to 1."""

    letter: str
    share: float
    time: str
    text: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Columns of one length. `begins` are their times, for a script, joined by commas; `ticks` are
    labels evenly spaced."""

    columns: int
    piece_s: float
    begin: float
    begins: str
    ticks: tuple[str, ...]
    flags: tuple[Flag, ...]

    @property
    def marks(self) -> tuple[float, ...]:
        return tuple(flag.share for flag in self.flags)


def timeline(
    history: Sequence[Window], markers: Sequence[Marker], alarms: Sequence[Alarm]
) -> Timeline | None:
    """None without a history. Onsets of open alarms are flags as well as the markers are; what lies
    outside of the history is not. A piece that the history lacks has a column all the same."""
    if not history:
        return None
    begin, end = history[0].begin, history[-1].end
    piece_s = history[0].end - begin
    columns = max(len(history), round((end - begin) / piece_s))
    form = "%H:%M:%S" if end - begin < DAY_S else "%b %d %H:%M"
    onsets = [Marker(a.onset, f"onset of alarm {a.id}") for a in alarms if a.state == "open"]
    inside = [marker for marker in (*markers, *onsets) if begin <= marker.time <= end]
    inside.sort(key=lambda marker: marker.time)
    return Timeline(
        columns=columns,
        piece_s=piece_s,
        begin=begin,
        begins=",".join(_clock(begin + k * piece_s, form) for k in range(columns)),
        ticks=tuple(_clock(begin + (end - begin) * k / (TICKS - 1), form) for k in range(TICKS)),
        flags=tuple(
            Flag(_letter(k), (m.time - begin) / (end - begin), timestamp(m.time), m.text)
            for k, m in enumerate(inside)
        ),
    )


def ratios(line: Timeline, found: Series, stream: int) -> tuple[float | None, ...]:
    """PSI of a stream in units of its noise band, one a column; None where nothing was counted."""
    made: list[float | None] = [None] * line.columns
    for begin, psi, band in zip(found.begin, found.psi[stream], found.band[stream], strict=True):
        if math.isnan(psi):
            continue
        column = min(line.columns - 1, round((float(begin) - line.begin) / line.piece_s))
        # A stream with one cell has neither a PSI nor noise.
        made[column] = float(psi) / float(band) if band > 0 else 0.0
    return tuple(made)


def _clock(unix_s: float, form: str) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime(form)


def _letter(index: int) -> str:
    return ascii_uppercase[index] if index < len(ascii_uppercase) else UNDEFINED
