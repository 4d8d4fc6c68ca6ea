import threading
from typing import Any

from tiltyard.control.since import Since
from tiltyard.registry import Event


def event(seq: int, kind: str, version: int | None = None, **data: Any) -> Event:
    return Event(kind, "m", seq, version, data, seq=seq, ts=seq * 10.0)


def test_who_serves_since_when() -> None:
    since = Since()
    assert since.champion("m") == 0.0
    seen = []
    for happened in (
        event(1, "model_added", 1),
        event(2, "version_added", 2),
        event(3, "champion_set", 2),
        event(4, "challenge_started", 3),
        event(5, "challenge_updated", 3),
        event(6, "promoted", 3),
        event(7, "rolled_back", 3, restored=None),  # a canary was stopped
        event(8, "rolled_back", 2, restored=2),
        event(9, "version_unloaded", 1),
    ):
        since.update([happened])
        seen.append(since.champion("m"))
    assert seen == [10, 10, 30, 30, 30, 60, 60, 80, 80]
    assert since.champion("other") == 0.0


def test_a_challenger_is_one_since_it_was_started_last() -> None:
    since = Since()
    since.update([event(1, "challenge_started", 3), event(2, "challenge_updated", 3)])
    assert since.challenger("m", 3) == 10.0
    assert since.challenger("m", 2) == 0.0
    since.update([event(3, "challenge_stopped", 3), event(4, "challenge_started", 3)])
    assert since.challenger("m", 3) == 40.0


def test_an_event_that_is_told_again_later_changes_nothing() -> None:
    """Two threads may read the same events of the registry, and one be slower."""
    since = Since()
    events = [event(seq, "champion_set", seq) for seq in range(1, 200)]
    threads = [threading.Thread(target=since.update, args=(events[:end],)) for end in (199, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    since.update(events[:3])
    assert since.champion("m") == 1990.0
