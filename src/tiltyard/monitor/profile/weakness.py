"""What a reference cannot support, as sentences for whoever publishes it."""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from operator import not_
from typing import Final

import numpy as np

from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.alarm.tolerance import reference_z, rows_needed
from tiltyard.monitor.profile.cells import CellRole, Kind
from tiltyard.monitor.profile.reference import some
from tiltyard.monitor.profile.stream import Group, Stream
from tiltyard.monitor.profile.watch import Watch

MISSING_SHARE_MIN: Final = 0.005
# Of many different numbers some meet as float32, which loses nothing.
KEPT_SHARE_MIN: Final = 0.9


def weaknesses(
    streams: Sequence[Stream], watches: Sequence[Watch], *, rows: int, cells: int, delta: float
) -> Iterator[str]:
    """Sentences about a reference of `rows` rows; `cells` and `delta` are what was asked for.

    `streams` begin with those of `watches`.
    """
    yield from _too_few_rows(streams, rows, delta)
    watched = streams[: len(watches)]
    constant = [stream.name for stream in watched if _is_constant(stream)]
    if constant:
        yield f"constant in the reference, so any other value is out of range: {some(constant)}"
    empty = [stream.name for stream in watched if not _has_values(stream)]
    if empty:
        yield f"never has a value in the reference: {some(empty)}"
    is_block = [watch.slot.reads == "one_hot" for watch in watches]
    yield from _missing(list(compress(watched, map(not_, is_block))))
    yield from _not_one_hot(compress(watched, is_block))
    yield from _merged(watches)
    yield from _coinciding(watched, cells, constant)
    yield from _categories(watched, watches)


def _too_few_rows(streams: Sequence[Stream], rows: int, delta: float) -> Iterator[str]:
    """The shift that a reference tells from its own error, z / sqrt(m), where delta is smaller."""
    z = reference_z(AlarmPolicy().beta, len(streams))
    least, needed = z / math.sqrt(rows), rows_needed(delta, z)
    if least > delta:
        yield (
            f"{rows:,} rows support delta >= {least:.3g}; for delta = {delta:g},"
            f" {needed:,} reference rows are needed"
        )
        return
    for stream in streams:
        if stream.group is not Group.joint or stream.rows == rows:
            continue
        of_half = z / math.sqrt(stream.rows)
        if of_half > delta:
            yield (
                f"{stream.name!r}, which has half of the rows, supports delta >= {of_half:.3g};"
                f" for delta = {delta:g}, {2 * needed:,} reference rows are needed"
            )


def _missing(streams: Sequence[Stream]) -> Iterator[str]:
    shares = {
        role: {
            stream.name: _share(stream, role)
            for stream in streams
            if _has_values(stream) and _share(stream, role) >= least
        }
        for role, least in (
            (CellRole.missing, MISSING_SHARE_MIN),
            (CellRole.minus_infinity, 1e-12),
            (CellRole.plus_infinity, 1e-12),
            (CellRole.invalid, 1e-12),
        )
    }
    for role, told in (
        (CellRole.missing, "missing in the reference, which makes more of it hard to see"),
        (CellRole.minus_infinity, "-inf in the reference"),
        (CellRole.plus_infinity, "+inf in the reference"),
        (CellRole.invalid, "infinite in the reference, which is no category"),
    ):
        if shares[role]:
            worst = max(shares[role], key=lambda name: shares[role][name])
            where = some(shares[role])
            yield f"{told}: {where}; at most {100 * shares[role][worst]:.3g} % of {worst!r}"


def _coinciding(streams: Sequence[Stream], cells: int, constant: Sequence[str]) -> Iterator[str]:
    fewer = {
        stream.name: len(stream.cells.edges)
        for stream in streams
        if stream.cells.kind in (Kind.numeric, Kind.text)
        and stream.name not in constant
        and _has_values(stream)
        and len(stream.cells.edges) < min(cells, stream.rows)
    }
    if fewer:
        least = min(fewer, key=lambda name: fewer[name])
        yield (
            f"quantiles coincide, so there are fewer than {cells} cells: {some(fewer)}; the fewest,"
            f" {fewer[least]}, of {least!r}"
        )


def _categories(streams: Sequence[Stream], watches: Sequence[Watch]) -> Iterator[str]:
    for stream, watch in zip(streams, watches, strict=True):
        collisions = watch.categories.collisions
        if collisions:
            yield (
                f"{stream.name!r}: {len(collisions):,} times, categories share one code and count"
                f" as one, such as {some(collisions[0])}"
            )
        unknown = len(watch.categories.labels) - len(stream.cells.codes)
        if watch.kind is Kind.categorical and watch.slot.reads == "category" and unknown > 0:
            yield (
                f"{stream.name!r} has {len(watch.categories.labels):,} categories; the"
                f" {len(stream.cells.codes):,} most frequent are known, and the other"
                f" {unknown:,} count as unseen here and in traffic"
            )


def _merged(watches: Sequence[Watch]) -> Iterator[str]:
    for watch in watches:
        values = watch.words.view(np.float32)
        left = len(np.unique(values[np.isfinite(values)])) if watch.distinct else 0
        if left < KEPT_SHARE_MIN * watch.distinct:
            yield (
                f"{watch.name!r}: {watch.distinct:,} different values become {left:,} as float32,"
                " which is how values are watched: what lies between them is not seen"
            )


def _not_one_hot(blocks: Iterable[Stream]) -> Iterator[str]:
    for block in blocks:
        several, none = (_rows(block, role) for role in (CellRole.invalid, CellRole.missing))
        if several or none >= MISSING_SHARE_MIN * block.rows:
            yield (
                f"{block.name!r} is not one-hot: of {block.rows:,} rows {several:,} have several of"
                f" its columns set, which is no category, and {none:,} none, which is missing"
            )


def _share(stream: Stream, role: CellRole) -> float:
    return _rows(stream, role) / max(1, stream.rows)


def _rows(stream: Stream, role: CellRole) -> int:
    roles = np.array([one is role for one in stream.cells.roles])
    return int(stream.counts[roles].sum())


def _has_values(stream: Stream) -> bool:
    empty = (CellRole.missing, CellRole.invalid)
    return any(
        count
        for count, role in zip(stream.counts.tolist(), stream.cells.roles, strict=True)
        if role not in empty
    )


def _is_constant(stream: Stream) -> bool:
    if stream.cells.kind is Kind.categorical:
        return len(stream.cells.codes) == 1
    is_point = len(stream.cells.edges) == 1 and stream.cells.minimum == stream.cells.edges[0]
    return bool(is_point and _has_values(stream))
