"""Requests of the calls about drift; no I/O."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, TypedDict

from tiltyard.client.admin_requests import request_of
from tiltyard.errors import ClientError
from tiltyard.monitor.interface import DriftQuery
from tiltyard.monitor.policy import Segment
from tiltyard.protocol.admin_limits import MIB, PROFILE_BYTES_MAX, PROFILE_CHUNK_BYTES
from tiltyard.protocol.admin_words import admin_message


class PolicyChanges(TypedDict, total=False):
    """What is to be another in a DriftPolicy; `segments` takes the place of all there are."""

    delta: float
    delta_indicator: float
    rows_independent: bool
    captures_values: bool
    accepts_by_itself: bool
    baseline_window_s: float
    baseline_rows: int
    segments: tuple[Segment, ...]


def drift_request(query: DriftQuery, *, baseline_parts: bool) -> Any:
    return request_of(
        "GetDrift",
        model=query.model,
        version=query.version,
        role=query.role,
        segment=query.segment,
        window_s=query.window_s,
        end=query.end,
        pieces=query.pieces,
        history_s=query.history_s,
        baseline_parts=baseline_parts,
    )


def policy_request(
    model: str, changes: PolicyChanges, expected_epoch: int | None, actor: str
) -> Any:
    """Raises ClientError for a name that no policy has."""
    fields: Mapping[str, object] = changes
    plain = {name: value for name, value in fields.items() if name != "segments"}
    unknown = set(fields) - set(PolicyChanges.__annotations__)
    if unknown:
        raise ClientError(f"a drift policy has no {', '.join(map(repr, sorted(unknown)))}")
    segments = None
    if "segments" in changes:
        segments = admin_message("DriftSegments")()
        for feature, value in changes["segments"]:
            segments.segments.add(feature=feature, value=value)
    return request_of(
        "SetDriftPolicy",
        model=model,
        expected_epoch=expected_epoch,
        actor=actor,
        segments=segments,
        **plain,
    )


def profile_parts(model: str, version: int, data: bytes, actor: str) -> Iterator[Any]:
    """The messages of AddProfile. Raises ClientError at once when it is too large."""
    if len(data) > PROFILE_BYTES_MAX:
        raise ClientError(
            f"the profile has {len(data)} bytes; a gateway takes at most"
            f" {PROFILE_BYTES_MAX // MIB} MiB"
        )
    start = {
        "model": model,
        "version": version,
        "size_bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "actor": actor,
    }
    return _parts(request_of("AddProfile", start=start), data)


def _parts(start: Any, data: bytes) -> Iterator[Any]:
    yield start
    for at in range(0, len(data), PROFILE_CHUNK_BYTES):
        yield request_of("AddProfile", chunk=data[at : at + PROFILE_CHUNK_BYTES])
