import pytest

from bench.scenarios.native import read_values


def test_numbers_are_named_by_bench_and_unit() -> None:
    output = '{"bench": "decode", "ns": 46.7}\n{"bench": "ring", "ns": 3, "per_s": 9}\n'
    assert read_values(output) == {"decode_ns": 46.7, "ring_ns": 3.0, "ring_per_s": 9.0}


def test_anything_else_is_an_error() -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        read_values("decode took 46 ns")
