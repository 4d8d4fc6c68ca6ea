import numpy as np

from tiltyard.monitor.counting.record import HASH_WORD, TIME_WORD, wide_word


def test_the_numbers_of_a_head() -> None:
    head = np.zeros((2, 8), np.uint32)
    head[1].view(np.uint64)[:2] = (2**63 + 5, 2**64 - 1)
    assert wide_word(head, 1, TIME_WORD) == 2**63 + 5
    assert wide_word(head, 1, HASH_WORD) == 2**64 - 1
    assert wide_word(head, 0, HASH_WORD) == 0
