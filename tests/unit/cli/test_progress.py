"""What moves while a person waits, and that nothing moves where nobody looks."""

import io
import sys

import pytest
from rich.console import Console
from rich.progress import Progress

from tiltyard.cli.progress import SENT, TimeBar, clock, loading, uploading, waiting


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """To be called in a test: between fixtures and test pytest sets its own stderr again."""
    found = Terminal()
    monkeypatch.setattr(sys, "stderr", found)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    return found


def test_waiting_says_what_for(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    with waiting("loading [red]fraud[/red] version 4"):
        pass
    assert "loading [red]fraud[/red] version 4" in terminal.getvalue()
    assert "0:00:00" in terminal.getvalue()


def test_a_load_says_how_long_is_waited_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    with loading("[red]fraud[/red]", 3, 60.0):
        pass
    assert "loading [red]fraud[/red] 3" in terminal.getvalue()
    assert "0:00 of at most 1:00" in terminal.getvalue()
    assert "\u2501" * 40 in terminal.getvalue()


def test_times_are_minutes_and_seconds() -> None:
    assert [clock(seconds) for seconds in (0.9, 12, 60, 3_665.5)] == [
        "0:00",
        "0:12",
        "1:00",
        "61:05",
    ]


def test_a_bar_is_as_long_as_the_time_that_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    on_terminal(monkeypatch)
    now = 100.0
    progress = Progress(
        TimeBar(), get_time=lambda: now, console=Console(width=80, file=io.StringIO())
    )
    progress.add_task("loading", total=None, limit_s=60.0)
    for waited_s, told in ((12.0, "0:12 of at most 1:00"), (90.0, "1:00 of at most 1:00")):
        now = 100.0 + waited_s
        console = Console(width=80, file=io.StringIO(), force_terminal=True)
        with console.capture() as drawn:
            console.print(progress.get_renderable())
        assert told in drawn.get()


def test_an_upload_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    with uploading("sending fraud.onnx") as tell:
        tell(1_500_000, 3_000_000)
    assert "sending fraud.onnx" in terminal.getvalue()
    assert "1.5 MB of 3.0 MB" in terminal.getvalue()


def test_when_all_is_sent_it_says_who_is_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    with uploading("sending fraud.onnx") as tell:
        tell(3_000_000, 3_000_000)
    assert SENT in terminal.getvalue()
    assert "3.0 MB" in terminal.getvalue()


def test_a_file_gets_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with waiting("asking"), loading("fraud", 4, 60.0), uploading("sending") as tell:
        tell(1, 2)
        tell(2, 2)
    assert capsys.readouterr().err == ""
