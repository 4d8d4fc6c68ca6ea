import pytest

from tiltyard.control.rates import Rates

KEY, OTHER = ("m", 1, 0), ("m", 1, 1)


def test_a_rate_needs_two_looks() -> None:
    rates = Rates()
    assert rates.get(KEY) is None
    rates.update(0.0, {KEY: 5})
    assert rates.get(KEY) is None
    rates.update(2.0, {KEY: 25})
    assert rates.get(KEY) == 10.0


def test_it_is_over_the_window_and_no_longer() -> None:
    rates = Rates(window_s=5.0)
    for second in range(21):
        rates.update(second, {KEY: 100 * second if second < 10 else 1000})
    assert rates.get(KEY) == 0.0
    rates.update(21, {KEY: 1050})
    assert rates.get(KEY) == pytest.approx(10.0)


def test_looks_that_come_late_still_give_a_rate() -> None:
    rates = Rates(window_s=5.0)
    rates.update(0.0, {KEY: 0})
    rates.update(60.0, {KEY: 600})
    assert rates.get(KEY) == 10.0


def test_arms_that_are_gone_are_forgotten() -> None:
    rates = Rates()
    rates.update(0.0, {KEY: 0, OTHER: 0})
    rates.update(1.0, {KEY: 10, OTHER: 20})
    assert (rates.get(KEY), rates.get(OTHER)) == (10.0, 20.0)
    rates.update(2.0, {OTHER: 30})
    assert rates.get(KEY) is None
    assert rates.get(OTHER) == 15.0


def test_an_arm_that_counts_anew_has_no_negative_rate() -> None:
    """A version that was loaded again has a new rollout at the same epoch."""
    rates = Rates()
    rates.update(0.0, {KEY: 1000})
    rates.update(1.0, {KEY: 1100})
    rates.update(2.0, {KEY: 5})
    assert rates.get(KEY) is None
    rates.update(3.0, {KEY: 15})
    assert rates.get(KEY) == 10.0


def test_two_looks_at_one_moment_give_none() -> None:
    rates = Rates()
    rates.update(1.0, {KEY: 0})
    rates.update(1.0, {KEY: 9})
    assert rates.get(KEY) is None
