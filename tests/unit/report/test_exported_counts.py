import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from tiltyard.monitor.snapshot import Snapshot
from tiltyard.monitor.statistics.stream_table import table_of
from tiltyard.report.exported_counts import exported, packed, unpacked


@given(
    st_numpy.arrays(
        np.int64,
        st_numpy.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=6),
        elements=st.integers(0, 2**62),
    )
)
def test_packing_loses_nothing(matrix: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]") -> None:
    back = unpacked(json.loads(json.dumps(packed(matrix))))
    assert back.shape == matrix.shape
    assert (back == matrix).all()


def test_every_window_and_reference_is_there_whole(five: Snapshot) -> None:
    (plane,) = exported([five], 1.0)["planes"]
    assert set(plane["counts"]) == {"current", "profile", "baseline", "previous", "week_ago"}
    assert plane["counts"]["current"] == five.current.counts.tolist()
    assert five.baseline is not None
    assert plane["counts"]["baseline"] == five.baseline.counts.tolist()
    assert plane["reference_digests"]["baseline"] == five.baseline.digest
    assert plane["windows"]["current"]["gap_s"] == 3.0


def test_streams_say_where_their_cells_are(five: Snapshot) -> None:
    (plane,) = exported([five], 1.0)["planes"]
    for index, (told, stream) in enumerate(
        zip(plane["streams"], five.profile.streams, strict=True)
    ):
        begin, size = told["at"], told["cells"]
        cells = plane["counts"]["profile"][begin : begin + size]
        assert cells == five.profile.layout.cells(five.profile.reference, index).tolist()
        assert np.array_equal(np.array(told["edges"], np.float32), stream.cells.edges)
        assert len(told["groups"]) == len(stream.cells.folded_roles)


def test_the_history_has_the_coarse_counts_of_each_piece(five: Snapshot) -> None:
    (plane,) = exported([five], 1.0)["planes"]
    pieces = unpacked(plane["history"]["coarse"])
    table = table_of(five.profile)
    assert pieces.shape == (60, len(five.profile.streams), table.coarse)
    assert (pieces[7] == table.group(five.history[7].counts)).all()
    assert (pieces.sum(0) == table.group(five.current.counts)).all()
    assert len(plane["history"]["begin"]) == 60
