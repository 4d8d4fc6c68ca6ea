import pytest

from bench.witness import read_faults, read_throughput

OUTPUT = """
finished in 3.00s, 222536.00 req/s, 21.45MB/s
requests: 9 total, 10 started, 9 done, 9 succeeded, 0 failed, 0 errored, 0 timeout
"""


def test_h2load_is_read() -> None:
    assert read_throughput(OUTPUT) == 222536.0
    assert read_faults(OUTPUT) == []


def test_failures_h2load_counts_are_faults() -> None:
    assert read_faults(OUTPUT.replace("0 errored", "7 errored")) == [
        "h2load counts 0 failed, 7 errored, 0 timeout"
    ]


def test_output_that_says_nothing_is_not_taken_for_success() -> None:
    with pytest.raises(ValueError, match="expected a line 'finished in'"):
        read_throughput("")
    assert read_faults("") == ["h2load printed no count of failed requests"]
