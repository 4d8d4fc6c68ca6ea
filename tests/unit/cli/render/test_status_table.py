from collections.abc import Sequence
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from tests.unit.cli.sample_views import CHAMPION, FULL, NOBODY, NOW, PROMOTED, QUIET
from tests.unit.cli.screens import screen
from tiltyard.cli.render.status_table import status_table
from tiltyard.control.views import RouteView


def drawn(routes: Sequence[RouteView], width: int, *, is_terminal: bool = False) -> list[str]:
    file = StringIO()
    console = Console(
        file=file,
        width=width,
        force_terminal=is_terminal,
        color_system=None,
        _environ={"TERM": "xterm"},  # a dumb one is 80 wide, whatever is asked for
    )
    console.print(status_table(routes, NOW, console))
    return [line.rstrip() for line in file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [100, 88, 80])
def test_one_model(width: int) -> None:
    assert drawn([FULL], width) == screen(f"table_{width}")


def test_several_models_on_a_terminal_are_named_once() -> None:
    lines = drawn([QUIET, PROMOTED, NOBODY], 120, is_terminal=True)
    assert lines == screen("table_of_several")


def test_in_a_pipe_every_line_has_its_model() -> None:
    lines = drawn([QUIET, FULL], 10_000)
    assert [line.split()[0] for line in lines] == ["model", "churn", *["fraud"] * 4]


def test_what_was_not_measured_is_no_number() -> None:
    unknown = replace(
        CHAMPION,
        since_unix_s=0,
        requests=0,
        share_measured=None,
        requests_per_s=None,
        errors={},
        latency=None,
    )
    loading = replace(FULL.challengers[1], state="loading", agreement=None, requests_per_s=None)
    route = replace(FULL, champion=unknown, challengers=(loading,), previous=None)
    _, champion, shadow = drawn([route], 100)
    assert champion.split() == ["champion", "3", "-", "100", "%", *"-----", "ready"]
    assert shadow.split()[-7:] == [*"------", "loading"]


def test_long_names_are_folded_not_cut() -> None:
    lines = drawn([replace(PROMOTED, model="pricing-of-everything"), QUIET], 80, is_terminal=True)
    head = lines[0].index("version")
    assert "".join(line[:head].strip() for line in lines[1:-1]) == "pricing-of-everything"
