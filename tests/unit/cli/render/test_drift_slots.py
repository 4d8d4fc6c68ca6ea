from dataclasses import replace

import pytest

from tests.unit.cli.sample_planes import quiet_plane
from tiltyard.cli.render.drift_slots import is_of_now, slot_words
from tiltyard.monitor.snapshot import PlaneKey


@pytest.mark.parametrize(
    ("role", "slot", "told"),
    [
        ("champion", "champion", ""),
        ("champion", None, ""),
        ("champion", "", ", not serving"),
        ("canary", "champion", ", now champion"),
        ("champion-as", "canary", ""),
        ("shadowed", "shadow", ""),
        ("shadowed", "canary", ", now canary"),
        ("shadow", "champion", ""),
    ],
)
def test_what_is_said_of_a_plane_of_the_past(role: str, slot: str | None, told: str) -> None:
    plane = replace(quiet_plane(key=PlaneKey("fraud", 3, role)), slot=slot)
    assert slot_words(plane) == told
    assert is_of_now(plane) == (not told)
