"""What every error of control promises: a reason, something to do, and names for programs."""

import pytest

from tiltyard.control import errors
from tiltyard.control.errors import Reason
from tiltyard.control.views import EventView
from tiltyard.errors import TiltyardError

EVENT = EventView(8, 1.0, "fraud", 8, "set_champion", "anna")

RAISED = [
    errors.UnknownNameError("no such model", Reason.MODEL_NOT_FOUND, model="fraud"),
    errors.VersionExistsError("there", model="fraud", version=3),
    errors.ArgumentError("wrong", field="share"),
    errors.KeyReusedError("k-1"),
    errors.PreconditionError("none", Reason.NO_PREVIOUS, model="fraud"),
    errors.EpochMovedError("fraud", 7, 8, (EVENT,)),
    errors.PolicyMovedError("fraud", 7, 8),
    errors.UnavailableError("locked", Reason.REGISTRY_UNAVAILABLE),
    errors.LoadTimeoutError("slow", model="fraud", version=3),
]


def test_the_list_is_whole() -> None:
    kinds = {
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.ControlError)
    }
    assert {type(error) for error in RAISED} | {errors.ControlError} == kinds


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_every_kind_has_a_reason_and_something_to_do(error: errors.ControlError) -> None:
    assert isinstance(error, TiltyardError)
    assert error.reason in Reason
    assert error.to_do.endswith(".")
    assert 1 <= error.exit_code < 64


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_a_name_with_something_to_do(reason: Reason) -> None:
    assert reason.value == reason.name
    assert errors.TO_DO[reason].endswith(".")


def test_names_are_for_programs_too() -> None:
    error = errors.PreconditionError(
        "m", Reason.VERSION_FAILED, model="fraud", version=3, to_do="Do.", metadata={"by": "load"}
    )
    assert error.metadata == {"by": "load", "model": "fraud", "version": "3"}
    assert (error.model, error.version, error.to_do) == ("fraud", 3, "Do.")


def test_an_epoch_that_moved_tells_by_whom() -> None:
    error = errors.EpochMovedError("fraud", 7, 8, (EVENT,))
    assert str(error) == (
        "model 'fraud' is at epoch 8, the call expected 7;"
        " since then: set_champion (epoch 8) by anna"
    )
    assert error.metadata == {"model": "fraud", "epoch_expected": "7", "epoch_now": "8"}
    assert str(errors.EpochMovedError("fraud", 7, 8, ())).endswith("expected 7")
