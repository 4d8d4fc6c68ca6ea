"""What an alarm says of a stream."""

import numpy as np

from tests.unit.monitor.alarm.references import categorical, ordered
from tiltyard.monitor.alarm.alarm import change_text
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.policy import AlarmPolicy


def test_every_change_has_its_words() -> None:
    streams = [
        ordered("a", [0, *[100] * 10, 0, 50]),
        categorical("b", [600, 300, 0, 0, 50, 0]),
    ]
    tables = BetTables.build(streams, AlarmPolicy())
    told = {
        (int(tables.layout.stream[bet]), change_text(tables, int(bet)))
        for bet in np.flatnonzero(np.isfinite(tables.layout.log_weight))
    }
    assert told == {
        *((0, f"{score} {way}") for score in ("location", "spread") for way in ("up", "down")),
        *((0, text) for text in ("below", "above", "missing", "missing down", "shape")),
        *((1, f"category c{i} {way}") for i in (0, 1) for way in ("up", "down")),
        *((1, text) for text in ("other", "unseen", "missing", "missing down", "invalid", "shape")),
    }
