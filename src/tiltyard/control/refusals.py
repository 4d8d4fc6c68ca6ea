"""What the registry refuses, in the errors of control: one class and one reason for each."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

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
from tiltyard.control.views import EventView
from tiltyard.errors import TiltyardError
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

_REASONS: Final = {
    "NO_CHAMPION": Reason.NO_CHAMPION,
    "NO_CHALLENGER": Reason.NO_CHALLENGER,
    "NO_CANARY": Reason.NO_CHALLENGER,
    "NOT_A_CHALLENGER": Reason.NO_CHALLENGER,
    "SEVERAL_CHALLENGERS": Reason.SEVERAL_CHALLENGERS,
    "NO_PREVIOUS": Reason.NO_PREVIOUS,
    "ROLLED_BACK": Reason.ROLLED_BACK,
    "SHARES_ABOVE_ALL": Reason.SHARES_EXCEEDED,
    "IS_THE_CHAMPION": Reason.VERSION_IN_SLOT,
    "IS_A_CHALLENGER": Reason.VERSION_IN_SLOT,
    "IS_KEPT_WARM": Reason.VERSION_IN_SLOT,
}
_FIELDS: Final = {
    "INVALID_SHARE": "share",
    "NO_SHARE": "share",
    "SHARE_OF_A_SHADOW": "share",
    "INVALID_SAMPLE": "sample",
    "SAMPLE_OF_A_CANARY": "sample",
    "SPLIT_OF_A_SHADOW": "split",
    "REVERSE_OF_A_SHADOW": "reverse_shadow",
    "INVALID_COMPARISON": "compare",
    "COMPARISON_OF_A_CANARY": "compare",
    "NOTHING_GIVEN": "share",
    "INVALID_IDEMPOTENCY_KEY": "terms.idempotency_key",
}


@contextmanager
def refusals(model: str, version: int | None = None, key: str | None = None) -> Iterator[None]:
    """Turns the registry's errors into those of control; `key` is the idempotency key."""
    try:
        yield
    except IdempotencyMismatchError as error:
        raise KeyReusedError(key or "") from error
    except (TransitionError, RegistryUnavailableError) as error:
        raise refusal(error, model, version) from error


def refusal(
    error: TransitionError | RegistryUnavailableError, model: str, version: int | None
) -> TiltyardError:
    """The same in the words of control."""
    to_do = f"{error.remedy[:1].upper()}{error.remedy[1:]}."
    if isinstance(error, RegistryUnavailableError):
        return UnavailableError(error.what, Reason.REGISTRY_UNAVAILABLE, to_do=to_do, model=model)
    if isinstance(error, EpochConflictError):
        changes = tuple(event_view(event) for event in error.events)
        return EpochMovedError(model, error.expected, error.epoch, changes)
    if isinstance(error, UnknownModelError):
        return UnknownNameError(error.what, Reason.MODEL_NOT_FOUND, model=model)
    if isinstance(error, UnknownVersionError):
        return UnknownNameError(
            error.what, Reason.VERSION_NOT_FOUND, to_do=to_do, model=model, version=version
        )
    if isinstance(error, InvalidChangeError):
        named = _FIELDS.get(error.reason, "version")
        return ArgumentError(error.what, field=named, to_do=to_do, model=model, version=version)
    return _state_refusal(error, to_do, model, version)


def _state_refusal(
    error: TransitionError, to_do: str, model: str, version: int | None
) -> ControlError:
    if isinstance(error, VersionChangedError):
        return PreconditionError(
            error.what, Reason.INTEGRITY, to_do=to_do, model=model, version=version
        )
    assert isinstance(error, RefusedChangeError | NothingToChangeError)
    if version is not None and error.reason in ("NO_CHALLENGER", "NOT_A_CHALLENGER"):
        return UnknownNameError(
            error.what, Reason.CHALLENGER_NOT_FOUND, to_do=to_do, model=model, version=version
        )
    reason = _REASONS.get(error.reason, Reason.PRECONDITION)
    return PreconditionError(error.what, reason, to_do=to_do, model=model, version=version)


def event_view(event: Event) -> EventView:
    """The registry's event as operators see it."""
    data = {**event.data, "text": event.text}
    if event.version is not None:
        data["version"] = event.version
    return EventView(
        seq=event.seq,
        at_unix_s=event.ts,
        model=event.model,
        epoch=event.epoch,
        kind=event.kind,
        actor=event.actor,
        data=data,
    )
