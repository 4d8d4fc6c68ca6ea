from dataclasses import replace

from tests.unit.cli.sample_planes import quiet_plane, sample_plane
from tests.unit.cli.sample_views import HOUR, NOW
from tiltyard.cli.render.drift_notes import baseline_words, notes, window_words
from tiltyard.monitor.snapshot import Marker

QUIET = quiet_plane()


def test_nothing_of_what_is_as_it_should_be() -> None:
    assert list(notes(QUIET, NOW)) == []


def test_what_is_missing() -> None:
    plane = replace(
        QUIET,
        offered=10_000,
        dropped=12,
        lag_s=5.1,
        current=replace(QUIET.current, gap_s=42.0),
        problems=("week_ago lacks the rows of b",),
    )
    assert [(note.label, note.told, note.style) for note in notes(plane, NOW)] == [
        ("not counted", "12 of 10,000 rows (0.12 %): the monitor did not keep up", "red"),
        ("not watched", "42 s of the 10 min", "red"),
        ("lag", "the newest row that is counted is 5 s old", "dim"),
        ("problem", "week_ago lacks the rows of b", "red"),
    ]


def test_the_profile_and_what_has_happened() -> None:
    warnings = tuple(f"column {at} is constant" for at in range(5))
    markers = tuple(Marker(NOW - at * HOUR, f"thing {at}") for at in range(9, 0, -1))
    plane = replace(QUIET, profile=replace(QUIET.profile, warnings=warnings), markers=markers)
    told = [note.told for note in notes(plane, NOW)]
    assert told[2:5] == [
        "column 2 is constant",
        "and 2 more warnings; see them with: tiltyard inspect fraud 3",
        "thing 1, 1 h ago (09:00)",
    ]
    assert len(told) == 7


def test_windows_and_baselines() -> None:
    assert window_words(QUIET.current) == (
        "10 min to 2026-11-25 10:00:00 UTC, 6,000 rows in 2,000 requests"
    )
    plane = sample_plane()
    assert baseline_words(plane.baseline, NOW) == (
        "4 (8f14e45fceea), 20,000 rows, Nov 23 10:00 to Nov 24 10:00, accepted by ann@box 3 h ago"
        " (07:00)"
    )
    assert baseline_words(None, NOW) == "none accepted yet"
