from dataclasses import replace

import numpy as np
import pytest

from tests.unit.monitor.conftest import BOOTED, START, Bench
from tests.unit.monitor.traffic import block_of, columns, reference_profile, words_of
from tiltyard.monitor.counting.layout import ROWS
from tiltyard.monitor.detection import DRIFT, SKEW
from tiltyard.monitor.policy import DriftPolicy, Segment
from tiltyard.monitor.recording import CANARY, CHAMPION, CHAMPION_AS, SHADOW, SHADOWED
from tiltyard.monitor.snapshot import Baseline
from tiltyard.monitor.watched import Watched

PROFILE = reference_profile()
BASELINE = Baseline(1, "b1", PROFILE.digest, 0.0, 9.0, "ann", 9.0, PROFILE.reference)
PART = DriftPolicy(1, segments=(Segment("age", "18"),))


def kinds(watched: Watched) -> list[tuple[str, str]]:
    return [(segment, one.kind) for segment, one in watched.detections()]


def test_without_a_baseline_only_skew_is_bet(bench: Bench) -> None:
    watched = bench.watch(PROFILE, PART)
    assert kinds(watched) == [("", SKEW)], "of a segment nothing is known yet"
    watched.set_baseline(BASELINE)
    assert kinds(watched) == [("", SKEW), ("", DRIFT)]
    both = replace(BASELINE, digest="b2", segments={"age=18": PROFILE.reference})
    watched.set_baseline(both)
    assert kinds(watched) == [("", SKEW), ("", DRIFT), ("age=18", DRIFT)]
    drift = [one for _, one in watched.detections() if one.kind == DRIFT]
    assert {one.reference.digest for one in drift} == {"b2"}
    watched.set_baseline(None)
    assert kinds(watched) == [("", SKEW)]


def test_the_same_baseline_begins_nothing_anew(bench: Bench) -> None:
    watched = bench.watch(PROFILE)
    watched.set_baseline(BASELINE)
    before = [one for _, one in watched.detections()]
    watched.set_baseline(replace(BASELINE))
    assert [one for _, one in watched.detections()] == before
    watched.set_baseline(replace(BASELINE, digest="b2"))
    skew, drift = (one for _, one in watched.detections())
    assert skew is before[0]
    assert drift is not before[1]


def test_a_baseline_of_other_cells_is_refused(bench: Bench) -> None:
    watched = bench.watch(PROFILE)
    with pytest.raises(ValueError, match=r"baseline 1 is of profile other, and fraud version 2"):
        watched.set_baseline(replace(BASELINE, profile_digest="other"))
    assert watched.baseline is None


def test_detectors_begin_anew_only_where_the_policy_asks_for_others(bench: Bench) -> None:
    watched = bench.watch(PROFILE)
    (before,) = (one for _, one in watched.detections())
    watched.set_policy(DriftPolicy(1, baseline_rows=5_000, captures_values=True), 1.0)
    assert [one for _, one in watched.detections()] == [before]
    watched.set_policy(DriftPolicy(2, delta=0.2), 1.0)
    (after,) = (one for _, one in watched.detections())
    assert after is not before
    assert after.detector.policy.delta == 0.2


def test_another_policy_keeps_what_is_known_of_how_rows_depend(bench: Bench) -> None:
    watched = bench.watch(PROFILE)
    for seed in range(15):
        bench.drain(block_of(bench.number(watched, CHAMPION), words_of(columns(seed, 100))))
    (before,) = (one.view() for _, one in watched.detections())
    assert before.state == "ok"
    watched.set_policy(DriftPolicy(2, delta=0.2), 1.0)
    (after,) = (one.view() for _, one in watched.detections())
    assert (after.state, after.ticks, after.kappa) == ("ok", before.ticks, before.kappa)
    watched.set_baseline(BASELINE)
    drift = watched.tickings[""].detections["drift"]
    assert drift.view().state == "warming", "against other rows it is another number"


def test_values_are_forgotten_as_soon_as_they_may_not_be_kept(bench: Bench) -> None:
    watched = bench.watch(PROFILE, DriftPolicy(captures_values=True))
    bench.drain(block_of(bench.number(watched, CHAMPION), words_of(columns(1, 20))))
    plane = watched.planes[CHAMPION, ""]
    assert all(one.values is not None for one in plane.strangers.strangest(START, 0.0))
    watched.set_policy(DriftPolicy(1), 1.0)
    assert all(one.values is None for one in plane.strangers.strangest(START, 0.0))
    assert not plane.captures_values


def test_a_segment_that_is_new_is_counted_from_now_on(bench: Bench) -> None:
    watched = bench.watch(PROFILE)
    rows = columns(1, 20)
    rows["age"][:5] = 18
    block = block_of(bench.number(watched, CHAMPION), words_of(rows))
    bench.drain(block)
    watched.set_policy(PART, bench.clock.monotonic)
    bench.drain(block)
    assert watched.planes[CHAMPION, ""].panes.totals()[ROWS] == 40
    assert watched.planes[CHAMPION, "age=18"].panes.totals()[ROWS] == 5


def test_a_segment_that_the_baseline_lacks_is_said_to_be_unwatched(bench: Bench) -> None:
    watched = bench.watch(PROFILE)
    assert watched.problems == []
    watched.set_baseline(BASELINE)
    watched.set_policy(PART, bench.clock.monotonic)
    (told,) = watched.problems
    assert told.startswith("segment age=18: baseline 1 has no rows of it, so it is not watched")
    assert told.endswith("tiltyard drift accept fraud --version 2")
    own = {"age=18": PROFILE.reference}
    watched.set_baseline(replace(BASELINE, number=2, digest="b2", segments=own))
    assert watched.problems == []
    watched.set_policy(replace(PART, segments=(Segment("nope", "1"),)), bench.clock.monotonic)
    (told,) = watched.problems
    assert "no feature 'nope'" in told


def test_only_what_the_version_answered_is_bet(bench: Bench) -> None:
    watched = bench.watch(PROFILE)
    words = words_of(columns(1, 60))
    for role in (CHAMPION, CANARY, SHADOW, SHADOWED, CHAMPION_AS):
        watched.count(role, words, START, BOOTED)
    watched.settle(START)
    assert [plane.key.role for plane in watched.bet_planes("")] == [CHAMPION, CANARY, SHADOW]
    assert watched.role == SHADOW
    assert list(watched.close_ticks(bench.clock.monotonic + 1, START + 1)) == []
    (detection,) = (one for _, one in watched.detections())
    effect = detection.detector.ticks, detection.changes
    assert effect == (1, 1)


def test_the_budget_is_the_wholes_and_the_segments(bench: Bench) -> None:
    watched = bench.watch(PROFILE, PART)
    watched.set_baseline(replace(BASELINE, segments={"age=18": PROFILE.reference}))
    watched.set_false_alarm_s(100.0, 400.0)
    told = [one.detector.policy.false_alarm_s for _, one in watched.detections()]
    assert told == [100.0, 100.0, 400.0]
    policies = [one.detector.policy for _, one in watched.detections()]
    watched.set_false_alarm_s(100.0, 400.0)
    for before, (_, after) in zip(policies, watched.detections(), strict=True):
        assert after.detector.policy is before, "500 versions are told every second"


def test_a_version_knows_what_was_recorded_of_it(bench: Bench) -> None:
    watched = bench.watch(PROFILE)
    assert watched.recorded.rows(CHAMPION) == (9, 2)
    assert np.array_equal(watched.profile.reference, PROFILE.reference)
