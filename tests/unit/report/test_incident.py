from dataclasses import replace

from tests.unit.report.sample_snapshots import NOW, alarm
from tiltyard.monitor.snapshot import Marker
from tiltyard.report.figures import SIGMA, UNDEFINED
from tiltyard.report.incident import NAMES_MAX, alarm_views


def test_an_alarm_is_told_with_onset_size_and_cells() -> None:
    (view,), closed = alarm_views([alarm()], [], NOW)
    assert closed == ()
    assert view.is_open
    assert view.names == ("amount", "merchant_country")
    assert view.more == 1
    assert view.onset == (
        "2026-11-25 09:56:20 UTC, 3 min ago; 90 % range 2026-11-25 09:56:18 to 09:56:23"
    )
    assert view.crossed == "2026-11-25 09:56:25 UTC, 5 s after the onset"
    amount = view.streams[0]
    assert (amount.part, amount.size) == ("leading, confirmed", f"+0.31 {SIGMA} ± 0.040")
    assert amount.cells[0] == ("(38.2, 41.6]", "3.12 %", "4.05 %")
    assert view.streams[1].size == UNDEFINED


def test_what_happened_shortly_before_is_near() -> None:
    onset = alarm().onset
    markers = [Marker(onset - 3_600, "long ago"), Marker(onset - 60, "b"), Marker(onset - 90, "a")]
    (view,), _ = alarm_views([alarm()], [*markers, Marker(onset + 60, "after")], NOW)
    assert [text.split(": ")[1] for text in view.near] == ["a", "b"]


def test_closed_alarms_are_apart_and_say_why() -> None:
    over = replace(alarm(), state="superseded", closed_at=NOW, closed_by="superseded by v4")
    opened, (view,) = alarm_views([over], [], NOW)
    assert opened == ()
    assert view.state == "superseded 2026-11-25 10:00:00 UTC: superseded by v4"
    assert not view.is_open


def test_open_ones_begin_with_the_oldest_onset_and_closed_with_the_newest() -> None:
    first, second = alarm(), replace(alarm(), id="b", onset=NOW - 9_000)
    old = replace(alarm(), id="c", state="recovered", crossed_at=NOW - 9_000)
    new = replace(old, id="d", crossed_at=NOW - 1_000)
    opened, closed = alarm_views([first, old, second, new], [], NOW)
    assert [view.id for view in opened] == ["b", "a-7f3c"]
    assert [view.id for view in closed] == ["d", "c"]


def test_who_acknowledged_it() -> None:
    acked = replace(alarm(), acknowledged_by="ann", acknowledged_at=NOW - 60, note="on it")
    (view,), _ = alarm_views([acked], [], NOW)
    assert view.acknowledged == "ann 2026-11-25 09:59:00 UTC"
    assert view.note == "on it"


def test_thirty_streams_are_one_incident() -> None:
    one = alarm().streams[0]
    many = tuple(replace(one, stream=f"f{k}") for k in range(30))
    (view,), _ = alarm_views([replace(alarm(), streams=many)], [], NOW)
    assert len(view.names) == NAMES_MAX
    assert view.more == 30 - NAMES_MAX
    assert len(view.streams) == 30


def test_without_a_leading_stream_all_are_candidates() -> None:
    followers = tuple(replace(s, is_leading=False) for s in alarm().streams)
    (view,), _ = alarm_views([replace(alarm(), streams=followers)], [], NOW)
    assert view.names == ("amount", "merchant_country", "session_ms")
    (none,), _ = alarm_views([replace(alarm(), streams=())], [], NOW)
    assert (none.names, none.more) == ((), 0)
