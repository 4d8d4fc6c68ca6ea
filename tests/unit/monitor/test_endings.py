from dataclasses import replace

import pytest

from tests.unit.monitor.conftest import Bench
from tests.unit.monitor.test_alarm_book import ALARM
from tests.unit.monitor.traffic import reference_profile
from tiltyard.monitor.endings import close_what_is_over, replaced_by, superseded_by
from tiltyard.monitor.snapshot import Alarm, Baseline, PlaneKey
from tiltyard.registry import Challenger, ModelState

PROFILE = reference_profile()
SHADOW = Challenger(2, "shadow")


@pytest.mark.parametrize(
    ("state", "by"),
    [
        (ModelState("fraud", 1, 2), ""),
        (ModelState("fraud", 1, 3), "superseded by v3"),
        (ModelState("fraud", 1, 3, challengers=(SHADOW,)), ""),
        (ModelState("fraud", 1, 3, previous=2), "superseded by v3"),
        (ModelState("fraud", 1, None), ""),
        (None, "superseded: there is no such model any more"),
    ],
)
def test_who_is_in_no_slot_has_no_alarm(state: ModelState | None, by: str) -> None:
    states = {} if state is None else {"fraud": state}
    assert superseded_by(ALARM, states) == by


def test_what_came_in_place_of_a_detector(bench: Bench) -> None:
    watched = bench.watch(PROFILE)
    skew = replace(ALARM, kind="skew", reference_digest="other")

    def by(alarm: Alarm) -> str:
        return replaced_by(watched, alarm)

    assert by(skew) == f"superseded by profile {PROFILE.number}"
    assert by(ALARM) == f"superseded by profile {PROFILE.number}"
    watched.baseline = Baseline(
        4, "b2", PROFILE.digest, 0.0, 1.0, "ann", 1.0, PROFILE.layout.zeros()
    )
    assert by(ALARM) == "superseded by baseline 4"
    same = replace(ALARM, reference_digest="b2")
    assert by(same) == "superseded by a detector that began anew"
    part = replace(ALARM, key=PlaneKey("fraud", 2, "champion", "age=18"))
    assert by(part) == "superseded by drift policy 0"


def test_a_version_that_nobody_watches_is_closed_in_the_book(bench: Bench) -> None:
    monitor = bench.monitor
    monitor.book.take("opened", ALARM, 100.0)
    close_what_is_over(monitor, {"fraud": ModelState("fraud", 1, 2)})
    assert monitor.book.all(open_only=True) == [ALARM], "its version is still to be loaded"
    close_what_is_over(monitor, {"fraud": ModelState("fraud", 1, 3)})
    close_what_is_over(monitor, {"fraud": ModelState("fraud", 1, 3)})
    (closed,) = monitor.book.all()
    assert (closed.state, closed.closed_by) == ("superseded", "superseded by v3")
