"""Every error of the registry has its class and its reason, and says what to do."""

import ast
from pathlib import Path

import pytest

from tiltyard import registry
from tiltyard.control.errors import (
    ArgumentError,
    ControlError,
    EpochMovedError,
    KeyReusedError,
    PreconditionError,
    Reason,
    UnavailableError,
    UnknownNameError,
)
from tiltyard.control.refusals import event_view, refusals
from tiltyard.registry import (
    EpochConflictError,
    Event,
    IdempotencyMismatchError,
    InvalidChangeError,
    NothingToChangeError,
    RefusedChangeError,
    RegistryUnavailableError,
    TransitionError,
    UnknownModelError,
    UnknownVersionError,
    VersionChangedError,
)

Kind = type[TransitionError | RegistryUnavailableError]

# By the registry's class and reason: the class and reason of control, and the field at fault.
CASES: dict[tuple[Kind, str], tuple[type[ControlError], Reason, str]] = {
    (InvalidChangeError, "INVALID_SHARE"): (ArgumentError, Reason.INVALID_ARGUMENT, "share"),
    (InvalidChangeError, "INVALID_SAMPLE"): (ArgumentError, Reason.INVALID_ARGUMENT, "sample"),
    (InvalidChangeError, "NO_SHARE"): (ArgumentError, Reason.INVALID_ARGUMENT, "share"),
    (InvalidChangeError, "NOTHING_GIVEN"): (ArgumentError, Reason.INVALID_ARGUMENT, "share"),
    (InvalidChangeError, "SHARE_OF_A_SHADOW"): (ArgumentError, Reason.INVALID_ARGUMENT, "share"),
    (InvalidChangeError, "INVALID_COMPARISON"): (ArgumentError, Reason.INVALID_ARGUMENT, "compare"),
    (InvalidChangeError, "COMPARISON_OF_A_CANARY"): (
        ArgumentError,
        Reason.INVALID_ARGUMENT,
        "compare",
    ),
    (InvalidChangeError, "SAMPLE_OF_A_CANARY"): (ArgumentError, Reason.INVALID_ARGUMENT, "sample"),
    (InvalidChangeError, "SPLIT_OF_A_SHADOW"): (ArgumentError, Reason.INVALID_ARGUMENT, "split"),
    (InvalidChangeError, "REVERSE_OF_A_SHADOW"): (
        ArgumentError,
        Reason.INVALID_ARGUMENT,
        "reverse_shadow",
    ),
    (InvalidChangeError, "INVALID_IDEMPOTENCY_KEY"): (
        ArgumentError,
        Reason.INVALID_ARGUMENT,
        "terms.idempotency_key",
    ),
    (RefusedChangeError, "SHARES_ABOVE_ALL"): (PreconditionError, Reason.SHARES_EXCEEDED, ""),
    (RefusedChangeError, "ROLLED_BACK"): (PreconditionError, Reason.ROLLED_BACK, ""),
    (RefusedChangeError, "NO_CHAMPION"): (PreconditionError, Reason.NO_CHAMPION, ""),
    (RefusedChangeError, "NO_CHALLENGER"): (PreconditionError, Reason.NO_CHALLENGER, ""),
    (RefusedChangeError, "NO_CANARY"): (PreconditionError, Reason.NO_CHALLENGER, ""),
    (RefusedChangeError, "SEVERAL_CHALLENGERS"): (
        PreconditionError,
        Reason.SEVERAL_CHALLENGERS,
        "",
    ),
    (RefusedChangeError, "NO_PREVIOUS"): (PreconditionError, Reason.NO_PREVIOUS, ""),
    (RefusedChangeError, "IS_THE_CHAMPION"): (PreconditionError, Reason.VERSION_IN_SLOT, ""),
    (RefusedChangeError, "IS_A_CHALLENGER"): (PreconditionError, Reason.VERSION_IN_SLOT, ""),
    (RefusedChangeError, "IS_KEPT_WARM"): (PreconditionError, Reason.VERSION_IN_SLOT, ""),
    (RefusedChangeError, "ALREADY_A_CHALLENGER"): (PreconditionError, Reason.PRECONDITION, ""),
    (RefusedChangeError, "TOO_MANY_CHALLENGERS"): (PreconditionError, Reason.PRECONDITION, ""),
    (RefusedChangeError, "OTHER_SPLIT"): (PreconditionError, Reason.PRECONDITION, ""),
    # When it was named it is not found; see below.
    (RefusedChangeError, "NOT_A_CHALLENGER"): (PreconditionError, Reason.NO_CHALLENGER, ""),
    # Changes treats these as done; whoever does not gets a refusal.
    (NothingToChangeError, "ALREADY_CHAMPION"): (PreconditionError, Reason.PRECONDITION, ""),
    (NothingToChangeError, "ALREADY_SO"): (PreconditionError, Reason.PRECONDITION, ""),
    (NothingToChangeError, "ALREADY_UNLOADED"): (PreconditionError, Reason.PRECONDITION, ""),
    (NothingToChangeError, "NOT_UNLOADED"): (PreconditionError, Reason.PRECONDITION, ""),
    (UnknownVersionError, "UNKNOWN_VERSION"): (UnknownNameError, Reason.VERSION_NOT_FOUND, ""),
    (VersionChangedError, "VERSION_CHANGED"): (PreconditionError, Reason.INTEGRITY, ""),
    **{
        (RegistryUnavailableError, reason): (UnavailableError, Reason.REGISTRY_UNAVAILABLE, "")
        for reason in ("LOCKED", "READ_ONLY", "FULL", "UNREADABLE", "DAMAGED", "FAILED")
    },
}


def raised_in_the_registry() -> set[tuple[str, str]]:
    """Each `SomeError(what, remedy, REASON)` of the package's source."""
    found = set()
    for file in Path(registry.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and len(node.args) == 3:
                name, last = getattr(node.func, "id", ""), node.args[2]
                if name.endswith("Error") and isinstance(last, ast.Constant):
                    found.add((name, str(last.value)))
    return found


def test_the_list_is_whole() -> None:
    listed = {(kind.__name__, reason) for kind, reason in CASES}
    listed.add((IdempotencyMismatchError.__name__, "IDEMPOTENCY_MISMATCH"))
    assert raised_in_the_registry() <= listed
    assert len(raised_in_the_registry()) > 20


@pytest.mark.parametrize(
    ("kind", "reason"), CASES, ids=[f"{kind.__name__}-{reason}" for kind, reason in CASES]
)
def test_class_reason_and_field(kind: Kind, reason: str) -> None:
    expected, word, field = CASES[kind, reason]
    with pytest.raises(ControlError) as caught, refusals("m"):
        raise kind("it is so", "do that", reason)
    assert type(caught.value) is expected
    assert caught.value.reason is word
    assert getattr(caught.value, "field", "") == field
    said = "nothing was changed, because " if kind is RegistryUnavailableError else ""
    assert (str(caught.value), caught.value.to_do) == (f"{said}it is so", "Do that.")
    assert caught.value.metadata["model"] == "m"


@pytest.mark.parametrize("reason", ["NO_CHALLENGER", "NOT_A_CHALLENGER"])
def test_a_challenger_that_was_named_and_is_none_is_not_found(reason: str) -> None:
    with pytest.raises(UnknownNameError) as caught, refusals("m", 3):
        raise RefusedChangeError("version 3 is no challenger", "start one", reason)
    assert caught.value.reason is Reason.CHALLENGER_NOT_FOUND
    assert caught.value.metadata == {"model": "m", "version": "3"}


def test_a_model_that_is_unknown() -> None:
    with pytest.raises(UnknownNameError, match="there is no model m") as caught, refusals("m"):
        raise UnknownModelError("m")
    assert caught.value.reason is Reason.MODEL_NOT_FOUND


def test_a_key_that_was_used_for_another_call() -> None:
    with pytest.raises(KeyReusedError, match="'k'"), refusals("m", 1, "k"):
        raise IdempotencyMismatchError("used", "take another", "IDEMPOTENCY_MISMATCH")


def test_an_epoch_that_has_moved_tells_what_happened() -> None:
    event = Event("champion_set", "m", 8, 2, {"from": 1}, seq=5, ts=9.0, actor="anna")
    with pytest.raises(EpochMovedError) as caught, refusals("m"):
        raise EpochConflictError("m", 7, 8, [event])
    assert (caught.value.expected, caught.value.epoch_now) == (7, 8)
    assert caught.value.changes == (event_view(event),)
    assert "since then: champion of m set to 2 (was 1) (epoch 8) by anna" in str(caught.value)


def test_of_many_changes_the_newest_are_told() -> None:
    events = [Event("champion_set", "m", epoch, 2, {"from": 1}) for epoch in range(8, 18)]
    with pytest.raises(EpochMovedError) as caught, refusals("m"):
        raise EpochConflictError("m", 7, 17, events)
    assert len(caught.value.changes) == 10
    told = str(caught.value)
    assert "epoch 15" in told
    assert "epoch 14" not in told
    assert told.endswith("and 7 before")


def test_other_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), refusals("m"):
        raise ZeroDivisionError


def test_an_event_says_in_words_what_happened() -> None:
    event = Event("champion_set", "m", 8, 2, {"from": 1}, seq=5, ts=9.0, actor="anna")
    view = event_view(event)
    assert (view.seq, view.at_unix_s, view.model, view.epoch) == (5, 9.0, "m", 8)
    assert (view.kind, view.actor) == ("champion_set", "anna")
    assert view.data == {"from": 1, "version": 2, "text": "champion of m set to 2 (was 1)"}
    rolled = Event("rolled_back", "m", 9, None, {"stopped": [2], "restored": None})
    assert "version" not in event_view(rolled).data
