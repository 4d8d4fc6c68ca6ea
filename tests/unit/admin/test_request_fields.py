"""What fields may hold; that each call checks its own is in the tests of the calls."""

import pytest

from tests.unit.admin.serving import request
from tiltyard.admin.request_fields import model_or_all, number_of_field, text_of, version_or_any
from tiltyard.control.errors import ArgumentError


def test_what_is_left_out() -> None:
    asked = request("GetDrift")
    assert model_or_all(asked) is None
    assert version_or_any(asked) is None
    assert number_of_field(request("Watch"), "after_seq", "after_seq") is None
    assert text_of(asked, "role", "role") == ""


def test_what_is_said() -> None:
    asked = request("GetDrift", model="fraud", version=2**63 - 1, role="é" * 256)
    assert model_or_all(asked) == "fraud"
    assert version_or_any(asked) == 2**63 - 1
    assert text_of(asked, "role", "role") == "é" * 256


@pytest.mark.parametrize("text", ["é" * 257, "a\nb", "\x7f"])
def test_text_that_is_no_line(text: str) -> None:
    with pytest.raises(ArgumentError, match="at most 256 printable") as caught:
        text_of(request("GetDrift", role=text), "role", "the role")
    assert caught.value.field == "the role"
    assert len(str(caught.value)) < 400
