from tiltyard.monitor.markers import MARKERS_KEPT, Markers
from tiltyard.monitor.snapshot import Marker
from tiltyard.registry import Event


def event(seq: int, kind: str, model: str = "fraud") -> Event:
    return Event(kind, model, seq, 2, {"from": None, "number": 1}, seq=seq, ts=float(seq))


def test_what_changes_the_traffic_is_marked() -> None:
    markers = Markers()
    kinds = ["champion_set", "version_loaded", "profile_added"]
    markers.update([event(seq, kind) for seq, kind in enumerate(kinds, 1)])
    markers.update([event(4, "champion_set", "credit")])
    assert markers.seq == 4
    assert markers.between("fraud", 0, 9) == (
        Marker(1.0, "champion of fraud set to 2"),
        Marker(3.0, "version 2 of fraud got profile 1"),
    )
    assert [one.time for one in markers.between("fraud", 2, 3)] == [3.0]
    assert markers.between("pricing", 0, 9) == ()


def test_the_newest_are_kept() -> None:
    markers = Markers()
    markers.update([event(seq, "champion_set") for seq in range(1, MARKERS_KEPT + 3)])
    kept = markers.between("fraud", 0, 1e9)
    assert (len(kept), kept[0].time) == (MARKERS_KEPT, 3.0)
