"""What can be wrong with a reference, and with the file of a profile."""

from typing import ClassVar

from tiltyard.errors import PublishRefused, StoreError


class ReferenceRefused(PublishRefused):
    """A reference cannot be read, or does not fit the model; nothing was stored."""

    exit_code: ClassVar[int] = 6


class MalformedProfileError(StoreError):
    """What lies in the file of a profile or a baseline is not what belongs there."""

    exit_code: ClassVar[int] = 3
