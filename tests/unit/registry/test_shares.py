from decimal import ROUND_DOWN, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiltyard.registry import InvalidChangeError
from tiltyard.registry.shares import (
    BUCKETS,
    Percent,
    as_percent,
    bucket_percent,
    sample_percent,
    sample_to_ppm,
    share_to_buckets,
)

PLACES = Decimal("0.000001")


@pytest.mark.parametrize(
    ("percent", "buckets"),
    [
        (0, 0),
        (100, BUCKETS),
        (50.0, BUCKETS // 2),
        (Decimal("0.1"), 65),
        (0.1, 65),
        (0.001, 1),
        (5, 3276),
        (Decimal("0.000000000001"), 1),
        (Decimal("1E-999999"), 1),
        (Decimal("99.9999999999999999999999999999999999999"), BUCKETS - 1),
    ],
)
def test_none_and_all_are_exact_and_the_rest_is_rounded_down(
    percent: Percent, buckets: int
) -> None:
    assert share_to_buckets(percent) == buckets


@pytest.mark.parametrize("percent", [-1, 100.1, Decimal("NaN"), float("inf"), Decimal("-1E99")])
def test_what_is_no_share_is_refused(percent: Percent) -> None:
    with pytest.raises(InvalidChangeError, match=r"a share of .* was asked for: give a number"):
        share_to_buckets(percent)
    with pytest.raises(InvalidChangeError, match="a sample of") as caught:
        sample_to_ppm(percent)
    assert caught.value.reason == "INVALID_SAMPLE"


@settings(deadline=None)
@given(st.lists(st.integers(1, 1000), min_size=1, max_size=50))
def test_shares_of_no_more_than_all_fit_into_the_buckets(weights: list[int]) -> None:
    total = sum(weights)
    shares = [(Decimal(100 * weight) / total).quantize(PLACES, ROUND_DOWN) for weight in weights]
    assert sum(map(share_to_buckets, shares)) <= BUCKETS


@settings(deadline=None)
@given(st.integers(0, BUCKETS))
def test_a_share_that_is_shown_can_be_asked_for(buckets: int) -> None:
    exact = bucket_percent(buckets)
    assert share_to_buckets(Decimal(exact.numerator) / exact.denominator) == buckets


def test_percent_as_it_is_shown() -> None:
    assert as_percent(bucket_percent(0)) == "0%"
    assert as_percent(bucket_percent(BUCKETS)) == "100%"
    assert as_percent(bucket_percent(3276)) == "4.9988%"
    assert as_percent(sample_percent(sample_to_ppm(Decimal("12.3456")))) == "12.3456%"
    assert len({as_percent(bucket_percent(buckets)) for buckets in range(BUCKETS)}) == BUCKETS
