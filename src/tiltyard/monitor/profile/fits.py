"""Whether a profile is of a model: its slots must be there to be read."""

from tiltyard.monitor.profile.errors import MalformedProfileError
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.signature import Signature, row_width
from tiltyard.monitor.profile.stream import Slot
from tiltyard.store.manifest import TensorSpec

_OF_NUMBERS = frozenset({"number", "one_hot", "argmax", "spread", "norm"})
_OF_STRINGS = frozenset({"length", "count_length"})
_OF_ONE = frozenset({"number", "category", "length"})


def check_fits(profile: Profile, signature: Signature, where: str) -> None:
    """Raises MalformedProfileError for a slot that the model's signature has no place for.

    `where` names the profile in errors.
    """
    told = signature.by_row()
    specs = {("input", spec.name): spec for spec in told.inputs}
    specs |= {("output", spec.name): spec for spec in told.outputs}
    for stream in profile.streams:
        if stream.slot is not None:
            spec = specs.get((stream.slot.side, stream.slot.tensor))
            problem = _problem(stream.slot, spec)
            if problem:
                raise MalformedProfileError(f"{where}: stream {stream.name!r}: {problem}")


def _problem(slot: Slot, spec: TensorSpec | None) -> str:
    """What is wrong, empty when nothing is."""
    what = f"{slot.side} {slot.tensor!r}"
    if spec is None:
        return f"the model has no {what}"
    is_text = spec.datatype == "BYTES"
    if slot.reads in (_OF_NUMBERS if is_text else _OF_STRINGS):
        return f"{what} is {spec.datatype}, and has no {slot.reads!r}"
    if slot.reads in _OF_ONE and slot.length != 1:
        return f"{slot.reads!r} reads one element of {what}, got a length of {slot.length}"
    width = row_width(spec)
    end = slot.column + slot.length
    if width is not None and end > width:
        return f"rows of {what} have {width} elements, and elements up to {end} are asked for"
    return ""
