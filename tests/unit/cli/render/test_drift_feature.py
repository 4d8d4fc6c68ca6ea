"""One feature before and now."""

from dataclasses import replace
from io import BytesIO, StringIO, TextIOWrapper

import pytest
from rich.console import Console

from tests.unit.cli.sample_planes import quiet_plane, sample_plane
from tests.unit.cli.screens import screen
from tiltyard.cli.render.drift_feature import drift_feature
from tiltyard.cli.render.drift_view import drift_view
from tiltyard.monitor.snapshot import Snapshot
from tiltyard.monitor.statistics.against import Against


def drawn(
    name: str,
    width: int = 80,
    plane: Snapshot | None = None,
    *,
    is_fine: bool = False,
    against: Against | None = None,
) -> list[str]:
    file = StringIO()
    console = Console(file=file, width=width, color_system=None, highlight=False)
    view = drift_view(plane or sample_plane(), against)
    measure = view.measure(name)
    assert measure is not None
    console.print(drift_feature(view, measure, console, is_fine=is_fine))
    return [line.rstrip() for line in file.getvalue().splitlines()]


@pytest.mark.parametrize("name", ["amount", "country"])
def test_both_distributions(name: str) -> None:
    assert drawn(name) == screen(f"drift_feature_{name}")


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("is_fine", [False, True])
def test_it_fits(width: int, is_fine: bool) -> None:
    for name in ("amount", "items", "country", "surprise"):
        assert max(map(len, drawn(name, width, is_fine=is_fine))) <= width


def test_every_cell_where_it_is_asked_for() -> None:
    coarse, fine = drawn("amount"), drawn("amount", is_fine=True)
    assert "--fine shows all 35 cells" in coarse
    assert len(fine) == len(coarse) + 35 - 13 - 1
    assert not any("--fine" in line for line in drawn("country"))


def test_what_a_cause_explains_is_said() -> None:
    (told,) = [line for line in drawn("items") if line.startswith("cause:")]
    assert told.startswith("cause:       missing values explain")


def test_skew_alone_is_not_said_twice() -> None:
    labels = [line.split(":")[0] for line in drawn("amount", against=Against.profile)[:8]]
    assert labels.count("skew") == 1
    assert "drift" not in labels


def test_without_rows_nothing_is_claimed() -> None:
    plane = quiet_plane()
    silent = replace(plane.current, counts=plane.profile.layout.zeros())
    lines = drawn("amount", plane=replace(plane, current=silent, history=()))
    assert "drift:       0 rows of it in this window: nothing can be said" in lines
    assert not any("nan" in line for line in lines)
    assert not any(line.startswith("history:") for line in lines)


def test_a_scale_and_a_unit() -> None:
    plane = sample_plane()
    streams = list(plane.profile.streams)
    streams[0] = replace(streams[0], scale=0.01, unit="EUR")
    told = drawn(
        "amount", plane=replace(plane, profile=replace(plane.profile, streams=tuple(streams)))
    )
    assert "unit:        the values below times 0.01, in EUR" in told


def test_a_terminal_without_blocks() -> None:
    written = BytesIO()
    file = TextIOWrapper(written, encoding="ascii")
    console = Console(file=file, width=80, color_system=None, highlight=False)
    view = drift_view(sample_plane())
    measure = view.measure("country")
    assert measure is not None
    console.print(drift_feature(view, measure, console, is_fine=False))
    file.flush()
    assert b"NO        40 % ####" in written.getvalue()
