"""Shares and samples: percent as people write it, whole parts as the data plane counts it."""

from decimal import Decimal
from fractions import Fraction

from tiltyard.registry.errors import InvalidChangeError

BUCKETS = 1 << 16
SAMPLE_WHOLE = 1_000_000

Percent = Decimal | float | int
# Less than a millionth of a percent is less than any part there is.
_SMALLEST = Decimal("0.000001")


def share_to_buckets(percent: Percent) -> int:
    """How many of the buckets are `percent` of them. Raises InvalidChangeError."""
    return _parts(percent, BUCKETS, "share")


def sample_to_ppm(percent: Percent) -> int:
    """How many of a million requests are `percent` of them. Raises InvalidChangeError."""
    return _parts(percent, SAMPLE_WHOLE, "sample")


def bucket_percent(buckets: int) -> Fraction:
    """The exact share of so many buckets, in percent."""
    return Fraction(100 * buckets, BUCKETS)


def sample_percent(sample_ppm: int) -> Fraction:
    """The exact sample, in percent."""
    return Fraction(100 * sample_ppm, SAMPLE_WHOLE)


def as_percent(percent: Fraction) -> str:
    """`5%`, `4.9988%`: four places tell each number of buckets from the next."""
    return f"{float(percent):.4f}".rstrip("0").rstrip(".") + "%"


def _parts(percent: Percent, whole: int, what: str) -> int:
    """Rounded down, so that shares of 100 % together always fit and none is more than was asked.

    Only what is more than nothing is at least one part: it must not be off in silence.
    """
    number = percent if isinstance(percent, Decimal) else Decimal(repr(percent))
    if not (number.is_finite() and 0 <= number <= 100):
        raise InvalidChangeError(
            f"a {what} of {percent} % was asked for",
            "give a number from 0 to 100",
            f"INVALID_{what.upper()}",
        )
    if 0 < number < _SMALLEST:
        return 1
    parts = int(Fraction(number) * whole / 100)
    return max(parts, 1) if number > 0 else 0
