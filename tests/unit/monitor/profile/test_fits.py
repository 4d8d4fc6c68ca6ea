from dataclasses import replace

import pytest

from tests.unit.monitor.profile.references import MIXED, mixed_profile
from tiltyard.monitor.profile.errors import MalformedProfileError
from tiltyard.monitor.profile.fits import check_fits
from tiltyard.monitor.profile.stream import Slot

PROFILE = mixed_profile()


def test_a_profile_fits_the_model_it_was_made_of() -> None:
    check_fits(PROFILE, MIXED, "here")


@pytest.mark.parametrize(
    ("slot", "sentence"),
    [
        (Slot("input", "age", 0, 1, "number"), "the model has no input 'age'"),
        (Slot("output", "amount", 0, 1, "number"), "the model has no output 'amount'"),
        (Slot("input", "city", 0, 1, "number"), "input 'city' is BYTES, and has no 'number'"),
        (Slot("input", "amount", 0, 1, "length"), "'amount' is FP32, and has no 'length'"),
        (
            Slot("input", "color", 0, 3, "number"),
            "'number' reads one element of input 'color'",
        ),
        (
            Slot("input", "color", 1, 3, "one_hot"),
            "of input 'color' have 3 elements, and .* 4",
        ),
        (Slot("input", "amount", 30, 1, "number"), "have 1 elements, and elements up to 31 are"),
    ],
)
def test_what_the_model_has_not_is_named(slot: Slot, sentence: str) -> None:
    streams = (replace(PROFILE.streams[0], slot=slot), *PROFILE.streams[1:])
    with pytest.raises(MalformedProfileError, match=f"^here: stream 'amount': .*{sentence}"):
        check_fits(replace(PROFILE, streams=streams), MIXED, "here")
