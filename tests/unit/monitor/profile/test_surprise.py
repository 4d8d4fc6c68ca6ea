"""The reference's surprise against that of rows drawn as they were."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from tiltyard.monitor.profile.binning import cells_of
from tiltyard.monitor.profile.build import profile_of_columns
from tiltyard.monitor.profile.cells import CellRole, Kind
from tiltyard.monitor.profile.declaration import Declaration
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.recount import profile_scores
from tiltyard.monitor.profile.surprise import reference_surprise

ROWS = 3_000

Columns = dict[str, npt.NDArray[np.float32]]
Draw = Callable[[np.random.Generator, int], Columns]


def normal(chance: np.random.Generator, rows: int) -> Columns:
    return {f"f{i}": chance.normal(size=rows).astype(np.float32) for i in range(20)}


def mixed(chance: np.random.Generator, rows: int) -> Columns:
    """Binary, few values, many values, half zeros."""
    zeros = np.where(chance.random(rows) < 0.5, 0.0, chance.exponential(size=rows))
    found = (chance.random(rows) < 0.02, chance.poisson(3, rows), chance.zipf(2.5, rows), zeros)
    return {f"f{i}": column.astype(np.float32) for i, column in enumerate(found)}


def words_of(columns: Columns) -> npt.NDArray[np.uint32]:
    return np.stack([column.view(np.uint32) for column in columns.values()], axis=1)


def surprise_of(profile: Profile) -> npt.NDArray[np.float64]:
    (found,) = (one for one in profile.streams if one.name == "surprise")
    return found.counts / found.rows


@pytest.mark.parametrize("draw", [normal, mixed])
@pytest.mark.parametrize("seed", range(3))
def test_fresh_rows_are_as_surprising(draw: Draw, seed: int) -> None:
    chance = np.random.default_rng(seed)
    profile = profile_of_columns(draw(chance, ROWS))
    (stream,) = (one for one in profile.streams if one.name == "surprise")
    fresh, _ = profile_scores(profile, words_of(draw(chance, 50_000)))
    # Four standard errors of a reference of so many rows.
    assert abs(fresh.mean() - stream.mean) / stream.sigma < 4 / np.sqrt(ROWS)
    live = np.bincount(cells_of(stream.cells, fresh.view(np.uint32)), minlength=stream.cells.size)
    assert live[stream.cells.roles.index(CellRole.above)] / 50_000 < 3e-3
    assert live[stream.cells.roles.index(CellRole.below)] / 50_000 < 3e-3


def test_a_row_is_held_against_the_others() -> None:
    """1 is below the rest, 9 above, 5 between them and nowhere else; twice 3, and 60 times 4."""
    values = np.array([1, 3, 3, 5, 9] + [4] * 60, np.float32)
    declaration = Declaration(kinds={"a": Kind.discrete})
    profile = profile_of_columns({"a": values}, declaration=declaration)
    cells, words = profile.streams[0].cells, values.view(np.uint32)
    found = reference_surprise([cells], [words], cells_of(cells, words)[:, None])
    whole = len(values) + 0.5 * cells.size
    expected = -np.log2(np.array([0.5, 1.5, 1.5, 0.5, 0.5] + [60.5] * 60) / whole)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
