"""The number of a version, as commands take it."""

import click
import pytest

from tiltyard.cli.version_number import VERSION


def test_a_version_is_a_whole_number_from_one() -> None:
    assert [VERSION.convert(value, None, None) for value in ("1", "007", 3)] == [1, 7, 3]


@pytest.mark.parametrize("value", ["abc", "0", "-1", "1.5", "", "²"])
def test_what_is_none_is_told(value: str) -> None:
    with pytest.raises(click.BadParameter) as caught:
        VERSION.convert(value, None, None)
    assert caught.value.message == f"a version is a whole number from 1, got {value!r}"
