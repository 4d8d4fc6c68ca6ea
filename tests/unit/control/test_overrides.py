"""Rollbacks that are not recorded: held in order, recorded once, never behind anybody's lock."""

import threading

import pytest

from tiltyard.control.errors import PreconditionError, Reason
from tiltyard.control.overrides import Overrides, Pending
from tiltyard.registry import Change, ModelState, RegistryUnavailableError

LOCKED = RegistryUnavailableError("the registry is locked", "try again", "LOCKED")


def state(epoch: int, champion: int, name: str = "m") -> ModelState:
    return ModelState(name, epoch, champion)


class Registry:
    """What records; `problem` is raised instead. A rollback is recorded as it is held."""

    def __init__(self) -> None:
        self.problem: Exception | None = None
        self.recorded: list[ModelState] = []
        self.tries = 0

    def pending(self, after: ModelState, key: str = "") -> Pending:
        def record() -> Change:
            self.tries += 1
            if self.problem is not None:
                raise self.problem
            self.recorded.append(after)
            return Change(after, ())

        return Pending(after, record, key=key, digest=f"digest of {key}")


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def adopted() -> list[ModelState]:
    return []


@pytest.fixture
def overrides(adopted: list[ModelState]) -> Overrides:
    return Overrides(adopted.append)


def test_nothing_is_held_at_first(overrides: Overrides) -> None:
    assert overrides.states() == {}
    assert overrides.get("m") is None
    assert overrides.reasons() == {}
    assert overrides.record("m")


def test_what_is_held_stays_until_it_is_recorded(
    overrides: Overrides, registry: Registry, adopted: list[ModelState]
) -> None:
    pending = registry.pending(state(2, 1))
    registry.problem = LOCKED
    overrides.hold(pending)
    assert overrides.reasons() == {"m": "it is being recorded"}
    for _ in range(3):
        assert not overrides.record("m")
        assert overrides.get("m") == state(2, 1)
    assert overrides.reasons() == {"m": "the registry is locked: try again"}
    assert (pending.change, adopted) == (None, [])
    registry.problem = None
    assert overrides.record("m")
    assert pending.change == Change(state(2, 1), ())
    assert adopted == [state(2, 1)]
    assert (overrides.states(), overrides.reasons()) == ({}, {})
    assert overrides.record("m")
    assert registry.tries == 4


def test_several_of_one_model_are_recorded_in_their_order(
    overrides: Overrides, registry: Registry
) -> None:
    """The second builds on the first: recorded alone it would be refused, and undo both."""
    registry.problem = LOCKED
    steps = [registry.pending(state(2, 1)), registry.pending(state(3, 5))]
    for step in steps:
        overrides.hold(step)
        assert not overrides.record("m")
    assert overrides.states() == {"m": state(3, 5)}
    registry.problem = None
    assert overrides.record("m")
    assert registry.recorded == [state(2, 1), state(3, 5)]
    assert [step.change is not None for step in steps] == [True, True]


def test_a_registry_that_fails_between_two_keeps_the_second(
    overrides: Overrides, registry: Registry
) -> None:
    first, second = registry.pending(state(2, 1)), registry.pending(state(3, 5))
    inner = first.record

    def record_and_break() -> Change:
        change = inner()
        registry.problem = LOCKED
        return change

    first.record = record_and_break
    overrides.hold(first)
    overrides.hold(second)
    assert not overrides.record("m")
    assert (first.change is None, second.change) == (False, None)
    assert overrides.get("m") == state(3, 5)
    registry.problem = None
    assert overrides.record("m")
    assert registry.recorded == [state(2, 1), state(3, 5)]


def test_what_is_refused_is_let_go_with_what_was_built_on_it(
    overrides: Overrides, registry: Registry, adopted: list[ModelState]
) -> None:
    registry.problem = PreconditionError("changed meanwhile", Reason.PRECONDITION)
    steps = [registry.pending(state(2, 1)), registry.pending(state(3, 5))]
    for step in steps:
        overrides.hold(step)
    assert overrides.record("m")
    assert [step.refused for step in steps] == [registry.problem] * 2
    assert (overrides.states(), adopted, registry.tries) == ({}, [], 1)


def test_each_model_for_itself(overrides: Overrides, registry: Registry) -> None:
    overrides.hold(registry.pending(state(2, 1)))
    overrides.hold(registry.pending(state(9, 4, "other")))
    assert overrides.record("other")
    assert overrides.states() == {"m": state(2, 1)}


def test_a_rollback_is_found_by_its_idempotency_key(
    overrides: Overrides, registry: Registry
) -> None:
    keyed, plain = registry.pending(state(2, 1), "k"), registry.pending(state(3, 5))
    overrides.hold(keyed)
    overrides.hold(plain)
    assert overrides.find("m", "k") is keyed
    for model, key in (("m", "other"), ("m", ""), ("m", None), ("n", "k")):
        assert overrides.find(model, key) is None


def test_the_registrys_word_is_there_before_the_rollback_is_let_go(registry: Registry) -> None:
    seen = []
    held = Overrides(lambda _: seen.append(held.get("m")))
    held.hold(registry.pending(state(2, 1)))
    held.record("m")
    assert seen == [state(2, 1)]


def test_nobody_waits_for_a_registry_that_hangs(overrides: Overrides, registry: Registry) -> None:
    asked, release = threading.Event(), threading.Event()
    first = registry.pending(state(2, 1))
    inner = first.record

    def hang() -> Change:
        asked.set()
        assert release.wait(60)
        return inner()

    first.record = hang
    overrides.hold(first)
    recording = threading.Thread(target=overrides.record, args=("m",))
    recording.start()
    assert asked.wait(60)
    second = registry.pending(state(3, 5))
    overrides.hold(second)
    assert overrides.get("m") == state(3, 5)
    assert not overrides.record("m", wait=False)
    release.set()
    assert overrides.record("m")
    recording.join()
    assert registry.recorded == [state(2, 1), state(3, 5)]
