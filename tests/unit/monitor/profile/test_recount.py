"""The recount of a plane, against loops over rows and words."""

import math

import numpy as np
import pytest

from tests.unit.monitor.profile.references import MIXED, mixed_profile, mixed_table
from tiltyard.monitor.counting.layout import HEAD, Z_MAX, Z_SHIFT, Z_UNITS
from tiltyard.monitor.profile.binning import Words, cells_of
from tiltyard.monitor.profile.declaration import Declaration
from tiltyard.monitor.profile.joint import Halves
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.recount import count_rows, profile_scores
from tiltyard.monitor.profile.reference import Table, match
from tiltyard.monitor.profile.stream import Group
from tiltyard.monitor.profile.words import slot_words


def words_of(profile: Profile, rows: int = 600, seed: int = 0) -> Words:
    reference = match(Table(mixed_table(rows, seed)), MIXED, Declaration())
    tensors = {**reference.inputs, **reference.outputs}
    return np.stack([slot_words(slot, tensors[slot.tensor]) for slot in profile.slots], axis=1)


def test_the_reference_counts_as_the_profile_says() -> None:
    profile = mixed_profile()
    counts = count_rows(profile, words_of(profile))
    for index, stream in enumerate(profile.streams):
        found = profile.layout.cells(counts, index)
        if stream.group is not Group.joint:
            assert found.tolist() == stream.counts.tolist(), stream.name
        assert found.sum() == 600


def test_the_distances_of_the_scored_half_count_as_the_profile_says() -> None:
    profile = mixed_profile()
    counts = count_rows(profile, words_of(profile)[Halves.of(600).scored])
    index = profile.of_group(Group.joint)[-1]
    stream = profile.streams[index]
    assert stream.name == "mahalanobis"
    assert profile.layout.cells(counts, index).tolist() == stream.counts.tolist()


def test_moments_are_in_fixed_point() -> None:
    profile = mixed_profile()
    words = words_of(profile, 300, seed=9)
    words[0, 0] = np.float32(1e30).view(np.uint32)
    counts = count_rows(profile, words)
    surprise, distance = profile_scores(profile, words)
    for index, stream in enumerate(profile.streams):
        if stream.group is Group.joint:
            values = surprise if stream.name == "surprise" else distance
        else:
            values = np.ascontiguousarray(words[:, index]).view(np.float32)
        total, squares = 0, 0
        for value in values.tolist() if stream.cells.kind.is_ordered else ():
            if math.isfinite(value):
                z = min(max((value - stream.mean) / stream.sigma, -Z_MAX), Z_MAX)
                q = round(z * Z_UNITS)
                total, squares = total + q, squares + ((q * q) >> Z_SHIFT)
        found = counts[HEAD + 2 * index : HEAD + 2 * index + 2].tolist()
        assert found == [total, squares], stream.name


def test_requests_are_counted_by_their_first_rows() -> None:
    profile = mixed_profile()
    words = words_of(profile)[:6]
    counts = count_rows(profile, words, [1, 3, 3, 3, 2, 2], [0, 0, 1, 2, 0, 1])
    assert counts[:HEAD].tolist() == [6, 3, 1 + 9 + 4]
    assert count_rows(profile, words)[:HEAD].tolist() == [6, 6, 6]


def test_counts_of_parts_add_up_whatever_the_padding() -> None:
    profile = mixed_profile()
    words = words_of(profile)
    padded = np.concatenate([words, np.full((600, 1), 7, np.uint32)], axis=1)
    parts = [count_rows(profile, padded[at : at + 70]) for at in range(0, 600, 70)]
    assert np.array_equal(sum(parts), count_rows(profile, words))
    assert not count_rows(profile, words[:0]).any()


def test_too_few_words_are_refused() -> None:
    profile = mixed_profile()
    with pytest.raises(ValueError, match=r"words: expected \[rows, 7 or more\], got \[600, 6\]"):
        count_rows(profile, words_of(profile)[:, :6])


def test_scores_are_of_the_features_alone() -> None:
    profile = mixed_profile()
    words = words_of(profile)
    other = words.copy()
    other[:, 4:] = 0
    for one, two in zip(
        profile_scores(profile, words), profile_scores(profile, other), strict=True
    ):
        assert one.tobytes() == two.tobytes()
    cells = cells_of(profile.streams[2].cells, words[:, 2])
    surprise, _ = profile_scores(profile, words)
    rare = cells == np.flatnonzero(np.array(profile.streams[2].cells.labels) == "lima")[0]
    assert surprise[rare].mean() > surprise[~rare].mean()
