import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiltyard.cli.drift_span import SPAN, written


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10m", 600), ("24h", 86_400), ("7 d", 604_800)]
)
def test_spans(text: str, seconds: float) -> None:
    assert SPAN.convert(text, None, None) == seconds
    assert SPAN.convert(float(seconds), None, None) == seconds


@pytest.mark.parametrize("text", ["", "0s", "10", "m", "-1m", "1.5h", "1w", "10m ", "٣m", "1 0m"])
def test_what_is_no_span(text: str) -> None:
    with pytest.raises(click.BadParameter, match="expected one such as 90s, 10m, 24h or 7d"):
        SPAN.convert(text, None, None)


@given(st.integers(1, 10**7))
def test_what_is_written_is_read(seconds: int) -> None:
    assert SPAN.convert(written(seconds), None, None) == seconds
