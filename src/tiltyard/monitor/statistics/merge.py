"""Several gateways' snapshots of one plane as one. Pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import reduce
from typing import Final

import numpy as np

from tiltyard.monitor.snapshot import Alarm, Baseline, Snapshot, Window
from tiltyard.monitor.statistics.errors import StatisticsError

# How much histories may differ in length for being added, in parts of a piece. Where seconds are
# gone, pieces begin and end at full minutes or hours, so that single ones differ.
_HISTORY_TOLERANCE: Final = 0.5


def merge(snapshots: Sequence[Snapshot]) -> Snapshot:
    """Counts add, whatever the order: merging is counting all rows in one place.

    Windows of one name are added; where a gateway has none, a problem says so. Pieces of the
    history are put on the grid of the gateway whose window ends last, each on the nearest place, so
    that gateways which were asked within half a piece of each other line up. `gap_s` and `lag_s`
    are the largest. Alarms are one an id, detectors are those of all gateways one after another.

    Raises StatisticsError without snapshots, where planes or profiles differ, a gateway is there
    twice, or pieces are not of one length.
    """
    _require_alike(snapshots)
    first, named = snapshots[0], list(zip(_names(snapshots), snapshots, strict=True))
    if len(snapshots) == 1:
        return first
    problems = [problem for one in snapshots for problem in one.problems]
    lacking = {
        what: [name for name, one in named if getattr(one, what) is None]
        for what in ("previous", "week_ago", "compared")
    }
    for what, names in lacking.items():
        if 0 < len(names) < len(snapshots):
            problems.append(f"{what} lacks the rows of {', '.join(names)}, which has none")
    baseline, told = _baseline(named)
    return Snapshot(
        key=first.key,
        profile=first.profile,
        current=_sum([one.current for one in snapshots]),
        previous=_sum_of_some(one.previous for one in snapshots),
        week_ago=_sum_of_some(one.week_ago for one in snapshots),
        history=_history(snapshots),
        baseline=baseline,
        detectors=tuple(view for one in snapshots for view in one.detectors),
        alarms=_alarms(alarm for one in snapshots for alarm in one.alarms),
        strangers=tuple(
            sorted(
                (row for one in snapshots for row in one.strangers),
                key=lambda row: (-row.surprise, row.time),
            )
        ),
        markers=tuple(
            sorted(
                {marker for one in snapshots for marker in one.markers},
                key=lambda marker: (marker.time, marker.text),
            )
        ),
        compared=_sum_of_some(one.compared for one in snapshots),
        offered=sum(one.offered for one in snapshots),
        dropped=sum(one.dropped for one in snapshots),
        lag_s=max(one.lag_s for one in snapshots),
        gateways=tuple(gateway for one in snapshots for gateway in one.gateways),
        problems=tuple(dict.fromkeys([*problems, *told])),
    )


def _names(snapshots: Sequence[Snapshot]) -> list[str]:
    return [", ".join(one.gateways) or f"gateway {at}" for at, one in enumerate(snapshots, 1)]


def _require_alike(snapshots: Sequence[Snapshot]) -> None:
    if not snapshots:
        raise StatisticsError("there are no snapshots to merge; expected one or more")
    first, names = snapshots[0], _names(snapshots)
    for name, one in zip(names, snapshots, strict=True):
        if one.key != first.key:
            raise StatisticsError(
                f"snapshots of one plane can be merged: {names[0]} gave {first.key}, {name} gave"
                f" {one.key}"
            )
        mine, theirs = first.profile, one.profile
        if theirs.digest != mine.digest or theirs.layout != mine.layout:
            raise StatisticsError(
                f"counts in different cells cannot be added: {first.key.model}"
                f" v{first.key.version} has profile {mine.number} ({mine.digest[:12]}) on"
                f" {names[0]} and profile {theirs.number} ({theirs.digest[:12]}) on {name}"
            )
    gateways = [gateway for one in snapshots for gateway in one.gateways]
    twice = sorted({gateway for gateway in gateways if gateways.count(gateway) > 1})
    if twice:
        raise StatisticsError(f"{', '.join(twice)} is there twice; its rows would count double")


def _sum(windows: Sequence[Window]) -> Window:
    return Window(
        begin=min(window.begin for window in windows),
        end=max(window.end for window in windows),
        counts=reduce(np.add, [window.counts for window in windows]),
        gap_s=max(window.gap_s for window in windows),
    )


def _sum_of_some(windows: Iterable[Window | None]) -> Window | None:
    there = [window for window in windows if window is not None]
    return _sum(there) if there else None


def _piece_s(snapshot: Snapshot) -> float:
    """How long the pieces of a history are, which has some: their mean."""
    history = snapshot.history
    return (history[-1].end - history[0].begin) / len(history)


def _history(snapshots: Sequence[Snapshot]) -> tuple[Window, ...]:
    pieces = [piece for one in snapshots for piece in one.history]
    if not pieces:
        return ()
    newest = max((one for one in snapshots if one.history), key=lambda one: one.history[-1].end)
    origin = newest.history[0]
    length = _piece_s(newest)
    placed: dict[int, list[Window]] = {}
    for one in snapshots:
        other = _piece_s(one) if one.history else length
        if abs(other - length) * len(newest.history) > _HISTORY_TOLERANCE * length:
            raise StatisticsError(
                f"pieces of the history must be equally long to be added: one is {length:g} s,"
                f" another {other:g} s"
            )
    for piece in pieces:
        placed.setdefault(math.floor((piece.begin - origin.begin) / length + 0.5), []).append(piece)
    return tuple(
        replace(_sum(placed[at]), begin=origin.begin + at * length, end=origin.end + at * length)
        for at in sorted(placed)
    )


def _baseline(named: Sequence[tuple[str, Snapshot]]) -> tuple[Baseline | None, list[str]]:
    """The newest, and what is to be said where gateways do not hold the same."""
    held = {name: one.baseline for name, one in named}
    there = [baseline for baseline in held.values() if baseline is not None]
    if not there:
        return None, []
    newest = max(there, key=lambda baseline: (baseline.number, baseline.accepted_at))
    if len({baseline.digest for baseline in there}) == 1 and len(there) == len(named):
        return newest, []
    holdings = ", ".join(
        f"{name} {'none' if baseline is None else f'{baseline.number} ({baseline.digest[:12]})'}"
        for name, baseline in held.items()
    )
    return newest, [
        f"the gateways do not hold one baseline ({holdings}); drift is against {newest.number}"
    ]


def _alarms(alarms: Iterable[Alarm]) -> tuple[Alarm, ...]:
    """One an id, the one that is furthest: closed before acknowledged before open."""
    furthest: dict[str, Alarm] = {}
    for alarm in alarms:
        held = furthest.setdefault(alarm.id, alarm)
        if _progress(alarm) > _progress(held):
            furthest[alarm.id] = alarm
    return tuple(sorted(furthest.values(), key=lambda alarm: (alarm.crossed_at, alarm.id)))


def _progress(alarm: Alarm) -> tuple[float, float, int]:
    return alarm.closed_at or 0.0, alarm.acknowledged_at or 0.0, len(alarm.streams)
