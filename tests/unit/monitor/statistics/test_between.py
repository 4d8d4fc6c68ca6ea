"""A challenger's answers against the champion's."""

import numpy as np
import pytest

from tests.unit.monitor.statistics.samples import (
    SCORE,
    counts_of,
    draw_rows,
    mixed_profile,
    snapshot_of,
    window,
)
from tiltyard.monitor.statistics.between import between

PROFILE = mixed_profile()


def test_outputs_differ_where_the_models_do_and_features_do_not() -> None:
    champion = draw_rows(np.random.default_rng(3), 600)
    challenger = dict(champion)
    challenger[SCORE] = champion[SCORE] ** 2
    snapshot = snapshot_of(
        PROFILE,
        window(counts_of(PROFILE, challenger)),
        compared=window(counts_of(PROFILE, champion)),
    )
    found = between(snapshot)
    assert found is not None
    assert found.against == "champion"
    moved = {one.stream: one.psi_excess or 0.0 for one in found.streams}
    assert None not in {one.psi_excess for one in found.streams}
    assert moved.pop(SCORE) > 0.05
    assert set(moved.values()) == {0.0}
    assert {one.js_distance for one in found.streams if one.stream != SCORE} == {0.0}
    score = next(one for one in found.streams if one.stream == SCORE)
    shift = (challenger[SCORE].mean() - champion[SCORE].mean()) / PROFILE.streams[4].sigma
    assert score.location == pytest.approx(shift, abs=1e-4)


def test_a_champion_has_nothing_to_be_compared_with() -> None:
    counts = counts_of(PROFILE, draw_rows(np.random.default_rng(3), 10))
    assert between(snapshot_of(PROFILE, window(counts))) is None
