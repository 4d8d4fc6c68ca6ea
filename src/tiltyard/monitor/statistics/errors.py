"""What cannot be computed from the counts that were given."""

from typing import ClassVar

from tiltyard.errors import TiltyardError


class StatisticsError(TiltyardError):
    """There is nothing to hold a window against, or counts that cannot be added."""

    exit_code: ClassVar[int] = 11
