from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from tests.unit.cli.sample_views import FULL, MODELS, NOBODY, NOT_RECORDED, NOW, QUIET
from tests.unit.cli.screens import screen
from tiltyard.cli.render.status_page import Status, status_page
from tiltyard.control.views import RouteView


def drawn(*routes: RouteView, width: int = 100, hint: str = "", **more: Any) -> list[str]:
    file = StringIO()
    console = Console(file=file, width=width, color_system=None, highlight=False)
    status = Status(NOW, "127.0.0.1:8003", routes, MODELS, **more)
    console.print(status_page(status, NOW + 5, console, hint))
    return [line.rstrip() for line in file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [100, 80])
def test_one_model(width: int) -> None:
    assert drawn(FULL, width=width) == screen(f"page_{width}")


def test_of_several_models_those_are_told_of_which_there_is_something_to_tell() -> None:
    assert drawn(QUIET, FULL, NOT_RECORDED, NOBODY) == screen("page_of_several")


def test_a_quiet_model_alone_has_a_next_step_too() -> None:
    assert drawn(QUIET)[-1] == (
        "next:           tiltyard publish churn FILE.onnx --admin 127.0.0.1:8003"
        "  # nothing is under way"
    )


def test_commands_go_to_the_gateway_that_was_asked() -> None:
    assert "--canary 50% --admin 127.0.0.1:8003" in drawn(FULL, address_is_default=False)[-2]


def test_a_gateway_that_is_gone_is_said_to_be() -> None:
    lines = drawn(QUIET, problem="connection\nrefused", hint="Ctrl-C ends it")
    assert lines[1] == "no answer, what follows is 5 s old: connection refused"
    assert lines[-2:] == ["", "Ctrl-C ends it"]


def test_an_empty_gateway_says_how_to_fill_it() -> None:
    assert drawn() == [
        "no models  127.0.0.1:8003  2026-11-25 10:00:00 UTC",
        "",
        "publish one with: tiltyard publish NAME FILE.onnx --admin 127.0.0.1:8003",
    ]
