"""What cannot be counted, and why."""

from tiltyard.errors import TiltyardError


class CountingError(TiltyardError):
    """A profile, a block of records or a vector of counts does not fit; nothing was counted."""
