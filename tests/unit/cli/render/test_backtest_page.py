from dataclasses import replace

import pytest
from rich.console import Console

from tests.unit.cli.sample_backtest import BACKTEST, DELAYS, LOUD_REPLAY, QUIET_REPLAY
from tests.unit.cli.screens import screen
from tiltyard.cli.render.backtest_page import backtest_page
from tiltyard.monitor.backtest.backtest import Backtest, Delays
from tiltyard.monitor.backtest.quiet_delta import QuietDelta


def shown(backtest: Backtest, width: int = 80) -> list[str]:
    console = Console(width=width, color_system=None, force_terminal=False)
    with console.capture() as written:
        console.print(backtest_page(backtest))
    return [line.rstrip() for line in written.get().splitlines()]


@pytest.mark.parametrize("width", [80, 120])
def test_the_page_is_as_it_was_looked_at(width: int) -> None:
    lines = shown(BACKTEST, width)
    assert lines == screen(f"backtest_{width}")
    assert max(map(len, lines)) <= width


def test_alarms_at_the_asked_delta_have_a_column_of_the_quiet_one() -> None:
    loud = replace(
        BACKTEST,
        by_hour=replace(LOUD_REPLAY, is_seasonal=True, slot_ticks=(10, 2, 0)),
        quiet=QuietDelta(0.3, 0.2),
        delays=(Delays(0.2, DELAYS), Delays(0.3, DELAYS)),
    )
    text = "\n".join(shown(loud))
    assert "alarms held against the same hour of the week, mostly" in text
    assert "A bad day is also in what the same hours of other weeks" in text
    assert "closest" not in text
    assert "delta 0.3 is the smallest without an alarm; 0.2 has some" in text
    head = next(line for line in shown(loud) if line.startswith("change "))
    assert head.split() == ["change", "delta", "0.2", "delta", "0.3"]


def test_hours_that_are_not_told_apart_say_why() -> None:
    text = "\n".join(
        shown(replace(BACKTEST, by_hour=None, by_all=QUIET_REPLAY, hours="too few rows"))
    )
    assert "hours      not told apart: too few rows" in text
    assert "alarms held against" not in text


@pytest.mark.parametrize(
    ("quiet", "words"),
    [
        (QuietDelta(None, 1.0), "no delta up to 1 is without an alarm"),
        (
            QuietDelta(0.02, None),
            "delta 0.02 is the smallest without an alarm (out of 0.02, 0.03,",
        ),
    ],
)
def test_the_quiet_delta(quiet: QuietDelta, words: str) -> None:
    text = " ".join(" ".join(shown(replace(BACKTEST, quiet=quiet))).split())
    assert words in text


def test_ticks_longer_than_an_hour_are_told_of() -> None:
    assert "a tick counts for an hour at most" in "\n".join(shown(replace(BACKTEST, tick_s=4000.0)))


def test_rows_that_are_as_good_as_independent() -> None:
    calm = replace(QUIET_REPLAY, kappa={"a": 1.05, "b": 1.0})
    assert "kappa      below 1.2 everywhere" in "\n".join(shown(replace(BACKTEST, by_hour=calm)))


def test_what_others_wrote_steers_no_terminal() -> None:
    odd = replace(QUIET_REPLAY, kappa={"a\x1b[31m" + "x" * 60: 3.0})
    text = "\n".join(shown(replace(BACKTEST, by_hour=odd)))
    assert "\x1b" not in text
    assert ".. 3.0" in text
