from dataclasses import replace
from io import StringIO

from rich.console import Console

from tests.unit.cli.sample_planes import quiet_plane, sample_plane
from tests.unit.cli.sample_views import NOW
from tiltyard.cli.render.drift_planes import planes_table
from tiltyard.monitor.snapshot import PlaneKey, Snapshot


def drawn(planes: list[Snapshot], *, is_terminal: bool) -> list[str]:
    file = StringIO()
    console = Console(
        file=file, width=120, color_system=None, force_terminal=is_terminal, highlight=False
    )
    console.print(planes_table(planes, NOW, console))
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_one_model_is_not_named() -> None:
    head, line = drawn([sample_plane()], is_terminal=True)
    assert head.split()[0] == "version"
    assert line.split()[:4] == ["3", "champion", "DRIFTING", "(1"]


def test_a_name_is_repeated_where_lines_are_searched() -> None:
    keys = [PlaneKey("churn", 1, "champion"), PlaneKey("fraud", 3, "champion")]
    keys.append(PlaneKey("fraud", 3, "champion", "country=NO"))
    planes = [quiet_plane(key=key) for key in keys]
    assert [line.split()[0] for line in drawn(planes, is_terminal=True)[1:]] == [
        "churn",
        "fraud",
        "3",
    ]
    assert [line.split()[0] for line in drawn(planes, is_terminal=False)[1:]] == [
        "churn",
        "fraud",
        "fraud",
    ]


def test_who_does_not_serve_is_marked() -> None:
    planes = [replace(quiet_plane(), slot="champion"), replace(quiet_plane(), slot="")]
    lines = drawn(planes, is_terminal=False)[1:]
    assert ["not serving" in line for line in lines] == [False, True]


def test_nothing_is_said_of_what_is_within_its_noise() -> None:
    _, line = drawn([quiet_plane()], is_terminal=False)
    assert line.split()[2:] == ["ok", "2", "d", "ok", "6,000"]
