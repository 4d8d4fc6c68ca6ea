"""What a snapshot can be held against."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.monitor.statistics.samples import (
    counts_of,
    draw_rows,
    mixed_profile,
    snapshot_of,
    window,
)
from tiltyard.monitor.snapshot import Baseline
from tiltyard.monitor.statistics.against import (
    Against,
    baseline_counts,
    reference_of,
    references,
    window_digest,
)
from tiltyard.monitor.statistics.errors import StatisticsError
from tiltyard.monitor.statistics.report import report_of

PROFILE = mixed_profile()
WINDOW = window(counts_of(PROFILE, draw_rows(np.random.default_rng(1), 30)))
BASELINE = Baseline(2, "b" * 64, PROFILE.digest, 0.0, 9.0, "ann", 10.0, WINDOW.counts * 3)


def test_skew_and_drift_are_two_words() -> None:
    words = {against.value: against.word for against in Against}
    assert words == {
        "profile": "skew",
        "baseline": "drift",
        "previous": "drift",
        "week_ago": "drift",
        "champion": "challenge",
    }


def test_there_is_always_the_profile() -> None:
    found = references(snapshot_of(PROFILE, WINDOW))
    assert list(found) == [Against.profile]
    assert found[Against.profile].digest == PROFILE.digest
    assert (found[Against.profile].counts == PROFILE.reference).all()


def test_what_a_snapshot_holds_can_be_referred_to() -> None:
    other = replace(WINDOW, counts=WINDOW.counts * 2)
    snapshot = snapshot_of(
        PROFILE, WINDOW, previous=WINDOW, week_ago=other, compared=other, baseline=BASELINE
    )
    assert set(references(snapshot)) == set(Against)
    assert reference_of(snapshot, "baseline") == (BASELINE.counts, "b" * 64)
    assert reference_of(snapshot, "week_ago").counts is other.counts
    assert reference_of(snapshot, "champion").digest == window_digest(other)
    assert window_digest(other) != window_digest(WINDOW)


def test_what_is_not_there_is_named_with_what_is() -> None:
    wrong = r"fraud v3 \(champion\) cannot be held against 'week': there is profile"
    with pytest.raises(StatisticsError, match=wrong):
        reference_of(snapshot_of(PROFILE, WINDOW), "week")


def test_a_segment_is_held_against_its_own() -> None:
    own = WINDOW.counts * 2
    baseline = replace(BASELINE, segments={"country=NO": own})
    snapshot = snapshot_of(PROFILE, WINDOW, baseline=baseline)
    segment = replace(snapshot, key=replace(snapshot.key, segment="country=NO"))
    assert (references(segment)[Against.baseline].counts == own).all()
    other = replace(snapshot, key=replace(snapshot.key, segment="country=SE"))
    assert Against.baseline not in references(other)
    assert baseline_counts(baseline, "country=NO") is own
    assert baseline_counts(baseline, "country=SE") is None
    assert baseline_counts(baseline, "") is baseline.counts


def test_of_a_segment_there_is_no_skew() -> None:
    snapshot = snapshot_of(PROFILE, WINDOW)
    segment = replace(snapshot, key=replace(snapshot.key, segment="country=NO"))
    assert references(segment) == {}
    nothing = reference_of(segment, "profile")
    assert not nothing.counts.any()
    told = report_of(segment, "profile").streams
    assert {(one.psi, one.ks, one.js_distance, one.location) for one in told} == {(None,) * 4}
    assert sum(one.count for one in told[0].cells) == 30, "what came in is told"
