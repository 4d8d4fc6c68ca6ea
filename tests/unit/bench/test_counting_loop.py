import numpy as np

from bench.counting_loop import (
    BLOCKS,
    FEATURES,
    OUTPUTS,
    blocks_of,
    measure,
    numeric_profile,
    without_distances,
)
from tests.unit.monitor.counting.planes import kernel
from tiltyard.monitor.counting.block_counter import BlockCounter


def test_it_counts_what_the_bar_is_about() -> None:
    profile = numeric_profile()
    sizes = {stream.name: len(stream.cells.edges) for stream in profile.streams}
    # Cells with as many rows each make the surprise of a row nearly a constant: few values, few
    # cells.
    assert 1 < sizes.pop("surprise") <= 32
    assert list(sizes.values()) == [32] * (FEATURES + OUTPUTS + 1)
    assert len(profile.joint.features) == FEATURES
    blocks = blocks_of(profile, 390)
    assert len(blocks) == BLOCKS
    counts = profile.layout.zeros()
    scores = BlockCounter(profile, kernel()).count(blocks[0], counts)
    assert counts[0] == counts[1] == counts[2] == 390
    assert scores.mahalanobis is not None
    assert 20 < np.median(scores.mahalanobis) < 40  # of 30 normal features
    out_of_range = sum(int(profile.layout.cells(counts, n)[[1, -3]].sum()) for n in range(FEATURES))
    assert out_of_range < 390 * FEATURES / 500


def test_without_distances_there_are_none() -> None:
    profile = without_distances(numeric_profile())
    scores = BlockCounter(profile, kernel()).count(blocks_of(profile, 3)[0], profile.layout.zeros())
    assert scores.mahalanobis is None


def test_what_is_measured_has_its_unit() -> None:
    values = measure(numeric_profile(), kernel(), 5, 0.0)
    assert set(values) == {"rows_per_s", "row_ns", "feature_ns"}
