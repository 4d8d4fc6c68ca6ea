"""Merging gateways is counting all rows in one place."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.monitor.statistics.samples import (
    KEY,
    counts_of,
    draw_rows,
    mixed_profile,
    snapshot_of,
    window,
)
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.snapshot import (
    Alarm,
    Baseline,
    DetectorView,
    Marker,
    Snapshot,
    Stranger,
    Window,
)
from tiltyard.monitor.statistics.errors import StatisticsError
from tiltyard.monitor.statistics.merge import merge
from tiltyard.monitor.statistics.report import report_of

PROFILE = mixed_profile()


def random_counts(seed: int) -> Ints:
    return np.random.default_rng(seed).integers(0, 2**40, PROFILE.layout.size)


def snapshot(gateway: str, seed: int, **more: Any) -> Snapshot:
    names = (gateway,) if gateway else ()
    return snapshot_of(PROFILE, window(random_counts(seed)), gateways=names, **more)


def alarm(name: str, crossed_at: float = 50.0, **more: Any) -> Alarm:
    times = (crossed_at, 40.0, 39.0, 41.0)
    return Alarm(name, "drift", KEY, "open", *times, 7.0, 1e6, 1.0, "b" * 64, 500, 60, (), **more)


def pieces(seed: int, begin: float, how_many: int = 3, length: float = 10.0) -> tuple[Window, ...]:
    return tuple(
        window(random_counts(seed + at), begin + at * length, begin + (at + 1) * length)
        for at in range(how_many)
    )


seeds = st.integers(0, 2**32)


@settings(max_examples=30)
@given(seeds, seeds, seeds)
def test_counts_add_in_any_order_and_grouping(one: int, two: int, three: int) -> None:
    a, b, c = snapshot("a", one), snapshot("b", two), snapshot("c", three)
    total = a.current.counts + b.current.counts + c.current.counts
    for merged in (merge([a, b, c]), merge([c, a, b]), merge([merge([a, b]), c])):
        assert (merged.current.counts == total).all()


def test_statistics_of_the_merged_are_those_of_all_rows() -> None:
    values = draw_rows(np.random.default_rng(5), 500, shift=0.2)
    parts = [
        {name: x[part] for name, x in values.items()} for part in (slice(180), slice(180, None))
    ]
    each = [
        snapshot_of(PROFILE, window(counts_of(PROFILE, part)), gateways=(name,))
        for name, part in zip("ab", parts, strict=True)
    ]
    whole = snapshot_of(PROFILE, window(counts_of(PROFILE, values)))
    assert report_of(merge(each), "profile") == report_of(whole, "profile")


def test_one_is_itself() -> None:
    only = snapshot("a", 1)
    assert merge([only]) is only


def test_windows_of_one_name_are_added_and_span_both() -> None:
    a = snapshot("a", 1, previous=window(random_counts(3), 400.0, 1000.0, gap_s=4.0))
    b = snapshot("b", 2, previous=window(random_counts(4), 401.0, 1001.0, gap_s=9.0))
    merged = merge([a, b])
    assert merged.previous is not None
    assert (merged.previous.counts == random_counts(3) + random_counts(4)).all()
    assert (merged.previous.begin, merged.previous.end) == (400.0, 1001.0)
    assert merged.previous.gap_s == 9.0
    assert (merged.week_ago, merged.compared, merged.problems) == (None, None, ())


def test_a_window_that_one_lacks_is_told() -> None:
    with_all = {"previous": window(random_counts(5)), "compared": window(random_counts(6))}
    merged = merge([snapshot("a", 1, **with_all, problems=("late",)), snapshot("b", 2)])
    assert merged.previous is not None
    assert (merged.previous.counts == random_counts(5)).all()
    assert merged.problems == (
        "late",
        "previous lacks the rows of b, which has none",
        "compared lacks the rows of b, which has none",
    )


def test_history_is_added_piece_by_piece() -> None:
    merged = merge([
        snapshot("a", 1, history=pieces(10, 100.0)), snapshot("b", 2, history=pieces(20, 100.0))
    ])  # fmt: skip
    assert [piece.begin for piece in merged.history] == [100.0, 110.0, 120.0]
    for at, piece in enumerate(merged.history):
        assert (piece.counts == random_counts(10 + at) + random_counts(20 + at)).all()


@given(st.floats(-4.9, 4.9))
def test_pieces_that_begin_a_little_apart_line_up(offset: float) -> None:
    merged = merge([
        snapshot("a", 1, history=pieces(10, 100.0)),
        snapshot("b", 2, history=pieces(20, 100.0 + offset)),
    ])  # fmt: skip
    assert len(merged.history) == 3
    ends = [piece.end for piece in merged.history]
    assert ends == [piece.begin + 10.0 for piece in merged.history]
    assert (merged.history[0].counts == random_counts(10) + random_counts(20)).all()


def test_pieces_that_only_one_has_are_kept_in_order() -> None:
    merged = merge([
        snapshot("a", 1, history=pieces(10, 120.0)), snapshot("b", 2, history=pieces(20, 100.0))
    ])  # fmt: skip
    assert [piece.begin for piece in merged.history] == [100.0, 110.0, 120.0, 130.0, 140.0]
    assert (merged.history[2].counts == random_counts(10) + random_counts(22)).all()
    total = sum(int(piece.counts.sum()) for piece in merged.history)
    assert total == sum(int(random_counts(seed).sum()) for seed in (10, 11, 12, 20, 21, 22))


def test_a_history_that_one_lacks_is_that_of_the_other() -> None:
    merged = merge([snapshot("a", 1), snapshot("b", 2, history=pieces(20, 100.0))])
    assert len(merged.history) == 3


def test_pieces_of_another_length_are_refused() -> None:
    a = snapshot("a", 1, history=pieces(10, 100.0))
    b = snapshot("b", 2, history=pieces(20, 100.0, length=20.0))
    with pytest.raises(
        StatisticsError, match="equally long to be added: one is 20 s, another 10 s"
    ):
        merge([a, b])


def test_figures_of_the_gateways_are_put_together() -> None:
    views = [
        DetectorView("drift", state, 0.0, 1, 300, 0.0, 6.4, 0.1) for state in ("ok", "warming")
    ]
    strangers = [Stranger(5.0, 1, 40.0, None), Stranger(6.0, 2, 60.0, 3.0)]
    markers = [Marker(8.0, "promoted v3"), Marker(7.0, "published v3")]
    a = snapshot(
        "a", 1, detectors=(views[0],), strangers=(strangers[0],), markers=tuple(markers),
        offered=10, dropped=1, lag_s=0.5,
    )  # fmt: skip
    b = snapshot(
        "b", 2, detectors=(views[1],), strangers=(strangers[1],), markers=(markers[0],),
        offered=20, dropped=2, lag_s=0.2,
    )  # fmt: skip
    merged = merge([a, b])
    assert merged.detectors == tuple(views)
    assert merged.strangers == (strangers[1], strangers[0])
    assert merged.markers == (markers[1], markers[0])
    assert (merged.offered, merged.dropped, merged.lag_s) == (30, 3, 0.5)
    assert merged.gateways == ("a", "b")


def test_alarms_are_one_an_id_and_the_furthest() -> None:
    acked = alarm("x", acknowledged_by="ann", acknowledged_at=60.0)
    closed = alarm("x", closed_at=70.0)
    a = snapshot("a", 1, alarms=(alarm("x"), alarm("y", crossed_at=20.0)))
    b = snapshot("b", 2, alarms=(acked,))
    assert merge([a, b]).alarms == (alarm("y", crossed_at=20.0), acked)
    c = snapshot("c", 3, alarms=(closed,))
    assert merge([c, a, b]).alarms[1] == closed


def baseline(number: int, digest: str) -> Baseline:
    return Baseline(number, digest * 64, PROFILE.digest, 0.0, 9.0, "ann", 10.0, random_counts(1))


def test_one_baseline_is_kept_and_others_are_told() -> None:
    same, newer = baseline(1, "b"), baseline(2, "c")
    merged = merge([snapshot("a", 1, baseline=same), snapshot("b", 2, baseline=same)])
    assert (merged.baseline, merged.problems) == (same, ())
    merged = merge([snapshot("a", 1, baseline=newer), snapshot("b", 2, baseline=same)])
    assert merged.baseline is newer
    held = f"a 2 ({'c' * 12}), b 1 ({'b' * 12})"
    told = f"the gateways do not hold one baseline ({held}); drift is against 2"
    assert merged.problems == (told,)
    merged = merge([snapshot("a", 1), snapshot("b", 2, baseline=same)])
    assert merged.baseline is same
    assert "(a none, b 1 (bbbbbbbbbbbb))" in merged.problems[0]


def test_what_cannot_be_added_is_refused() -> None:
    a, b = snapshot("a", 1), snapshot("b", 2)
    other = replace(PROFILE, digest="e" * 64, number=2)
    with pytest.raises(StatisticsError, match=r"profile 1 \(ffffffffffff\) on a and profile 2 "):
        merge([a, replace(b, profile=other)])
    fewer = replace(PROFILE, streams=PROFILE.streams[:2])
    with pytest.raises(StatisticsError, match="counts in different cells cannot be added"):
        merge([a, replace(b, profile=fewer)])
    with pytest.raises(StatisticsError, match=r"one plane can be merged: a gave .*, b gave .*v9"):
        merge([a, replace(b, key=replace(KEY, segment="v9"))])
    with pytest.raises(StatisticsError, match="a is there twice; its rows would count double"):
        merge([a, b, snapshot("a", 3)])
    with pytest.raises(StatisticsError, match="there are no snapshots to merge"):
        merge([])


def test_gateways_without_a_name_are_numbered() -> None:
    merged = merge([snapshot("", 1, previous=window(random_counts(1))), snapshot("", 2)])
    assert merged.problems == ("previous lacks the rows of gateway 2, which has none",)
