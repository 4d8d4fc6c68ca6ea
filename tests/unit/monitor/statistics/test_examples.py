"""The examples in the docstrings of statistics are true, and no warning is raised on the way."""

import doctest
import importlib
import pkgutil

import pytest

from tiltyard.monitor import statistics

MODULES = [module.name for module in pkgutil.iter_modules(statistics.__path__)]
WITHOUT_AN_EXAMPLE = {
    "against", "between", "cause", "distances", "errors", "measure", "measure_stream", "merge",
    "moments", "ranking", "report", "series", "stream_table",
}  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name: str) -> None:
    module = importlib.import_module(f"tiltyard.monitor.statistics.{name}")
    found = doctest.testmod(module)
    assert found.failed == 0
    assert (found.attempted == 0) == (name in WITHOUT_AN_EXAMPLE)
