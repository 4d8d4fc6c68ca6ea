"""Errors as google.rpc.Status: a gRPC code, a sentence, and details that programs can read.

Every status has ErrorInfo (reason, domain "tiltyard", metadata) and Help (what to do); beside them
the detail that goes with its kind. A status travels in the trailers, which peers bound at 8 KiB.
"""

from collections.abc import Iterator
from typing import Any, Final

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2 as details
from google.rpc.status_pb2 import Status

from tiltyard.admin.messages import epoch_moved_message
from tiltyard.control.errors import (
    TO_DO,
    ArgumentError,
    ControlError,
    EpochMovedError,
    LoadTimeoutError,
    PreconditionError,
    Reason,
    UnavailableError,
    UnknownNameError,
    VersionExistsError,
)
from tiltyard.errors import (
    AlreadyExistsError,
    ConfigError,
    IntegrityError,
    NotFoundError,
    PublishRefused,
    StoreError,
    TiltyardError,
)

DOMAIN: Final = "tiltyard"
_CUT: Final = " ..."
MESSAGE_BYTES_MAX: Final = 1_000  # as grpc-message carries it, percent-encoded
VALUE_BYTES_MAX: Final = 200
CHANGES_MAX: Final = 32
ENVELOPE_BYTES: Final = 80  # around a detail: its type's name, and lengths
STATUS_BYTES_MAX: Final = (
    4_000  # in base64, where a peer wants that, and with the message beside it
)

# The first class that fits counts.
_CODES: Final[tuple[tuple[type[TiltyardError], grpc.StatusCode], ...]] = (
    (UnknownNameError, grpc.StatusCode.NOT_FOUND),
    (VersionExistsError, grpc.StatusCode.ALREADY_EXISTS),
    (ArgumentError, grpc.StatusCode.INVALID_ARGUMENT),
    (EpochMovedError, grpc.StatusCode.ABORTED),
    (PreconditionError, grpc.StatusCode.FAILED_PRECONDITION),
    (UnavailableError, grpc.StatusCode.UNAVAILABLE),
    (LoadTimeoutError, grpc.StatusCode.DEADLINE_EXCEEDED),
    (ControlError, grpc.StatusCode.FAILED_PRECONDITION),
    (NotFoundError, grpc.StatusCode.NOT_FOUND),
    (AlreadyExistsError, grpc.StatusCode.ALREADY_EXISTS),
    (PublishRefused, grpc.StatusCode.INVALID_ARGUMENT),
    (ConfigError, grpc.StatusCode.INVALID_ARGUMENT),
    (IntegrityError, grpc.StatusCode.DATA_LOSS),
    (StoreError, grpc.StatusCode.UNAVAILABLE),
    (TiltyardError, grpc.StatusCode.FAILED_PRECONDITION),
)
# Errors of the layers below Control, which have no reason of their own.
_REASONS: Final[tuple[tuple[type[TiltyardError], Reason], ...]] = (
    (NotFoundError, Reason.VERSION_NOT_FOUND),
    (AlreadyExistsError, Reason.VERSION_EXISTS),
    (PublishRefused, Reason.MODEL_REFUSED),
    (ConfigError, Reason.INVALID_ARGUMENT),
    (IntegrityError, Reason.INTEGRITY),
    (StoreError, Reason.STORE_UNAVAILABLE),
    (TiltyardError, Reason.PRECONDITION),
)


def status_of(error: TiltyardError) -> Status:
    """The status that a caller gets for an error of Control or of the layers below it."""
    reason, to_do, metadata = _reason_of(error), "", {}
    if isinstance(error, ControlError):
        to_do, metadata = error.to_do, error.metadata
    status = Status(code=_code_of(error).value[0], message=_short(str(error), MESSAGE_BYTES_MAX))
    short = {name: _short(value, VALUE_BYTES_MAX) for name, value in metadata.items()}
    _add(status, details.ErrorInfo(reason=reason, domain=DOMAIN, metadata=short))
    help_link = details.Help.Link(description=_short(to_do or TO_DO[reason], MESSAGE_BYTES_MAX))
    _add(status, details.Help(links=[help_link]))
    for detail in _details_of(error, status.message):
        _add(status, detail)
    if isinstance(error, EpochMovedError):
        _add_changes(status, error)
    return status


def bug_status(method: str) -> Status:
    """The status for an exception that nobody should raise; the log has it, the caller has not."""
    return status_of(
        ControlError(f"{method} failed inside the gateway; its log says why", Reason.INTERNAL)
    )


def _code_of(error: TiltyardError) -> grpc.StatusCode:
    if isinstance(error, ControlError):
        if error.reason is Reason.INTERNAL:
            return grpc.StatusCode.INTERNAL
        if error.reason is Reason.BUSY:
            return grpc.StatusCode.RESOURCE_EXHAUSTED
    return next(code for kind, code in _CODES if isinstance(error, kind))


def _reason_of(error: TiltyardError) -> Reason:
    if isinstance(error, ControlError):
        return error.reason
    return next(reason for kind, reason in _REASONS if isinstance(error, kind))


def _details_of(error: TiltyardError, message: str) -> Iterator[Any]:
    """What goes with the kind of error, beside ErrorInfo and Help."""
    match error:
        case ArgumentError():
            violation = details.BadRequest.FieldViolation(field=error.field, description=message)
            yield details.BadRequest(field_violations=[violation])
        case UnknownNameError() | VersionExistsError():
            yield details.ResourceInfo(
                resource_type=DOMAIN, resource_name=_resource(error), description=message
            )
        case PreconditionError() | EpochMovedError():
            found = details.PreconditionFailure.Violation(
                type=error.reason, subject=_resource(error), description=message
            )
            yield details.PreconditionFailure(violations=[found])
        case UnavailableError():
            delay = Duration()
            delay.FromMilliseconds(round(error.retry_after_s * 1_000))
            yield details.RetryInfo(retry_delay=delay)


def _add_changes(status: Status, error: EpochMovedError) -> None:
    """As many of the newest changes as there is room for, in their order."""
    model = _short(error.model, VALUE_BYTES_MAX)
    for count in range(min(len(error.changes), CHANGES_MAX), -1, -1):
        newest = error.changes[len(error.changes) - count :]
        detail = epoch_moved_message(model, error.expected, error.epoch_now, newest)
        if count == 0 or status.ByteSize() + detail.ByteSize() + ENVELOPE_BYTES <= STATUS_BYTES_MAX:
            _add(status, detail)
            return


def _add(status: Status, detail: Any) -> None:
    packed = AnyMessage()
    packed.Pack(detail)
    status.details.append(packed)


def _resource(error: ControlError) -> str:
    """The thing an error is about: "models/fraud/versions/3"."""
    model = _short(error.model, VALUE_BYTES_MAX)
    return f"models/{model}" + ("" if error.version is None else f"/versions/{error.version}")


def _short(text: str, bytes_max: int) -> str:
    """`text`, cut where its percent-encoding would grow over `bytes_max`."""
    room = bytes_max
    for at, letter in enumerate(text):
        room -= 1 if " " <= letter <= "~" and letter != "%" else 3 * len(letter.encode())
        if room < 0:
            return text[: max(0, at - len(_CUT))] + _CUT
    return text
