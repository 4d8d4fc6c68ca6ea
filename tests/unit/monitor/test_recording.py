from typing import Any, cast

import pytest

from tests.unit.monitor.small_profile import profile
from tiltyard._core import LoadedVersion, RecordPlan
from tiltyard.monitor.recording import RECORDED, PlaneNumbers, Recording, RecordingError


class Version:
    model, version = "fraud", 2


VERSION = cast("LoadedVersion", Version())


class Plan:
    def counters(self) -> dict[str, dict[str, int]]:
        return {"champion": {"offered": 9, "dropped": 2}}


class Engine:
    def __init__(self, problem: str = "") -> None:
        self.problem = problem
        self.calls: list[Any] = []

    def record(
        self, version: LoadedVersion, slots: Any, planes: tuple[int, int, int, int]
    ) -> RecordPlan:
        if self.problem:
            raise ValueError(self.problem)
        self.calls.append((version, slots, planes))
        return cast("RecordPlan", Plan())

    def stop_recording(self, version: LoadedVersion) -> None:
        self.calls.append(("stop", version))


def test_planes_have_numbers_of_their_own() -> None:
    engine, numbers = Engine(), PlaneNumbers()
    first = Recording(engine, VERSION, profile(), numbers)
    second = Recording(engine, VERSION, profile(), numbers)
    assert list(first.numbers) == list(RECORDED)
    given = [*first.numbers.values(), *second.numbers.values()]
    assert sorted(set(given)) == given
    assert min(given) > 0
    version, slots, planes = engine.calls[0]
    assert version is VERSION
    assert list(slots) == [("input", "x", 0, 1, "number"), ("input", "x", 1, 1, "category")]
    assert planes == tuple(first.numbers.values())
    assert first.plan.counters() == {"champion": {"offered": 9, "dropped": 2}}
    first.end()
    assert engine.calls[-1] == ("stop", VERSION)


def test_a_profile_of_another_model() -> None:
    with pytest.raises(RecordingError, match=r"profile 1 of fraud version 2 does not fit .*: no x"):
        Recording(Engine("no x"), VERSION, profile(), PlaneNumbers())
