import pytest

from bench.instructions import busiest_thread
from bench.server import ServerError

DUMP = "# callgrind format\nthread: 5\nsummary: 817\n\nfn=(1) run\n12 817\n\ntotals: {}\n"


def test_the_thread_that_ran_the_most_is_counted() -> None:
    assert busiest_thread(DUMP.format(number) for number in (682, 820_694_816, 0)) == 820_694_816


def test_no_dump_is_an_error() -> None:
    with pytest.raises(ServerError, match="wrote no dump with a line 'totals:'"):
        busiest_thread(["# callgrind format\n"])
