import pytest

from tiltyard.monitor.slots import slot_of
from tiltyard.registry import Challenger, ModelState

STATES = {
    "fraud": ModelState("fraud", 3, 1, 2, challengers=(Challenger(4, "shadow"),)),
    "text": ModelState("text", 0, None),
}


@pytest.mark.parametrize(
    ("key", "slot"),
    [
        (("fraud", 1), "champion"),
        (("fraud", 2), ""),
        (("fraud", 4), "shadow"),
        (("text", 1), None),
        (("churn", 1), None),
    ],
)
def test_slots(key: tuple[str, int], slot: str | None) -> None:
    assert slot_of(STATES, key) == slot
