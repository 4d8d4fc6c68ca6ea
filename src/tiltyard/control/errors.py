"""The errors that an operator can meet, one class a kind.

A class says what kind of mistake it was (it becomes a gRPC code), the reason tells programs which
one, the message says what was wrong, and `to_do` what a person can do about it now. Errors of the
layers below (registry, engine) are turned into these by Control; those of the store pass through.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar, Final

from tiltyard.control.views import EventView
from tiltyard.errors import TiltyardError


class Reason(StrEnum):
    """Why a call was refused, for programs. A reason is never renamed."""

    # of names
    MODEL_NOT_FOUND = "MODEL_NOT_FOUND"
    VERSION_NOT_FOUND = "VERSION_NOT_FOUND"
    CHALLENGER_NOT_FOUND = "CHALLENGER_NOT_FOUND"
    ALARM_NOT_FOUND = "ALARM_NOT_FOUND"
    VERSION_EXISTS = "VERSION_EXISTS"
    # of what a call says
    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    SHARES_EXCEEDED = "SHARES_EXCEEDED"
    KEY_REUSED = "KEY_REUSED"
    MODEL_REFUSED = "MODEL_REFUSED"
    # of the state that a model is in
    EPOCH_MOVED = "EPOCH_MOVED"
    VERSION_FAILED = "VERSION_FAILED"
    VERSION_IN_SLOT = "VERSION_IN_SLOT"
    NO_CHAMPION = "NO_CHAMPION"
    NO_CHALLENGER = "NO_CHALLENGER"
    SEVERAL_CHALLENGERS = "SEVERAL_CHALLENGERS"
    NO_PREVIOUS = "NO_PREVIOUS"
    ROLLED_BACK = "ROLLED_BACK"
    PRECONDITION = "PRECONDITION"
    # of the gateway
    LOAD_TIMEOUT = "LOAD_TIMEOUT"
    REGISTRY_UNAVAILABLE = "REGISTRY_UNAVAILABLE"
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"
    DRAINING = "DRAINING"
    BUSY = "BUSY"
    INTEGRITY = "INTEGRITY"
    INTERNAL = "INTERNAL"
    # of an upload
    UPLOAD_MALFORMED = "UPLOAD_MALFORMED"
    UPLOAD_TORN = "UPLOAD_TORN"
    UPLOAD_TOO_LARGE = "UPLOAD_TOO_LARGE"
    UPLOAD_DIGEST_MISMATCH = "UPLOAD_DIGEST_MISMATCH"
    UPLOAD_STALLED = "UPLOAD_STALLED"
    UPLOAD_NOT_STORED = "UPLOAD_NOT_STORED"


# The newest, in the sentence; programs get all.
CHANGES_TOLD_MAX: Final = 3

# What a person can do, where whoever raises the error knows nothing better.
TO_DO: Final[Mapping[Reason, str]] = {
    Reason.MODEL_NOT_FOUND: "List the models with `tiltyard status`, or publish one.",
    Reason.VERSION_NOT_FOUND: "List the versions with `tiltyard status NAME`, or publish one.",
    Reason.CHALLENGER_NOT_FOUND: "See the challengers with `tiltyard route NAME`.",
    Reason.ALARM_NOT_FOUND: "List the alarms with `tiltyard drift alarms`.",
    Reason.VERSION_EXISTS: "Publish under another number, or without one: the next is taken.",
    Reason.INVALID_ARGUMENT: "Correct the argument and send the call again.",
    Reason.SHARES_EXCEEDED: "Ask for less, or take from another canary first.",
    Reason.KEY_REUSED: "Use a new idempotency key for a call that differs.",
    Reason.MODEL_REFUSED: "Correct the model and publish it again; nothing was stored.",
    Reason.EPOCH_MOVED: "Look at what changed, and send the call with the epoch of now.",
    Reason.VERSION_FAILED: "See why with `tiltyard status NAME`, and publish a version that loads.",
    Reason.VERSION_IN_SLOT: "Take the version out of its slot first.",
    Reason.NO_CHAMPION: "Name one with `tiltyard champion NAME VERSION`.",
    Reason.NO_CHALLENGER: "Start one with `tiltyard challenge NAME VERSION`.",
    Reason.SEVERAL_CHALLENGERS: "Name the version that is meant.",
    Reason.NO_PREVIOUS: "Name the version to go back to: `tiltyard champion NAME VERSION`.",
    Reason.ROLLED_BACK: "See who serves with `tiltyard status NAME`.",
    Reason.PRECONDITION: "See the state of the model with `tiltyard status NAME`.",
    Reason.LOAD_TIMEOUT: "It goes on loading: watch it with `tiltyard status NAME --watch`.",
    Reason.REGISTRY_UNAVAILABLE: "See to the registry's disk, then send the call again."
    " A rollback works without the registry.",
    Reason.STORE_UNAVAILABLE: "See to the store, then send the call again.",
    Reason.DRAINING: "Send the call to another gateway, or when this one is back.",
    Reason.BUSY: "Send the call again when one of those under way has ended.",
    Reason.INTEGRITY: "Publish the version again under another number; these bytes are not used.",
    Reason.INTERNAL: "This is a bug: the gateway's log says where.",
    Reason.UPLOAD_MALFORMED: "Send the parts of an upload as proto/tiltyard/admin says.",
    Reason.UPLOAD_TORN: "Send the upload again; nothing was stored.",
    Reason.UPLOAD_TOO_LARGE: "Raise the gateway's limit on uploads, or publish beside the store.",
    Reason.UPLOAD_DIGEST_MISMATCH: "Send the upload again; nothing was stored.",
    Reason.UPLOAD_STALLED: "Send the upload again over a better line; nothing was stored.",
    Reason.UPLOAD_NOT_STORED: "Make room for uploads on the gateway, then send it again.",
}


class ControlError(TiltyardError):
    """The base. `metadata` is for programs: the names and numbers that the sentence is about."""

    exit_code: ClassVar[int] = 10

    def __init__(
        self,
        message: str,
        reason: Reason,
        *,
        to_do: str = "",
        model: str = "",
        version: int | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.to_do = to_do or TO_DO[reason]
        self.model = model
        self.version = version
        self.metadata = dict(metadata or {})
        if model:
            self.metadata["model"] = model
        if version is not None:
            self.metadata["version"] = str(version)


class UnknownNameError(ControlError):
    """There is no such model, version, challenger or alarm: the *_NOT_FOUND reasons."""

    exit_code = 4


class VersionExistsError(ControlError):
    """The version to publish is there already. Versions are created once and never changed."""

    exit_code = 5

    def __init__(self, message: str, *, model: str, version: int | None = None) -> None:
        super().__init__(message, Reason.VERSION_EXISTS, model=model, version=version)


class ArgumentError(ControlError):
    """The call itself is wrong, whatever state the gateway is in. `field` is the one at fault."""

    exit_code = 2

    def __init__(
        self,
        message: str,
        reason: Reason = Reason.INVALID_ARGUMENT,
        *,
        field: str,
        to_do: str = "",
        model: str = "",
        version: int | None = None,
    ) -> None:
        super().__init__(message, reason, to_do=to_do, model=model, version=version)
        self.field = field


class KeyReusedError(ArgumentError):
    """The idempotency key was used before, for another call."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"idempotency key {key!r} was used for another call; expected a new one",
            Reason.KEY_REUSED,
            field="terms.idempotency_key",
        )


class PreconditionError(ControlError):
    """The call is right, but not in the state that the model is in; repeating it is no use."""

    exit_code = 11


class EpochMovedError(ControlError):
    """Somebody else changed the model first. `changes` are the events since the epoch expected."""

    exit_code = 12

    def __init__(
        self, model: str, expected: int, epoch_now: int, changes: tuple[EventView, ...]
    ) -> None:
        told = "; ".join(
            f"{change.data.get('text', change.kind)} (epoch {change.epoch}) by"
            f" {change.actor or 'nobody named'}"
            for change in changes[-CHANGES_TOLD_MAX:]
        )
        if len(changes) > CHANGES_TOLD_MAX:
            told += f"; and {len(changes) - CHANGES_TOLD_MAX} before"
        super().__init__(
            f"model {model!r} is at epoch {epoch_now}, the call expected {expected}"
            + (f"; since then: {told}" if told else ""),
            Reason.EPOCH_MOVED,
            model=model,
            metadata={"epoch_expected": str(expected), "epoch_now": str(epoch_now)},
        )
        self.expected = expected
        self.epoch_now = epoch_now
        self.changes = changes


class PolicyMovedError(EpochMovedError):
    """Somebody else changed the model's drift policy first."""

    def __init__(self, model: str, expected: int, epoch_now: int) -> None:
        super().__init__(model, expected, epoch_now, ())
        told = f"the drift policy of model {model!r} is at epoch {epoch_now}"
        self.args = (f"{told}, the call expected {expected}",)


class UnavailableError(ControlError):
    """The gateway cannot do it now; the same call may succeed after `retry_after_s`."""

    exit_code = 13

    def __init__(
        self,
        message: str,
        reason: Reason,
        *,
        to_do: str = "",
        model: str = "",
        retry_after_s: float = 1.0,
    ) -> None:
        super().__init__(message, reason, to_do=to_do, model=model)
        self.retry_after_s = retry_after_s


class LoadTimeoutError(ControlError):
    """The version did not come up in the time given, and no slot was changed.

    It goes on loading, unless it is `given_up`: it was unloaded before, and nothing else wants it.
    """

    exit_code = 14

    def __init__(self, message: str, *, model: str, version: int, given_up: bool = False) -> None:
        to_do = f"It was given up: load it first, with `tiltyard load {model} {version}`."
        super().__init__(
            message,
            Reason.LOAD_TIMEOUT,
            to_do=to_do if given_up else "",
            model=model,
            version=version,
        )
