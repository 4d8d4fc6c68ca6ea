"""Reading a large file so that nobody else has to wait for it."""

import mmap
import os
from pathlib import Path
from typing import Final

# What is asked of the kernel at once: while it copies, its core may do nothing else. Linux copies
# up to fifteen folios of 2 MB before it looks, which is 10 ms.
PIECE_BYTES: Final = 256 * 1024


def read_in_pieces(path: Path) -> bytes | memoryview:
    """The whole file. Raises OSError.

    A large one is read into memory that is touched first by the kernel's copy, without the GIL:
    bytes would be zeroed or joined with it held, and whoever rolls back would wait.
    """
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        if size <= PIECE_BYTES:
            return file.readall()
        data = memoryview(mmap.mmap(-1, size))
        at = 0
        while at < size:
            read = file.readinto(data[at : at + PIECE_BYTES])
            if not read:
                raise OSError(f"{path} has {at} bytes, and had {size} when it was opened")
            at += read
        return data
