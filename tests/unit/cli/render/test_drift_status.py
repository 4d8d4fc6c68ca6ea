from dataclasses import replace

from tests.unit.cli.sample_planes import ALARM, CLOSED
from tests.unit.cli.sample_views import NOW
from tiltyard.cli.render.drift_status import drift_notes


def test_alarms_that_are_open_and_page() -> None:
    seen = replace(ALARM, acknowledged_by="ann", streams=())
    skew = replace(ALARM, kind="skew")
    found = [(note.label, note.told, note.style) for note in drift_notes([ALARM, seen], NOW)]
    told = "fraud version 3 champion, since 50 min (09:10)"
    assert found == [
        ("drift", f"{told}: amount, items; see it with: tiltyard drift alarms", "bold red"),
        ("drift", told, "dim"),
    ]
    assert list(drift_notes([CLOSED, skew], NOW)) == []
