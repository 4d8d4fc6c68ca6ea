"""The folder that an upload lies in: locked while its gateway lives, swept away after a crash."""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Final

PREFIX: Final = "tiltyard-upload-"
# A folder that is younger may be of a gateway that is about to lock it.
SWEEP_AGE_S: Final = 60.0


class UploadFolder:
    """A new folder in `parent`, or where temporary files go. Raises OSError."""

    def __init__(self, parent: Path | None = None) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        self._lock: int | None = _lock(self.path)

    def remove(self) -> None:
        """Delete it with all that is in it. Idempotent."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def sweep(parent: Path | None = None, *, age_s: float = SWEEP_AGE_S) -> int:
    """Delete the folders of gateways that are gone; how many there were."""
    swept = 0
    for path in Path(parent or tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # another gateway's, or another sweeper was faster
            if time.time() - path.stat().st_mtime < age_s:
                continue
            lock = _lock(path)
            try:
                shutil.rmtree(path)
            finally:
                os.close(lock)
            swept += 1
    return swept


def _lock(path: Path) -> int:
    """A handle that holds the folder's lock until it is closed, also by the end of the process."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise
    return handle
