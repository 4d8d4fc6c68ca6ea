"""The counts that the page was made from, as values for JSON, so that it can all be recomputed."""

import base64
import zlib
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from tiltyard.monitor.profile.cells import Floats, Ints
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.snapshot import Snapshot, Window
from tiltyard.monitor.statistics.against import references
from tiltyard.monitor.statistics.coarse import coarse_groups
from tiltyard.monitor.statistics.stream_table import table_of

FORMAT: Final = "tiltyard-drift-report-1"


def exported(snapshots: Sequence[Snapshot], generated_at: float) -> dict[str, Any]:
    """One plane a snapshot, in order. Counts are whole numbers in the profile's layout:
    [rows, requests, rows squared | sum of q, sum of q^2 of each stream | cells of each stream].

    `counts` has one vector a window or reference; `history` is packed, for it is the longest: see
    packed().
    """
    return {
        "format": FORMAT,
        "generated_at": generated_at,
        "planes": [_plane(snapshot) for snapshot in snapshots],
    }


def packed(matrix: Ints) -> dict[str, Any]:
    """A matrix of counts as base64 of zlib of little-endian uint64, and its shape.

    The bytes are in planes, the lowest of all numbers first, which is half as long when packed.
    """
    planes = np.ascontiguousarray(matrix, "<u8").reshape(-1, 1).view(np.uint8).T
    text = base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode("ascii")
    return {"shape": list(matrix.shape), "zlib_base64": text}


def unpacked(value: dict[str, Any]) -> Ints:
    """What packed() packed, as int64."""
    planes = np.frombuffer(zlib.decompress(base64.b64decode(value["zlib_base64"])), np.uint8)
    numbers = np.ascontiguousarray(planes.reshape(8, -1).T).view("<u8")
    return numbers.reshape(value["shape"]).astype(np.int64)


def _plane(snapshot: Snapshot) -> dict[str, Any]:
    profile, key = snapshot.profile, snapshot.key
    counts = {"current": snapshot.current.counts.tolist()}
    digests = {}
    for against, reference in references(snapshot).items():
        counts[against.value] = reference.counts.tolist()
        digests[against.value] = reference.digest
    return {
        "model": key.model,
        "version": key.version,
        "role": key.role,
        "segment": key.segment,
        "profile": {"number": profile.number, "digest": profile.digest, "rows": profile.rows},
        "reference_digests": digests,
        "streams": _streams(profile),
        "windows": {name: _times(window) for name, window in _windows(snapshot).items()},
        "counts": counts,
        "history": _history(snapshot),
    }


def _windows(snapshot: Snapshot) -> dict[str, Window]:
    named = {
        "current": snapshot.current,
        "previous": snapshot.previous,
        "week_ago": snapshot.week_ago,
        "champion": snapshot.compared,
    }
    return {name: window for name, window in named.items() if window is not None}


def _times(window: Window) -> dict[str, float]:
    return {"begin": window.begin, "end": window.end, "gap_s": window.gap_s}


def _streams(profile: Profile) -> list[dict[str, Any]]:
    """`at` is where a stream's `cells` begin in a vector; `groups` is the coarse cell of each one
    of its folded cells."""
    return [
        {
            "name": stream.name,
            "group": stream.group.value,
            "kind": stream.cells.kind.value,
            "at": int(profile.layout.offsets[index]),
            "cells": stream.cells.size,
            "minimum": stream.cells.minimum,
            "edges": _shortest(stream.cells.edges),
            "labels": list(stream.cells.labels),
            "groups": coarse_groups(stream.cells, stream.counts).tolist(),
            "mean": stream.mean,
            "sigma": stream.sigma,
            "scale": stream.scale,
            "unit": stream.unit,
        }
        for index, stream in enumerate(profile.streams)
    ]


def _shortest(edges: Floats | np.ndarray[Any, np.dtype[np.float32]]) -> list[float]:
    """Each edge with as few digits as a float32 needs."""
    return [float(str(edge)) for edge in edges.astype(np.float32)]


def _history(snapshot: Snapshot) -> dict[str, Any]:
    """`coarse` int64[pieces, streams, coarse cells], padded with 0 on the right."""
    table = table_of(snapshot.profile)
    pieces = [table.group(window.counts) for window in snapshot.history]
    shape = (0, len(snapshot.profile.streams), table.coarse)
    matrix = np.stack(pieces) if pieces else np.zeros(shape, np.int64)
    return {
        "begin": [window.begin for window in snapshot.history],
        "end": [window.end for window in snapshot.history],
        "coarse": packed(matrix),
    }
