from decimal import Decimal

import numpy as np
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tiltyard.registry.buckets import (
    BUCKETS,
    CONTROL_BUCKETS_MAX,
    controls,
    decide,
    free,
    owners,
    resize,
    share_to_buckets,
    size,
)
from tiltyard.registry.state import Challenger, Ranges

SALT = bytes(range(16))


def canaries(*buckets: int) -> list[Challenger]:
    made: list[Challenger] = []
    for version, count in enumerate(buckets, 2):
        ranges = resize((), [entry.ranges for entry in made], count)
        made.append(Challenger(version, "canary", count, 0, ranges))
    return made


def as_set(ranges: Ranges) -> set[int]:
    return {bucket for start, end in ranges for bucket in range(start, end)}


@pytest.fixture(scope="module")
def million() -> np.ndarray[tuple[int], np.dtype[np.uint16]]:
    """The buckets of a million keys, by xxhash alone."""
    hashes = (xxhash.xxh3_64_intdigest(SALT + b"customer-%d" % n) >> 48 for n in range(1_000_000))
    return np.fromiter(hashes, np.uint16, 1_000_000)


@pytest.mark.parametrize("percent", ["0.1", "1", "5", "20", "50", "99.9"])
def test_a_million_keys_meet_the_share(
    percent: str, million: np.ndarray[tuple[int], np.dtype[np.uint16]]
) -> None:
    buckets = share_to_buckets(Decimal(percent))
    table = np.frombuffer(owners(canaries(buckets)), np.uint8)
    arms = np.bincount(table[million], minlength=3)
    low, high = stats.binom.interval(0.999, len(million), buckets / BUCKETS)
    assert low <= arms[1] <= high
    if buckets <= CONTROL_BUCKETS_MAX:
        assert low <= arms[2] <= high
    else:
        assert arms[2] == 0


def test_none_and_all_are_exact() -> None:
    assert owners([]) == bytes(BUCKETS)
    assert owners(canaries(share_to_buckets(0))) == bytes(BUCKETS)
    assert owners(canaries(share_to_buckets(100))) == b"\1" * BUCKETS


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_a_decision_is_xxh3_over_salt_and_key(key: bytes) -> None:
    table = owners(canaries(1000, 30_000))
    bucket = int.from_bytes(xxhash.xxh3_64_digest(SALT + key)[:2], "big")
    assert decide(SALT, key, table) == (bucket, table[bucket])


def test_known_decisions() -> None:
    """Fixed for ever: a rollout must find its keys again after an upgrade."""
    found = [decide(SALT, key, bytes(BUCKETS)).bucket for key in (b"", b"customer-1", b"x" * 300)]
    assert found == [33_621, 60_205, 15_038]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, BUCKETS)), max_size=20))
def test_shares_move_between_canary_and_champion_only(asked: list[tuple[int, int]]) -> None:
    held: list[Ranges] = [(), (), (), ()]
    for index, buckets in asked:
        others = held[:index] + held[index + 1 :]
        count = min(buckets, BUCKETS - sum(map(size, others)))
        before, taken = as_set(held[index]), set().union(*map(as_set, others))
        held[index] = resize(held[index], others, count)
        after = as_set(held[index])
        assert len(after) == size(held[index]) == count
        assert not after & taken
        assert before <= after if count >= len(before) else after < before
        if after > before:  # the champion's lowest
            champions = as_set(free([tuple((n, n + 1) for n in sorted(before | taken))]))
            assert after - before == set(sorted(champions)[: count - len(before)])
        assert all(start < end for start, end in held[index])
        assert all(a[1] < b[0] for a, b in zip(held[index], held[index][1:], strict=False))


def test_a_shrinking_share_gives_its_highest_back() -> None:
    assert resize(((0, 10), (20, 30)), [((10, 20),)], 15) == ((0, 10), (20, 25))
    assert resize(((0, 10), (20, 30)), [], 0) == ()
    assert resize(((0, 10), (20, 30)), [((10, 15),)], 25) == ((0, 10), (15, 30))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, BUCKETS // 3), max_size=6))
def test_controls_are_the_champions_and_as_large_as_their_canaries(asked: list[int]) -> None:
    kept: list[int] = []
    for buckets in asked:
        kept.append(min(buckets, BUCKETS - sum(kept)))
    challengers = [Challenger(99, "shadow"), *canaries(*kept)]
    table = owners(challengers)
    room = BUCKETS - sum(kept)
    for index, (buckets, control) in enumerate(zip(kept, controls(challengers), strict=True)):
        assert table.count(1 + 2 * index) == buckets
        assert table.count(2 + 2 * index) == size(control)
        fits = buckets <= min(CONTROL_BUCKETS_MAX, room)
        assert size(control) == (buckets if fits else 0)
        room -= size(control)
    assert sum(table.count(arm) for arm in range(1, 1 + 2 * len(kept))) == BUCKETS - table.count(0)


def test_a_control_is_the_lowest_that_no_canary_has() -> None:
    first, second = canaries(10, 20)
    assert controls([first, second]) == (((30, 40),), ((40, 60),))
    assert controls([second]) == (((0, 10), (30, 40)),)
    assert controls(canaries(CONTROL_BUCKETS_MAX + 1)) == ((),)
