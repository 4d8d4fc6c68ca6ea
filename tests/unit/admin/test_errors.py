"""Every error as a status that grpcio-status and a program can read."""

from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2 as details
from grpc_status import rpc_status

from tests.unit.admin.fake_views import EVENT
from tiltyard import errors as base
from tiltyard.admin.errors import STATUS_BYTES_MAX, bug_status, status_of
from tiltyard.control import errors
from tiltyard.control.errors import Reason
from tiltyard.protocol.admin_words import admin_message

Code = grpc.StatusCode

CASES = [
    (
        errors.UnknownNameError("m", Reason.MODEL_NOT_FOUND, model="fraud"),
        Code.NOT_FOUND,
        "MODEL_NOT_FOUND",
        {"resource_name": "models/fraud"},
    ),
    (
        errors.VersionExistsError("m", model="fraud", version=3),
        Code.ALREADY_EXISTS,
        "VERSION_EXISTS",
        {"resource_name": "models/fraud/versions/3"},
    ),
    (
        errors.ArgumentError("m", field="share"),
        Code.INVALID_ARGUMENT,
        "INVALID_ARGUMENT",
        {"field": "share"},
    ),
    (
        errors.KeyReusedError("k"),
        Code.INVALID_ARGUMENT,
        "KEY_REUSED",
        {"field": "terms.idempotency_key"},
    ),
    (
        errors.PreconditionError("m", Reason.NO_PREVIOUS, model="fraud"),
        Code.FAILED_PRECONDITION,
        "NO_PREVIOUS",
        {"type": "NO_PREVIOUS", "subject": "models/fraud"},
    ),
    (
        errors.EpochMovedError("fraud", 6, 7, (EVENT,)),
        Code.ABORTED,
        "EPOCH_MOVED",
        {"type": "EPOCH_MOVED", "subject": "models/fraud"},
    ),
    (
        errors.UnavailableError("m", Reason.REGISTRY_UNAVAILABLE, retry_after_s=2.5),
        Code.UNAVAILABLE,
        "REGISTRY_UNAVAILABLE",
        {"seconds": 2, "nanos": 500_000_000},
    ),
    (errors.UnavailableError("m", Reason.BUSY), Code.RESOURCE_EXHAUSTED, "BUSY", {"seconds": 1}),
    (
        errors.LoadTimeoutError("m", model="fraud", version=3),
        Code.DEADLINE_EXCEEDED,
        "LOAD_TIMEOUT",
        {},
    ),
    (base.NotFoundError("m"), Code.NOT_FOUND, "VERSION_NOT_FOUND", {}),
    (base.AlreadyExistsError("m"), Code.ALREADY_EXISTS, "VERSION_EXISTS", {}),
    (base.PublishRefused("m"), Code.INVALID_ARGUMENT, "MODEL_REFUSED", {}),
    (base.ConfigError("m"), Code.INVALID_ARGUMENT, "INVALID_ARGUMENT", {}),
    (base.IntegrityError("m"), Code.DATA_LOSS, "INTEGRITY", {}),
    (base.StoreError("m"), Code.UNAVAILABLE, "STORE_UNAVAILABLE", {}),
    (base.ServeError("m"), Code.FAILED_PRECONDITION, "PRECONDITION", {}),
]


def unpack(status: Any) -> dict[str, Any]:
    """The details by their type's last name."""
    found = {}
    for packed in status.details:
        package, _, name = packed.TypeName().rpartition(".")
        kind = getattr(details, name) if package == "google.rpc" else admin_message(name)
        found[name] = kind.FromString(packed.value)
    return found


@pytest.mark.parametrize(
    ("error", "code", "reason", "said"), CASES, ids=lambda value: type(value).__name__
)
def test_code_reason_and_details(
    error: base.TiltyardError, code: grpc.StatusCode, reason: str, said: dict[str, Any]
) -> None:
    status = status_of(error)
    assert rpc_status.to_status(status).code is code
    assert status.message == str(error)
    found = unpack(status)
    assert (found["ErrorInfo"].reason, found["ErrorInfo"].domain) == (reason, "tiltyard")
    assert found["Help"].links[0].description.endswith(".")
    text = str(found)
    for name, value in said.items():
        assert f"{name}: {value}".replace("'", '"') in text or f'{name}: "{value}"' in text


def test_what_to_do_is_the_errors_own() -> None:
    error = errors.PreconditionError("m", Reason.NO_PREVIOUS, to_do="Look under the mat.")
    assert unpack(status_of(error))["Help"].links[0].description == "Look under the mat."


def test_metadata_is_in_the_info() -> None:
    error = errors.LoadTimeoutError("m", model="fraud", version=3)
    assert unpack(status_of(error))["ErrorInfo"].metadata == {"model": "fraud", "version": "3"}


def test_an_epoch_that_moved_brings_what_changed() -> None:
    status = status_of(errors.EpochMovedError("fraud", 6, 7, (EVENT,)))
    moved = unpack(status)["EpochMoved"]
    assert (moved.model, moved.expected, moved.now) == ("fraud", 6, 7)
    assert [(change.seq, change.kind, change.actor) for change in moved.changes] == [
        (8, "promote", "anna")
    ]


def test_of_many_changes_the_newest_are_told() -> None:
    events = tuple(
        type(EVENT)(seq, 1.0, "fraud", seq, "set_champion", "anna" * 50, {"version": seq})
        for seq in range(1, 101)
    )
    status = status_of(errors.EpochMovedError("fraud", 0, 100, events))
    told = [change.seq for change in unpack(status)["EpochMoved"].changes]
    assert told == list(range(101 - len(told), 101))
    assert 1 < len(told) < 100
    assert status.ByteSize() <= STATUS_BYTES_MAX


@pytest.mark.parametrize("letter", ["a", "%", "\n", "ä", "漢", "\U0001f600"])
def test_however_long_a_sentence_is_the_status_fits_the_trailers(letter: str) -> None:
    long = letter * 10_000
    made = [
        errors.PreconditionError(long, Reason.PRECONDITION, model="m" * 128, to_do=long),
        errors.EpochMovedError(long, 0, 1, (EVENT,) * 100),
        errors.ArgumentError(long, field="share"),
        base.PublishRefused(long),
    ]
    for error in made:
        status = status_of(error)
        assert status.message.endswith(" ...")
        assert len(status.message) <= 1_000
        assert status.ByteSize() <= STATUS_BYTES_MAX


def test_a_bug_says_nothing_but_where() -> None:
    status = bug_status("Promote")
    assert rpc_status.to_status(status).code is Code.INTERNAL
    assert status.message == "Promote failed inside the gateway; its log says why"
    assert unpack(status)["ErrorInfo"].reason == "INTERNAL"
