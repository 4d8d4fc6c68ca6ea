"""Which bucket is whose. A key's bucket is the top 16 bits of XXH3-64 over salt and key.

A share that grows takes buckets from the champion only, and one that shrinks gives them back to
it: no key ever moves from one canary to another, or back while a share grows.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import xxhash

from tiltyard.registry.shares import BUCKETS, share_to_buckets
from tiltyard.registry.state import Challenger, Ranges

__all__ = [
    "BUCKETS",
    "CONTROL_BUCKETS_MAX",
    "Decision",
    "controls",
    "decide",
    "free",
    "owners",
    "resize",
    "share_to_buckets",
    "size",
]

# A control slice needs room for itself beside its canary, and for the champion.
CONTROL_BUCKETS_MAX = BUCKETS // 4


class Decision(NamedTuple):
    """Where a key belongs: its bucket, and the arm that owns it."""

    bucket: int
    arm: int


def size(ranges: Ranges) -> int:
    """How many buckets they are."""
    return sum(end - start for start, end in ranges)


def free(taken: Iterable[Ranges]) -> Ranges:
    """The buckets that are nobody's but the champion's."""
    gaps: list[tuple[int, int]] = []
    at = 0
    for start, end in sorted(one for ranges in taken for one in ranges):
        if start > at:
            gaps.append((at, start))
        at = end
    if at < BUCKETS:
        gaps.append((at, BUCKETS))
    return tuple(gaps)


def resize(own: Ranges, others: Iterable[Ranges], buckets: int) -> Ranges:
    """`own`, grown or shrunk to `buckets`; the others must leave room for it.

    Growing takes the champion's lowest buckets, shrinking gives the highest of its own back.
    """
    more = buckets - size(own)
    if more <= 0:
        return _lowest(own, buckets)
    added = _lowest(free([own, *others]), more)
    assert size(added) == more, "the shares are more than the whole"
    return _joined([*own, *added])


def controls(challengers: Sequence[Challenger]) -> tuple[Ranges, ...]:
    """The control slice of each canary: as many buckets as its own, served by the champion.

    The champion's lowest, when all canaries have theirs. Empty for a canary that has more than a
    quarter or nothing, or where the champion has too few left.
    """
    canaries = _canaries(challengers)
    taken = [canary.ranges for canary in canaries]
    slices: list[Ranges] = []
    for canary in canaries:
        room = free(taken)
        fits = canary.buckets <= min(CONTROL_BUCKETS_MAX, size(room))
        slices.append(_lowest(room, canary.buckets) if fits else ())
        taken.append(slices[-1])
    return tuple(slices)


def owners(challengers: Sequence[Challenger]) -> bytes:
    """The arm that owns each bucket.

    0 is the champion; of canary i, in their order among the challengers, 1 + 2 i is the canary and
    2 + 2 i its control slice.
    """
    table = bytearray(BUCKETS)
    pairs = zip(_canaries(challengers), controls(challengers), strict=True)
    for index, (canary, control) in enumerate(pairs):
        for arm, ranges in ((1 + 2 * index, canary.ranges), (2 + 2 * index, control)):
            for start, end in ranges:
                table[start:end] = bytes([arm]) * (end - start)
    return bytes(table)


def decide(salt: bytes, key: bytes, table: bytes) -> Decision:
    """Where the data plane sends a request with this key; `table` is `owners`' answer."""
    bucket = xxhash.xxh3_64_intdigest(salt + key) >> 48
    return Decision(bucket, table[bucket])


def _canaries(challengers: Sequence[Challenger]) -> list[Challenger]:
    return [entry for entry in challengers if entry.mode == "canary"]


def _lowest(ranges: Ranges, buckets: int) -> Ranges:
    """The lowest so many of them, or all."""
    kept: list[tuple[int, int]] = []
    for start, end in ranges:
        if buckets <= 0:
            break
        kept.append((start, min(end, start + buckets)))
        buckets -= end - start
    return tuple(kept)


def _joined(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """In order, with those that touch made one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if joined and joined[-1][1] == start:
            start = joined.pop()[0]  # noqa: PLW2901 - the range begins where the one before it does
        joined.append((start, end))
    return tuple(joined)
