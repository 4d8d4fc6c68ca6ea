"""Errors of statistics are sentences for people."""

from tiltyard.errors import TiltyardError
from tiltyard.monitor.statistics.errors import StatisticsError


def test_a_person_is_meant_to_read_it() -> None:
    error = StatisticsError("there are no snapshots to merge")
    assert isinstance(error, TiltyardError)
    assert error.exit_code == 11
