from dataclasses import replace

import numpy as np
import pytest

from tests.unit.monitor.counting.planes import categorical, mixed_profile, wide_profile
from tiltyard.monitor.counting.errors import CountingError
from tiltyard.monitor.counting.plan import FEW_CODES, STREAM, CountingPlan
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.stream import Stream

PROFILE = mixed_profile()


def with_stream(index: int, **changes: object) -> Profile:
    streams = list(PROFILE.streams)
    streams[index] = replace(streams[index], **changes)  # type: ignore[arg-type]  # any field
    return replace(PROFILE, streams=tuple(streams))


def with_cells(index: int, **changes: object) -> Profile:
    cells = replace(PROFILE.streams[index].cells, **changes)  # type: ignore[arg-type]  # any field
    return with_stream(index, cells=cells)


def test_where_each_stream_begins() -> None:
    plan = CountingPlan.of(PROFILE)
    streams = plan.arrays.streams
    assert streams.dtype == STREAM
    assert plan.slots == 14
    assert streams["slot"].tolist() == list(range(16))
    assert streams["counts_at"].tolist() == PROFILE.layout.offsets.tolist()
    assert np.flatnonzero(streams["bits_at"] < 0).tolist() == [12, 13, 14, 15]
    assert np.flatnonzero(streams["moments_at"] < 0).tolist() == [7, 8, 9, 10, 11]
    assert streams["is_searched"].tolist() == [0] * 10 + [1, 1] + [0] * 4
    assert streams["known"][9] == FEW_CODES
    assert streams["z_row"].tolist() == [0, -1, 1, 2, 3, -1, 4] + [-1] * 9


def test_what_fills_up_matches_nothing_and_adds_nothing() -> None:
    arrays = CountingPlan.of(PROFILE).arrays
    assert len(arrays.edges) % 8 == 0
    assert len(arrays.codes) % 8 == 0
    one = arrays.streams[0]
    assert np.isinf(arrays.edges[one["first"] + 1 : one["first"] + 8]).all()
    assert arrays.whitening.shape == (6, 8)
    assert not arrays.whitening[5].any()
    assert not arrays.whitening[:, 5:].any()


def test_a_plan_cannot_be_changed() -> None:
    arrays = CountingPlan.of(PROFILE).arrays
    with pytest.raises(ValueError, match="read-only"):
        arrays.edges[0] = 0


def test_distances_are_left_out() -> None:
    plan = CountingPlan.of(wide_profile(3, has_distances=False))
    assert not plan.has_distances
    assert plan.arrays.whitening.shape == (0, 0)


def last_first(profile: Profile) -> Profile:
    return replace(profile, streams=(profile.streams[-1], *profile.streams[:-1]))


def coded(profile: Profile, codes: list[int], cells: list[int]) -> Profile:
    changed = with_cells(8, codes=np.array(codes, np.uint32), code_cells=np.array(cells, np.int64))
    return replace(changed, model=profile.model)


JOINT = PROFILE.joint
WRONG = {
    "a stream without a slot among": last_first(PROFILE),
    "joint streams are surprise and mahalanobis": with_stream(14, name="surprises"),
    "and ordered; got surprise (numeric), mahalanobis (categorical)": with_stream(
        15, cells=categorical(3, 3)
    ),
    "n8: a finite mean and a sigma above 0; got -3.5 and 0.0": with_stream(2, sigma=0.0),
    "n8: a finite mean and a sigma above 0; got nan": with_stream(2, mean=float("nan")),
    "n8: float32 edges, ascending": with_cells(2, edges=np.array([1, 1], np.float32)),
    "n8: float32 edges, ascending; got float64": with_cells(2, edges=np.array([1.0, 2.0])),
    "c3: uint32 codes, ascending": coded(PROFILE, [3, 2, 4], [0, 1, 2]),
    "c3: for each of 3 codes a cell from 0 to 3": coded(PROFILE, [2, 3, 4], [0, 1, 4]),
    "c3: for each of 2 codes a cell": coded(PROFILE, [2, 3], [0]),
    "bits of shape": replace(PROFILE, joint=replace(JOINT, bits=JOINT.bits[:-1])),
    "different ordered features": replace(
        PROFILE, joint=replace(JOINT, features=np.array([0, 0, 2, 3, 4]))
    ),
    "features for the Mahalanobis distance; got streams [0, 2, 3, 4, 12]": replace(
        PROFILE, joint=replace(JOINT, features=np.array([0, 2, 3, 4, 12]))
    ),
    "a stream mahalanobis exactly when": replace(PROFILE, streams=PROFILE.streams[:-1]),
    "whitening of shape (5, 5)": replace(PROFILE, joint=replace(JOINT, whitening=np.zeros((5, 4)))),
    "joint sigmas above 0": replace(PROFILE, joint=replace(JOINT, sigma=np.zeros(5))),
}


@pytest.mark.parametrize("sentence", WRONG)
def test_what_does_not_fit_together_is_refused(sentence: str) -> None:
    """Kernels check no index, so none of these may reach them."""
    with pytest.raises(CountingError) as caught:
        CountingPlan.of(WRONG[sentence])
    assert sentence in str(caught.value)


def test_a_feature_that_is_all_missing() -> None:
    stream: Stream = PROFILE.streams[0]
    empty = replace(stream.cells, edges=np.zeros(0, np.float32))
    plan = CountingPlan.of(
        replace(
            with_stream(0, cells=empty),
            joint=replace(JOINT, bits=JOINT.bits[1:]),
        )
    )
    assert plan.arrays.streams["known"][0] == 0
