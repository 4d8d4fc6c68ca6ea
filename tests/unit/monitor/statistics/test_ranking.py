"""The order in which streams are shown."""

from dataclasses import replace

import numpy as np

from tests.unit.monitor.statistics.samples import counts_of, draw_rows, mixed_profile, window
from tiltyard.monitor.statistics.ranking import ranked
from tiltyard.monitor.statistics.report import report

PROFILE = mixed_profile()


def test_the_excess_decides_then_the_psi_then_their_order() -> None:
    one = report(
        PROFILE,
        PROFILE.reference,
        window(counts_of(PROFILE, draw_rows(np.random.default_rng(1), 50))),
        against="profile",
        reference_digest="",
    ).streams[0]
    figures = {
        "noisy": (0.9, 0.0),
        "absent": (None, None),
        "quiet": (0.1, 0.0),
        "moved": (0.3, 0.1),
        "quiet too": (0.1, 0.0),
        "moved far": (0.2, 0.15),
    }
    streams = [
        replace(one, stream=name, psi=psi, psi_excess=excess)
        for name, (psi, excess) in figures.items()
    ]
    assert [one.stream for one in ranked(streams)] == [
        "moved far", "moved", "noisy", "quiet", "quiet too", "absent",
    ]  # fmt: skip


def test_planted_shifts_come_first() -> None:
    rows = draw_rows(np.random.default_rng(6), 500, shift=0.6)
    found = report(
        PROFILE,
        PROFILE.reference,
        window(counts_of(PROFILE, rows)),
        against="profile",
        reference_digest="",
    )
    assert {one.stream for one in ranked(found.streams)[:2]} == {"amount", "score"}
