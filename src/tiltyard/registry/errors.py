"""What the registry refuses, and when it cannot be used.

A refusal says what was asked, why not, and what to do; `remedy` is that last part by itself, and
`reason` a word that programs can compare.
"""

from typing import ClassVar

from tiltyard.errors import TiltyardError


class TransitionError(TiltyardError):
    """A change was asked for and not made."""

    exit_code: ClassVar[int] = 10

    def __init__(self, what: str, remedy: str, reason: str) -> None:
        super().__init__(f"{what}: {remedy}")
        self.what = what
        self.remedy = remedy
        self.reason = reason


class InvalidChangeError(TransitionError):
    """The request is wrong whatever the model's state is."""


class RefusedChangeError(TransitionError):
    """The model's state does not allow it."""


class NothingToChangeError(TransitionError):
    """What was asked for is so already; the epoch stays."""


class UnknownModelError(TransitionError):
    """The registry has no such model."""

    exit_code = 4

    def __init__(self, name: str) -> None:
        super().__init__(
            f"there is no model {name}", "look at the names, or publish it first", "UNKNOWN_MODEL"
        )


class UnknownVersionError(TransitionError):
    """The model has no such version."""

    exit_code = 4


class VersionChangedError(TransitionError):
    """A version has another digest than it was noted with; versions are never changed."""

    exit_code = 7


class IdempotencyMismatchError(TransitionError):
    """The idempotency key was used for another request."""


class RegistryUnavailableError(TiltyardError):
    """The registry cannot be read or written now; nothing was changed.

    `reason` is one of LOCKED, READ_ONLY, FULL, UNREADABLE, DAMAGED, FAILED.
    """

    exit_code: ClassVar[int] = 11

    def __init__(self, cause: str, remedy: str, reason: str) -> None:
        self.cause = cause
        self.what = f"nothing was changed, because {cause}"
        super().__init__(f"{self.what}: {remedy}")
        self.remedy = remedy
        self.reason = reason
