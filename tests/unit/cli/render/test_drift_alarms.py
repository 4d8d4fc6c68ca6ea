from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from tests.unit.cli.sample_planes import ALARM, CLOSED
from tests.unit.cli.sample_views import MINUTE, NOW
from tiltyard.cli.render.drift_alarms import alarm_block, alarm_line, state_words
from tiltyard.monitor.snapshot import Alarm


def drawn(alarm: Alarm, width: int = 100) -> list[str]:
    file = StringIO()
    Console(file=file, width=width, color_system=None).print(alarm_block(alarm, NOW))
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_what_it_names_since_when_how_much_and_why() -> None:
    assert drawn(ALARM) == [
        "ALARM a-17  open for 50 min (09:10), not acknowledged",
        (
            "  amount   location up, +0.31 +- 0.04 sd, PSI excess 0.082, 75 % of the evidence,"
            " confirmed"
        ),
        "           > 4: 0 % -> 0.2 %, (1.86273, 4]: 3.1 % -> 5.8 %",
        "  items    missing, PSI excess 0.270, 20 % of the evidence, confirmed",
        "           MISSING: 0 % -> 6 %",
        "  others   score",
        "  cause    missing values explain 92 % of the PSI of items",
        "  began    09:00 (08:56 to 09:02), seen 10 min later",
        (
            "  against  8f14e45fceea of 20,000 rows, 36,000 rows since it began; false alarms: 1"
            " per 30 d"
        ),
        "  kappa    1.20: rows depend on each other, and so many tell as much as one",
    ]


def test_rows_that_do_not_depend_on_each_other() -> None:
    assert not any(line.startswith("  kappa") for line in drawn(replace(ALARM, kappa=1.0)))


def test_many_streams_are_one_alarm() -> None:
    streams = tuple(replace(ALARM.streams[0], stream=f"feature_{at}") for at in range(30))
    lines = drawn(replace(ALARM, streams=streams))
    assert sum("location up" in line for line in lines) == 5
    others = " ".join(line.strip() for line in lines[11:13])
    named = ", ".join(f"feature_{at}" for at in range(5, 13))
    assert others == f"others     {named} and 17 more"


def test_one_that_leads_with_nothing_and_names_that_steer_a_terminal() -> None:
    stream = replace(ALARM.streams[2], stream="a\x1b[2J\nb[red]", size_sigma=None)
    lines = drawn(replace(ALARM, kind="skew", streams=(stream,), cause=""))
    assert lines[0] == "skew a-17  open for 50 min (09:10)"
    assert lines[1].startswith("  a?[2J b[red]  location up, PSI excess 0.004")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "open for 50 min (09:10), not acknowledged"),
        ({"acknowledged_by": "ann"}, "open for 50 min (09:10), acknowledged by ann"),
        (
            {"acknowledged_by": "ann", "note": "a\ncampaign"},
            "open for 50 min (09:10), acknowledged by ann: a campaign",
        ),
        (
            {"state": "superseded", "closed_at": NOW - 5 * MINUTE, "closed_by": "superseded by v4"},
            "superseded by v4 5 min ago (09:55)",
        ),
        ({"state": "recovered", "closed_at": NOW}, "recovered 0 s ago (10:00)"),
    ],
)
def test_states(changes: dict[str, object], told: str) -> None:
    assert state_words(replace(ALARM, **changes), NOW) == told  # type: ignore[arg-type]  # fields


def test_a_line() -> None:
    assert alarm_line(CLOSED, NOW).plain == (
        "a-9  drift  fraud version 3 champion  recovered 2 d ago (Nov 22 11:00)  items"
    )
    bare = replace(ALARM, streams=(), key=replace(ALARM.key, segment="country=NO"))
    assert alarm_line(bare, NOW).plain == (
        "a-17  drift  fraud version 3 champion, country=NO  open for 50 min (09:10), not"
        " acknowledged"
    )
