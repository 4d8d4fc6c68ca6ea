"""What goes to a terminal and what to a pipe."""

import io
import sys

import pytest
from rich.table import Table
from rich.text import Text

from tests.unit.cli.sample_views import QUIET
from tiltyard.cli import screen
from tiltyard.cli.admin_options import Place


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def table() -> Table:
    found = Table(box=None)
    found.add_column("a")
    found.add_column("b")
    found.add_row(Text("x" * 300, style="red"), "")
    return found


def test_a_pipe_gets_plain_lines_of_any_length(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    screen.show(table(), screen.make_console())
    head, row = capsys.readouterr().out.splitlines()
    assert row.strip() == "x" * 300
    assert (head, row) == (head.rstrip(), row.rstrip())


def test_a_terminal_gets_its_width_and_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = Terminal()
    monkeypatch.setattr(sys, "stdout", stdout)
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    screen.show(table(), screen.make_console())
    assert "\x1b[31m" in stdout.getvalue()
    assert "x" * 41 not in stdout.getvalue()


def test_a_change_is_told_with_the_time_of_now(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(screen, "now", lambda: 0.0)
    screen.show_change("done", QUIET, Place("a:1", is_default=True), as_json=False)
    assert capsys.readouterr().out == "done\n  now:  champion 1, epoch 1\n"
    screen.show_change("done", QUIET, Place("a:1", is_default=True), as_json=True)
    assert '"model": "churn"' in capsys.readouterr().out
