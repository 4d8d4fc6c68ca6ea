"""What moves while a person waits: on stderr, and only if that is a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.filesize import decimal
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress_bar import ProgressBar
from rich.table import Table

OnProgress = Callable[[int, int], None]

BAR_WIDTH: Final = 40
SENT: Final = "sent; the gateway checks it and runs it"


class TimeBar(ProgressColumn):
    """How much of the time is over that is waited at most; how far a load is nobody tells."""

    def render(self, task: Task) -> Table:
        limit_s = task.fields["limit_s"]
        waited_s = min(task.elapsed or 0.0, limit_s)
        row = Table.grid(padding=(0, 1, 0, 0))
        row.add_row(
            ProgressBar(total=limit_s, completed=waited_s, width=BAR_WIDTH),
            f"{clock(waited_s)} of at most {clock(limit_s)}",
        )
        return row


@contextmanager
def loading(name: str, version: int, limit_s: float) -> Iterator[None]:
    """A bar of the time that is waited at most."""
    with _progress(TimeBar()) as progress:
        progress.add_task(f"loading {name} {version}", total=None, limit_s=limit_s)
        yield


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """A spinner and the seconds."""
    with _progress(TimeElapsedColumn()) as progress:
        progress.add_task(text, total=None)
        yield


@contextmanager
def uploading(text: str) -> Iterator[OnProgress]:
    """A bar until all is sent, then a spinner. What it gives may be called on any thread."""
    size = TextColumn("{task.fields[size]}")
    with _progress(BarColumn(BAR_WIDTH), size, TimeElapsedColumn()) as progress:
        task = progress.add_task(text, total=None, size="")

        def tell(sent: int, total: int) -> None:
            if sent == total:  # a bar of no known length: how long the rest takes is not known
                progress.update(task, description=SENT, total=None, size=decimal(total))
                return
            told = f"{decimal(sent)} of {decimal(total)}"
            progress.update(task, completed=sent, total=total, size=told)

        yield tell


def clock(seconds: float) -> str:
    """`0:12`, `61:05`: minutes and seconds."""
    minutes, left = divmod(int(seconds), 60)
    return f"{minutes}:{left:02}"


def _progress(*columns: ProgressColumn) -> Progress:
    """It leaves nothing behind."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        *columns,
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
