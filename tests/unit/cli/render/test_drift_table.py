"""The table at the widths of terminals, and in a pipe."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from tests.unit.cli.sample_planes import PIECES, quiet_plane, sample_plane
from tiltyard.cli.render.drift_table import beside_table, drift_table, hidden_words
from tiltyard.cli.render.drift_view import drift_view
from tiltyard.monitor.snapshot import Snapshot


def drawn(plane: Snapshot, width: int, features_max: int | None = None) -> list[str]:
    file = StringIO()
    console = Console(file=file, width=width, color_system=None, highlight=False)
    console.print(drift_table(drift_view(plane), console, features_max))
    return [line.rstrip() for line in file.getvalue().splitlines()]


@pytest.mark.parametrize("features", [5, 30, 200])
@pytest.mark.parametrize("width", [80, 100, 120, 160])
def test_it_fits_and_has_each_feature(features: int, width: int) -> None:
    plane = sample_plane(features)
    lines = drawn(plane, width)
    assert max(map(len, lines)) <= width
    told = "".join(line.split(" ")[0] for line in lines if not line.startswith("! "))
    assert all(
        stream.name in told
        for stream in plane.profile.streams
        if stream.name not in ("amount", "items")
    )
    assert sum("▁" in line or "█" in line for line in lines) == features + 3


def test_the_most_changed_come_first_and_those_an_alarm_names_are_marked() -> None:
    lines = drawn(sample_plane(), 120)
    assert [line.split()[:2] for line in lines[1:4]] == [
        ["!", "items"],
        ["country", "0.135"],
        ["!", "amount"],
    ]
    assert lines[7] == "outputs"
    assert lines[10] == "rows as a whole"


def test_how_long_the_blocks_are_together() -> None:
    assert "last 4 h" in drawn(sample_plane(), 200)[0]
    assert "last 3 h" in drawn(sample_plane(), 110)[0]
    assert "last 2 h" in drawn(sample_plane(), 80)[0]
    short = replace(sample_plane(), history=sample_plane().history[-2:])
    assert "last 20 min" in drawn(short, 80)[0]
    assert not any("▁" in line for line in drawn(replace(short, history=()), 80))


def test_a_wide_terminal_tells_the_skew_and_the_cell() -> None:
    head, items, *_ = drawn(sample_plane(), 160)
    assert head.endswith("skew PSI  most changed")
    assert items.endswith("0.453  MISSING: 0 % -> 6 %")
    assert "skew PSI" not in drawn(replace(sample_plane(), baseline=None), 160)[0]


def test_a_window_without_rows_has_no_figures() -> None:
    plane = quiet_plane()
    silent = replace(plane, current=replace(plane.current, counts=plane.profile.layout.zeros()))
    line = drawn(silent, 120)[1]
    assert line.split()[1:3] == ["-", "-"]
    assert "nan" not in "".join(drawn(silent, 200))


def test_a_limit_hides_the_least_changed_and_says_so() -> None:
    plane = sample_plane(200)
    assert len(drawn(plane, 200, 20)) == len(drawn(plane, 200)) - 180
    view = drift_view(plane)
    assert hidden_words(view, 20) == "180 more features, none of them above the noise"
    assert hidden_words(view, 2) == "198 more features, 1 of them above the noise"
    assert hidden_words(view, 199) == "1 more feature, none of them above the noise"
    assert hidden_words(view, None) == hidden_words(view, 200) == ""


def test_a_challengers_outputs() -> None:
    plane = sample_plane()
    view = drift_view(replace(plane, compared=plane.history[0]))
    assert view.beside is not None
    file = StringIO()
    Console(file=file, width=100, color_system=None).print(beside_table(view.beside))
    head, *lines = file.getvalue().splitlines()
    assert head.split() == [
        "output",
        "PSI",
        "noise",
        "KS",
        "mean,",
        "sd",
        "rows",
        "most",
        "changed",
    ]
    assert [line.split()[0] for line in lines] == ["score"]


def test_names_that_are_markup_or_empty() -> None:
    plane = quiet_plane()
    names = ["[red]x[/red]", "", "a\x1b[2J"]
    streams = tuple(
        replace(stream, name=names[at] if at < len(names) else stream.name)
        for at, stream in enumerate(plane.profile.streams)
    )
    odd = replace(plane, profile=replace(plane.profile, streams=streams))
    told = "\n".join(drawn(odd, 120))
    assert "[red]x[/red]" in told
    assert '""' in told
    assert "a?[2J" in told
    assert len(odd.history) == PIECES
