import numpy as np

from tests.unit.monitor.conftest import BOOTED, START
from tests.unit.monitor.traffic import columns, recount, reference_profile, words_of
from tiltyard.monitor.counting.block_counter import BlockCounter
from tiltyard.monitor.counting.counter import Kernel
from tiltyard.monitor.counting.panes import Panes
from tiltyard.monitor.counting.selection import Selection
from tiltyard.monitor.plane import Plane
from tiltyard.monitor.policy import Segment
from tiltyard.monitor.snapshot import PlaneKey
from tiltyard.monitor.strangers import Strangers

PROFILE = reference_profile()
KEY = PlaneKey("fraud", 2, "champion")


def plane(kernel: Kernel, selection: Selection | None = None) -> Plane:
    counter = BlockCounter(PROFILE, kernel)
    panes = Panes(PROFILE.layout, START)
    return Plane(KEY, counter, panes, Strangers(PROFILE), selection)


def test_what_is_new_goes_into_panes_once(kernel: Kernel) -> None:
    one = plane(kernel)
    parts = [words_of(columns(seed, 40), time_ns=100 * seed) for seed in (1, 2, 3)]
    for part in parts[:2]:
        one.count(part, START, BOOTED)
    counts = one.settle(START + 1)
    assert counts is not None
    assert np.array_equal(counts, recount(PROFILE, parts[:2]))
    assert one.settle(START + 1) is None
    assert one.changes == 1
    one.count(parts[2], START + 2, BOOTED)
    one.settle(START + 2)
    assert np.array_equal(one.panes.totals(), recount(PROFILE, parts))
    assert np.array_equal(
        one.panes.window(START + 2, START + 3).counts, recount(PROFILE, parts[2:])
    )
    assert (one.changes, one.newest_ns, one.rows) == (2, 300, 120)


def test_blocks_of_several_threads_come_in_any_order(kernel: Kernel) -> None:
    one = plane(kernel)
    for time_ns in (500, 200, 400):
        one.count(words_of(columns(1, 5), time_ns=time_ns), START, BOOTED)
    assert one.newest_ns == 500
    assert one.lag_s == BOOTED - 400e-9, "of the last block"


def test_a_segment_counts_its_own_rows(kernel: Kernel) -> None:
    one = plane(kernel, Selection.of(PROFILE, Segment("age", "18")))
    rows = columns(1, 30)
    one.count(words_of(rows), START, BOOTED)
    assert one.settle(START) is None
    assert (one.newest_ns, one.changes) == (0, 0)
    rows["age"][4::5] = 18
    words = words_of(rows)
    one.count(words, START, BOOTED)
    counts = one.settle(START)
    assert counts is not None
    assert np.array_equal(counts, recount(PROFILE, [words[4::5]]))


def test_values_of_strange_rows_are_kept_only_where_that_is_allowed(kernel: Kernel) -> None:
    one = plane(kernel)
    rows = columns(1, 30)
    rows["amount"][7] = 1e6
    one.count(words_of(rows), START, BOOTED)
    strangest = one.strangers.strangest(START, 0.0)[0]
    assert strangest.values is None
    one.captures_values = True
    rows["amount"][7] = 2e6
    one.count(words_of(rows), START + 301, BOOTED)  # another part of the hour
    values = [one.values for one in one.strangers.strangest(START + 301, 0.0)]
    assert 2e6 in [told["amount"] for told in values if told is not None]
