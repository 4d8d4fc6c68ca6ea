"""The head of a record in 4-byte words, as native/stats/record.h lays it out.

u64 time_ns, u64 request_hash, u32 request_rows, u32 row, u32 latency_ns, u32 flags; then the slots.
kernels.py compiles these numbers in, and its cache does not notice when they change here.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

HEAD_WORDS: Final = 8
TIME_WORD: Final = 0
HASH_WORD: Final = 2
REQUEST_ROWS_WORD: Final = 4
ROW_WORD: Final = 5

Words = npt.NDArray[np.uint32]


def wide_word(words: Words, row: int, word: int) -> int:
    """The u64 of a record that begins at `word`.

    >>> wide_word(np.array([[7, 1, 0, 0, 1, 0, 0, 0]], np.uint32), 0, TIME_WORD)
    4294967303
    """
    return int(words[row, word]) | int(words[row, word + 1]) << 32
