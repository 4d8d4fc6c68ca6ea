import numpy as np

from tiltyard.monitor.counting.layout import HEAD, Z_UNITS, CountLayout


def test_every_number_has_one_place() -> None:
    layout = CountLayout.of([5, 3, 7])
    assert layout.size == HEAD + 2 * 3 + 15
    counts = np.arange(layout.size)
    parts = [layout.cells(counts, stream) for stream in range(3)]
    assert np.concatenate(parts).tolist() == list(range(layout.cells_at, layout.size))
    assert [len(part) for part in parts] == [5, 3, 7]
    both = layout.cells(np.stack([counts, counts * 2]), 1)
    assert both.shape == (2, 3), "of several vectors at once"


def test_cells_are_a_view() -> None:
    layout = CountLayout.of([2, 2])
    counts = layout.zeros()
    layout.cells(counts, 1)[0] += 4
    assert counts.tolist() == [0] * (layout.cells_at + 2) + [4, 0]


def test_moments_are_in_sigmas() -> None:
    layout = CountLayout.of([1, 1])
    counts = layout.zeros()
    counts[HEAD : layout.cells_at] = [3 * Z_UNITS, 5 * Z_UNITS, -Z_UNITS, Z_UNITS // 2]
    first, second = layout.moments(counts)
    assert first.tolist() == [3.0, -1.0]
    assert second.tolist() == [5.0, 0.5]
