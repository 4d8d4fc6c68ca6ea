from dataclasses import replace
from io import StringIO

from rich.console import Console

from tests.unit.cli.sample_planes import ALARM, CLOSED
from tests.unit.cli.sample_views import NOW
from tiltyard.cli.render.drift_alarm_list import alarm_list, event_text
from tiltyard.monitor.interface import AlarmEvent
from tiltyard.monitor.snapshot import Alarm


def drawn(alarms: list[Alarm], name: str = "", *, open_only: bool = False) -> list[str]:
    file = StringIO()
    found = alarm_list(alarms, name, NOW, open_only=open_only)
    Console(file=file, width=200, color_system=None).print(found)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_those_that_page_come_first_and_the_closed_last() -> None:
    skew = replace(ALARM, id="s-1", kind="skew", crossed_at=NOW)
    later = replace(CLOSED, id="a-10", closed_at=NOW)
    lines = drawn([CLOSED, skew, ALARM, later])
    heads = [line.split()[1] for line in lines if line.startswith(("ALARM", "skew"))]
    assert heads == ["a-17", "s-1"]
    at = lines.index("closed")
    assert [line.split()[0] for line in lines[at + 1 :]] == ["a-10", "a-9"]


def test_the_end_is_no_blank_line() -> None:
    assert drawn([ALARM])[-1].startswith("  kappa")
    assert drawn([CLOSED], "fraud")[0] == "closed of fraud"


def test_none() -> None:
    assert drawn([]) == ["no alarms"]
    assert drawn([], "fraud", open_only=True) == ["no alarms of fraud are open"]


def test_events() -> None:
    event = AlarmEvent(8, NOW, "opened", "i-1", ALARM)
    assert event_text(event).plain == (
        "    8  2026-11-25 10:00:00  a-17 opened: fraud version 3 champion, amount, items"
    )
    assert any(str(span.style) == "bold red" for span in event_text(event).spans)
    seen = event_text(replace(event, event="acknowledged"))
    assert not any(str(span.style) == "bold red" for span in seen.spans)
