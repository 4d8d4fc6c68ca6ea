from tiltyard.monitor.counting.layout import CountLayout
from tiltyard.monitor.counting.panes import Panes
from tiltyard.monitor.counting.saved import PlaneId, SavedState
from tiltyard.monitor.snapshot import PlaneKey

KEY = PlaneKey("m", 3, "champion", "country=ch")
STATE = Panes(CountLayout.of([3]), 1.0).state()


def test_counts_in_the_cells_of_another_profile_stay_out() -> None:
    saved = SavedState(planes={PlaneId(KEY, "aa" * 32): STATE, PlaneId(KEY, "bb" * 32): STATE})
    assert saved.unfit(PlaneId(KEY, "aa" * 32)) == ""
    said = saved.unfit(PlaneId(KEY, "cc" * 32))
    assert said.startswith(
        "m v3 champion country=ch: the saved counts are in the cells of profile aaaaaaaaaaaa,"
        " bbbbbbbbbbbb, not of cccccccccccc"
    )


def test_a_plane_that_was_never_saved() -> None:
    assert SavedState().unfit(PlaneId(KEY, "aa")) == ""
