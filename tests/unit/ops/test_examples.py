"""The examples in the docstrings of metrics are true."""

import doctest
import importlib

import pytest


@pytest.mark.parametrize("name", ["metrics_buckets", "metrics_codes", "metrics_text"])
def test_examples_are_true(name: str) -> None:
    found = doctest.testmod(importlib.import_module(f"tiltyard.ops.{name}"))
    assert found.attempted > 0
    assert found.failed == 0
