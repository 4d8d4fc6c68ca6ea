import numpy as np
import pytest

from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.counting.weekly import WeeklyCounts
from tiltyard.monitor.detection import DRIFT, SKEW, Detection, Reference
from tiltyard.monitor.folding import Folding
from tiltyard.monitor.profile.build import profile_of_columns
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.recount import count_rows
from tiltyard.monitor.snapshot import PlaneKey

MONDAY = 1_764_547_200.0  # 2025-12-01 00:00 UTC
KEY = PlaneKey("fraud", 2, "champion")
POLICY = AlarmPolicy(warmup_ticks=10, false_alarm_s=1000.0)


def rows(seed: int, count: int, shift: float = 0.0) -> dict[str, np.ndarray]:
    drawn = np.random.default_rng(seed).standard_normal((2, count)).astype(np.float32)
    return {"amount": drawn[0] + np.float32(shift), "age": drawn[1]}


PROFILE = profile_of_columns(rows(0, 4_000))
FOLDING = Folding(PROFILE)


def counts(profile: Profile, seed: int, shift: float = 0.0, count: int = 100) -> Ints:
    columns = np.stack([*rows(seed, count, shift).values()], axis=1)
    return count_rows(profile, columns.view(np.uint32), np.ones(count, np.uint32))


def skew() -> Reference:
    return Reference(SKEW, "p1", PROFILE.reference)


def run(detection: Detection, ticks: range, shift: float = 0.0) -> list[tuple[str, float]]:
    found = []
    for tick in ticks:
        at = MONDAY + tick
        event, told = detection.tick(counts(PROFILE, 1000 + tick, shift), 1.0, at)
        if event:
            assert told is not None
            found.append((event, at))
    return found


def test_a_shift_is_told_with_whose_it_is() -> None:
    detection = Detection(FOLDING, skew(), POLICY)
    assert run(detection, range(1, 31)) == []
    assert detection.view().state == "ok"
    (opened, *_) = run(detection, range(31, 60), shift=1.0)
    assert opened[0] == "opened"
    assert opened[1] < MONDAY + 35
    assert detection.detector.alarm is not None
    alarm = detection.alarm(detection.detector.alarm, KEY, "cause")
    assert (alarm.kind, alarm.key, alarm.state) == ("skew", KEY, "open")
    assert (alarm.n_reference, alarm.reference_digest) == (4_000, "p1")
    assert abs(alarm.onset - (MONDAY + 30)) <= 2
    assert alarm.onset_from <= alarm.onset <= alarm.onset_to
    assert alarm.streams[0].stream == "amount"
    assert alarm.streams[0].change == "location up"
    again = detection.alarm(detection.detector.alarm, KEY, "")
    assert again.id == alarm.id
    other = detection.alarm(detection.detector.alarm, PlaneKey("fraud", 3, "champion"), "")
    assert other.id != alarm.id


def test_it_goes_on_where_it_was_saved() -> None:
    detection = Detection(FOLDING, skew(), POLICY)
    run(detection, range(1, 40))
    restored = Detection(FOLDING, skew(), POLICY)
    assert restored.restore(detection.to_arrays())
    assert run(restored, range(40, 60), 0.4) == run(detection, range(40, 60), 0.4)
    assert restored.view() == detection.view()


@pytest.mark.parametrize(
    ("reference", "policy"),
    [
        (Reference(SKEW, "p2", PROFILE.reference), POLICY),
        (Reference(SKEW, "p1", PROFILE.reference), AlarmPolicy(half_lives=(8.0,))),
    ],
)
def test_another_reference_or_policy_begins_anew(reference: Reference, policy: AlarmPolicy) -> None:
    detection = Detection(FOLDING, skew(), POLICY)
    run(detection, range(1, 15))
    other = Detection(FOLDING, reference, policy)
    before = other.view()
    assert not other.restore(detection.to_arrays())
    assert other.view() == before


def test_a_baseline_knows_the_hours_of_the_week() -> None:
    weekly = np.zeros((168, PROFILE.layout.size), np.int64)
    for hour in range(168):
        weekly[hour] = counts(PROFILE, hour, shift=0.8 * (hour % 24 < 12), count=3_000)
    baseline = Reference(DRIFT, "b1", weekly.sum(axis=0), WeeklyCounts.of_array(weekly))
    detection = Detection(FOLDING, baseline, POLICY)
    assert run(detection, range(1, 41), shift=0.8) == []
    plain = Detection(FOLDING, Reference(DRIFT, "b1", baseline.counts), POLICY)
    assert run(plain, range(1, 41), shift=0.8) != [], "a static baseline takes mornings for drift"
