"""The connection of one command to a gateway, and what is said when there is none."""

import getpass
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from tiltyard.cli.admin_options import ADMIN_VARIABLE, Place
from tiltyard.errors import TiltyardError

if TYPE_CHECKING:
    from tiltyard.client.admin_client import AdminClient
    from tiltyard.client.admin_errors import AdminCallError

ACTOR_CHARACTERS_MAX = 256


class NoGatewayError(TiltyardError):
    """Nobody answers at the address, or not as a gateway."""

    exit_code: ClassVar[int] = 13


class NoAnswerError(TiltyardError):
    """The time was over."""

    exit_code: ClassVar[int] = 14


@contextmanager
def gateway_at(place: Place) -> "Iterator[AdminClient]":
    """A client of the gateway; errors of the way to it say what to do about them."""
    # Imported here: --help needs no grpc.
    from tiltyard.client.admin_errors import AdminCallError

    with open_client(place.address) as client:
        try:
            yield client
        except AdminCallError as error:
            told = _of_the_way(error, place)
            if told is None:
                raise
            raise told from error


def open_client(address: str) -> "AdminClient":
    from tiltyard.client.admin_client import AdminClient

    return AdminClient(address, actor=actor())


def actor() -> str:
    """Who asks, for the events: `anna@box`."""
    try:
        user = getpass.getuser()
    except (ImportError, KeyError, OSError):  # a user id without an account
        user = f"uid {os.getuid()}"
    told = f"{user}@{socket.gethostname()}"
    return "".join(filter(str.isprintable, told))[:ACTOR_CHARACTERS_MAX]


def _of_the_way(error: "AdminCallError", place: Place) -> TiltyardError | None:
    """What to say instead of gRPC's words; None when the gateway itself has spoken."""
    import grpc

    if error.reason:
        return None
    why = error.message.rpartition(": ")[2]
    address = f"--admin or {ADMIN_VARIABLE} is the address of its admin port"
    match error.code:
        case grpc.StatusCode.UNAVAILABLE:
            return NoGatewayError(
                f"no gateway answers at {place.address} ({why}): see that it runs, and that"
                f" {address}"
            )
        case grpc.StatusCode.UNIMPLEMENTED:
            return NoGatewayError(
                f"{place.address} does not answer operators ({why}): see that {address}"
            )
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return NoAnswerError(
                f"no answer from {place.address} in time; what was asked for may still happen:"
                " look with `tiltyard status` before asking again, or wait longer (--timeout-s)"
            )
    return None
