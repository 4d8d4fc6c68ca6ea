"""Reading a file of a local store, so that nobody else has to wait for it."""

import mmap
import os
from pathlib import Path
from typing import Final

LARGE_BYTES: Final = 256 * 1024


def read_whole(path: Path) -> bytes | memoryview:
    """The whole file. Raises OSError.

    A large one is read into memory that is touched first by the kernel's copy, without the GIL:
    bytes would be zeroed or joined with it held, and whoever rolls back would wait.
    """
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        if size <= LARGE_BYTES:
            return file.readall()
        # Imported here: what reads manifests does without the engine.
        from tiltyard._core import read_in_pieces

        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        data = memoryview(mmap.mmap(-1, size, flags=flags))
        read = read_in_pieces(file.fileno(), data)
    if read < size:
        raise OSError(f"{path} has {read} bytes, and had {size} when it was opened")
    return data
