"""Changes made in the words of one feature."""

import numpy as np
import pytest

from tests.unit.monitor.backtest.months import Month
from tests.unit.monitor.small_profile import COUNTRY, watched
from tiltyard.monitor.backtest.change import CHANGES, Change
from tiltyard.monitor.profile.cells import CODE_MISSING

RNG = np.random.default_rng(0)


def test_a_shift_moves_every_finite_value_by_sigmas() -> None:
    profile, _ = Month(rows=2_000, days=3).made()
    stream = profile.streams[0]
    values = np.array([1.0, -2.0, np.nan, np.inf], np.float32)
    words = Change(shift_sigma=0.5).made(values.view(np.uint32), stream, -1, RNG)
    found = words.view(np.float32)
    assert found[:2] == pytest.approx(values[:2] - 0.5 * stream.sigma)
    assert np.isnan(found[2])
    assert found[3] == np.inf


def test_some_rows_go_missing_in_the_words_of_the_kind() -> None:
    profile, _ = Month(rows=2_000, days=3).made()
    words = np.zeros(10_000, np.uint32)
    gone = Change(missing=0.05).made(words, profile.streams[0], 1, RNG)
    assert np.isnan(gone.view(np.float32)).mean() == pytest.approx(0.05, abs=0.01)
    country = watched("country", 1, "category", COUNTRY)
    gone = Change(missing=0.05).made(words, country, 1, RNG)
    assert np.mean(gone == CODE_MISSING) == pytest.approx(0.05, abs=0.01)


def test_only_numbers_that_vary_are_shifted() -> None:
    profile, _ = Month(rows=2_000, days=3, features=1, discrete=1).made()
    shift, missing = CHANGES[0], CHANGES[-1]
    number, few, surprise = profile.streams[:3]
    assert shift.can_be_made(number)
    assert not shift.can_be_made(few)
    assert missing.can_be_made(few)
    assert not missing.can_be_made(surprise)
    assert not shift.can_be_made(watched("country", 1, "category", COUNTRY))
    assert [change.name for change in CHANGES] == [
        "0.2 sigma",
        "0.5 sigma",
        "1 sigma",
        "5 % missing",
    ]
