"""A backtest as a program reads it."""

from typing import Any

from tiltyard.cli.render.as_json import plain
from tiltyard.monitor.backtest.backtest import Backtest


def to_json(backtest: Backtest) -> dict[str, Any]:
    """Its fields and those of its parts; times in unix seconds, delays in seconds, sorted."""
    found: dict[str, Any] = plain(backtest)
    return found
