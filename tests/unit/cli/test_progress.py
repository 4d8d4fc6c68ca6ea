"""What moves while a person waits, and that nothing moves where nobody looks."""

import io
import sys

import pytest

from tiltyard.cli.progress import SENT, uploading, waiting


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
    with waiting("loading"), uploading("sending") as tell:
        tell(1, 2)
        tell(2, 2)
    assert capsys.readouterr().err == ""
