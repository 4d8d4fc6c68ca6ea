"""What the clients make of a status, also of one that they do not know."""

from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2 as details
from google.rpc.status_pb2 import Status

from tests.unit.admin.fake_views import EVENT
from tiltyard.admin.errors import status_of
from tiltyard.client import admin_errors
from tiltyard.client.admin_errors import AdminCallError, admin_call_error
from tiltyard.control import errors
from tiltyard.control.errors import Reason
from tiltyard.errors import PublishRefused, TiltyardError

DETAILS_KEY = "grpc-status-details-bin"
Code = grpc.StatusCode


def failed(code: grpc.StatusCode, message: str, trailers: Any = ()) -> grpc.aio.AioRpcError:
    return grpc.aio.AioRpcError(
        code, grpc.aio.Metadata(), grpc.aio.Metadata(*trailers), details=message
    )


def received(error: TiltyardError) -> Any:
    """The error of a client whose gateway raised `error`."""
    status = status_of(error)
    (code,) = [code for code in Code if code.value[0] == status.code]
    trailers = [(DETAILS_KEY, status.SerializeToString())]
    return admin_call_error(failed(code, status.message, trailers))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.UnknownNameError("m", Reason.MODEL_NOT_FOUND), admin_errors.AdminNotFoundError),
        (errors.VersionExistsError("m", model="f"), admin_errors.AdminExistsError),
        (errors.ArgumentError("m", field="share"), admin_errors.AdminArgumentError),
        (errors.KeyReusedError("k"), admin_errors.AdminArgumentError),
        (errors.PreconditionError("m", Reason.NO_PREVIOUS), admin_errors.AdminPreconditionError),
        (errors.EpochMovedError("f", 1, 2, (EVENT,)), admin_errors.AdminEpochError),
        (errors.UnavailableError("m", Reason.DRAINING), admin_errors.AdminUnavailableError),
        (errors.LoadTimeoutError("m", model="f", version=1), admin_errors.AdminTimeoutError),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_the_command_line_ends_alike_on_either_side(
    error: errors.ControlError, kind: type[AdminCallError]
) -> None:
    found = received(error)
    assert type(found) is kind
    assert found.exit_code == error.exit_code
    assert (found.reason, found.to_do, found.metadata) == (
        error.reason,
        error.to_do,
        error.metadata,
    )
    assert (found.message, str(found)) == (str(error), f"{error}. {error.to_do}")


def test_a_model_that_is_refused_has_a_code_of_its_own() -> None:
    found = received(PublishRefused("a Reshape has no shape"))
    assert type(found) is admin_errors.AdminModelRefusedError
    assert isinstance(found, admin_errors.AdminArgumentError)
    assert found.exit_code == PublishRefused.exit_code
    assert found.message == "a Reshape has no shape"


def test_what_goes_with_a_kind() -> None:
    assert received(errors.ArgumentError("m", field="share")).field == "share"
    late = received(errors.UnavailableError("m", Reason.DRAINING, retry_after_s=2.5))
    assert late.retry_after_s == 2.5
    moved = received(errors.EpochMovedError("fraud", 6, 7, (EVENT,)))
    assert (moved.expected, moved.epoch_now, moved.changes) == (6, 7, (EVENT,))


def test_an_error_of_grpc_itself_has_no_reason() -> None:
    found = admin_call_error(failed(Code.UNAVAILABLE, "failed to connect."))
    assert (found.reason, found.message) == ("", "UNAVAILABLE: failed to connect")
    assert found.to_do.endswith("admin port.")
    bare = admin_call_error(failed(Code.CANCELLED, ""))
    assert (type(bare), str(bare)) == (AdminCallError, "CANCELLED: CANCELLED")


def test_a_detail_of_a_newer_gateway_is_passed_over() -> None:
    packed = AnyMessage()
    packed.Pack(details.ErrorInfo(reason="TOO_HOT", domain="tiltyard"))
    unknown = AnyMessage(type_url="type.googleapis.com/tiltyard.admin.v9.Weather", value=b"?")
    status = Status(code=9, message="it is too hot", details=[unknown, packed])
    found = admin_call_error(
        failed(
            Code.FAILED_PRECONDITION, "it is too hot", [(DETAILS_KEY, status.SerializeToString())]
        )
    )
    assert (found.reason, found.message, str(found)) == ("TOO_HOT", *["it is too hot"] * 2)


def test_a_status_that_contradicts_the_call_is_not_believed() -> None:
    status = Status(code=5, message="something else")
    found = admin_call_error(
        failed(Code.UNAVAILABLE, "a proxy's words", [(DETAILS_KEY, status.SerializeToString())])
    )
    assert (found.code, found.message) == (Code.UNAVAILABLE, "UNAVAILABLE: a proxy's words")
