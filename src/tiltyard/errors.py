"""Everything that can go wrong in Tiltyard's Python half, with the exit code the CLI gives it.

A message is one sentence: what was wrong, what was expected, what came.
"""

from typing import ClassVar


class TiltyardError(Exception):
    """The base of every error a person is meant to read; anything else is a bug."""

    exit_code: ClassVar[int] = 1


class ConfigError(TiltyardError):
    """An option, an environment variable or a configuration file has no usable value."""

    exit_code = 2


class StoreError(TiltyardError):
    """The store cannot be read or written, or what lies in it is malformed."""

    exit_code = 3


class NotFoundError(StoreError):
    """The store has no such model or version."""

    exit_code = 4


class AlreadyExistsError(StoreError):
    """The version exists; versions are created once and never changed."""

    exit_code = 5


class PublishRefused(TiltyardError):  # noqa: N818 - a verdict on a model, not a failure
    """The model cannot be served, and the message says why; nothing was stored."""

    exit_code = 6


class IntegrityError(StoreError):
    """A stored file is not, byte for byte, what was published."""

    exit_code = 7


class ServeError(TiltyardError):
    """The server cannot start, or cannot go on."""

    exit_code = 8


class ClientError(TiltyardError):
    """A request could not be sent, or the server answered it with an error."""

    exit_code = 9
