"""The examples in the docstrings of incidents are true."""

import doctest
import importlib

import pytest


@pytest.mark.parametrize("name", ["endpoint", "payload"])
def test_examples_are_true(name: str) -> None:
    found = doctest.testmod(importlib.import_module(f"tiltyard.monitor.incidents.{name}"))
    assert found.attempted > 0
    assert found.failed == 0
