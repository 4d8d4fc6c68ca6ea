"""The errors of admin calls, with what the gateway says for programs and for people.

`str(error)` is the gateway's sentence and, after it, what to do; `message` the sentence alone.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import grpc

from tiltyard.client.admin_replies import read_event
from tiltyard.client.inference_messages import CallError
from tiltyard.control.errors import Reason
from tiltyard.control.views import EventView
from tiltyard.protocol.admin_words import admin_message

_UNREACHABLE: Final = "See that the gateway runs, and that the address is that of its admin port."


class AdminCallError(CallError):
    """The gateway, or the way to it, refused a call.

    `reason` is one of control/errors.py's, or empty where the gateway was not reached; `metadata`
    the names and numbers the sentence is about; `field` the part of the request at fault.
    """

    exit_code: ClassVar[int] = 10

    def __init__(self, code: grpc.StatusCode, message: str, details: "Details") -> None:
        told = f"{message}. {details.to_do}" if details.to_do else message
        super().__init__(code, told)
        self.message = message
        self.reason = details.reason
        self.to_do = details.to_do
        self.metadata: Mapping[str, str] = details.metadata
        self.field = details.field


class AdminNotFoundError(AdminCallError):
    """There is no such model, version or challenger."""

    exit_code = 4


class AdminExistsError(AdminCallError):
    """The version is there already."""

    exit_code = 5


class AdminArgumentError(AdminCallError):
    """The call is wrong, whatever state the gateway is in."""

    exit_code = 2


class AdminModelRefusedError(AdminArgumentError):
    """The model that was sent cannot be served, and the message says why; nothing was stored."""

    exit_code = 6


class AdminPreconditionError(AdminCallError):
    """The call is right, but not in the state that the model is in."""

    exit_code = 11


class AdminEpochError(AdminCallError):
    """Somebody else changed the model first: `changes` since `expected`; `epoch_now` is the epoch.

    Of very many changes the oldest are left out.
    """

    exit_code = 12

    def __init__(self, code: grpc.StatusCode, message: str, details: "Details") -> None:
        super().__init__(code, message, details)
        self.expected = details.expected
        self.epoch_now = details.epoch_now
        self.changes: tuple[EventView, ...] = details.changes


class AdminUnavailableError(AdminCallError):
    """The gateway cannot do it now, or cannot be reached. Worth trying after `retry_after_s`."""

    exit_code = 13

    def __init__(self, code: grpc.StatusCode, message: str, details: "Details") -> None:
        super().__init__(code, message, details)
        self.retry_after_s = details.retry_after_s


class AdminTimeoutError(AdminCallError):
    """The time was over. What was asked for may still happen: look before asking again."""

    exit_code = 14


_KINDS: Final[Mapping[grpc.StatusCode, type[AdminCallError]]] = {
    grpc.StatusCode.NOT_FOUND: AdminNotFoundError,
    grpc.StatusCode.ALREADY_EXISTS: AdminExistsError,
    grpc.StatusCode.INVALID_ARGUMENT: AdminArgumentError,
    grpc.StatusCode.FAILED_PRECONDITION: AdminPreconditionError,
    grpc.StatusCode.ABORTED: AdminEpochError,
    grpc.StatusCode.UNAVAILABLE: AdminUnavailableError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: AdminUnavailableError,
    grpc.StatusCode.DEADLINE_EXCEEDED: AdminTimeoutError,
}


class Details:
    """The details of a google.rpc.Status, those that this client knows."""

    def __init__(self, status: Any | None) -> None:
        self.reason = ""
        self.to_do = ""
        self.metadata: dict[str, str] = {}
        self.field = ""
        self.retry_after_s = 1.0
        self.expected = 0
        self.epoch_now = 0
        self.changes: tuple[EventView, ...] = ()
        for detail in status.details if status is not None else ():
            self._take(detail)

    def _take(self, detail: Any) -> None:
        # Imported here: few processes ever meet an error.
        from google.rpc import error_details_pb2 as known

        match detail.TypeName():
            case "google.rpc.ErrorInfo":
                info = known.ErrorInfo.FromString(detail.value)
                self.reason, self.metadata = info.reason, dict(info.metadata)
            case "google.rpc.Help":
                links = known.Help.FromString(detail.value).links
                self.to_do = " ".join(link.description for link in links)
            case "google.rpc.BadRequest":
                fields = known.BadRequest.FromString(detail.value).field_violations
                self.field = ", ".join(field.field for field in fields)
            case "google.rpc.RetryInfo":
                delay = known.RetryInfo.FromString(detail.value).retry_delay
                self.retry_after_s = delay.ToMilliseconds() / 1_000
            case "tiltyard.admin.v1.EpochMoved":
                moved = admin_message("EpochMoved").FromString(detail.value)
                self.expected, self.epoch_now = moved.expected, moved.now
                self.changes = tuple(map(read_event, moved.changes))


def admin_call_error(error: Any) -> AdminCallError:
    """The error of a call as ours; grpc's and grpc.aio's have the same methods."""
    from grpc_status import rpc_status

    code = error.code()
    try:
        found = Details(rpc_status.from_call(error))
    except ValueError:  # a status that contradicts the call: something between changed one of them
        found = Details(None)
    message = error.details() or code.name
    if not found.reason:
        message = f"{code.name}: {message}"
        if code is grpc.StatusCode.UNAVAILABLE:
            found.to_do = _UNREACHABLE
    kind = _KINDS.get(code, AdminCallError)
    if found.reason == Reason.MODEL_REFUSED:
        kind = AdminModelRefusedError
    return kind(code, message.rstrip("."), found)
