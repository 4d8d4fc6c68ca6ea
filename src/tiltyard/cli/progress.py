"""What moves while a person waits: on stderr, and only if that is a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

OnProgress = Callable[[int, int], None]

SENT: Final = "sent; the gateway checks it and runs it"


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """A spinner and the seconds."""
    with _progress() as progress:
        progress.add_task(text, total=None)
        yield


@contextmanager
def uploading(text: str) -> Iterator[OnProgress]:
    """A bar until all is sent, then a spinner. What it gives may be called on any thread."""
    with _progress(BarColumn(), TextColumn("{task.fields[size]}")) as progress:
        task = progress.add_task(text, total=None, size="")

        def tell(sent: int, total: int) -> None:
            if sent == total:  # a bar of no known length: how long the rest takes is not known
                progress.update(task, description=SENT, total=None, size=decimal(total))
                return
            size = f"{decimal(sent)} of {decimal(total)}"
            progress.update(task, completed=sent, total=total, size=size)

        yield tell


def _progress(*columns: BarColumn | TextColumn) -> Progress:
    """It leaves nothing behind."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        *columns,
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
