"""A backtest as a person reads it: rates, the smallest quiet delta, who alarmed, and delays."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from rich.console import Group as Rows
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tiltyard.cli.render.formats import HOUR_S, MINUTE_S, one_line, percent, timestamp
from tiltyard.monitor.alarm.alarm import Alarm
from tiltyard.monitor.alarm.policy import TICK_S_MAX
from tiltyard.monitor.backtest.backtest import Backtest, Delays
from tiltyard.monitor.backtest.change import CHANGES
from tiltyard.monitor.backtest.quiet_delta import GRID
from tiltyard.monitor.backtest.replay import Replay
from tiltyard.monitor.backtest.trials import TRIALS, Delay
from tiltyard.monitor.policy import DAY_S

ALARMS_SHOWN: Final = 8
STREAMS_SHOWN: Final = 8
KAPPA_SHOWN: Final = 4
NAME_CHARACTERS: Final = 24
LABEL_COLUMN: Final = 9
METHOD: Final = (
    "each day is held against all other days; cells are those of all. An alarm stays open until it"
    " recovers. A row is taken for a request of its own"
)
# Seen: one day 0.6 sigma high in a month, and the same weekday of the other weeks alarmed as low.
ECHO: Final = (
    "A bad day is also in what the same hours of other weeks are held against: they may alarm the"
    " other way."
)
# A design effect below it is what independent rows are measured to have.
KAPPA_TOLD: Final = 1.2


def backtest_page(found: Backtest) -> RenderableType:
    """All of it; fits 80 columns."""
    head = _labelled(_head(found))
    parts: list[RenderableType] = [Text(), head, Text(), _rates(found)]
    parts += [Text(), _labelled(_findings(found))]
    for told in (found.by_hour, found.by_all):
        if told is not None and told.alarms:
            title = f"alarms held against {_against(told)}"
            parts += [Text(), Text(title, style="bold"), *_alarms(told)]
    parts += [Text(), *_delays(found)]
    return Rows(*parts)


def _labelled(lines: Iterator[tuple[str, str]]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True, min_width=LABEL_COLUMN)
    table.add_column(overflow="fold")
    for label, value in lines:
        table.add_row(label, Text(value))
    return table


def _head(found: Backtest) -> Iterator[tuple[str, str]]:
    per_hour = found.rows / max(found.last_s - found.first_s, 1.0) * HOUR_S
    when = f"{timestamp(found.first_s)} to {timestamp(found.last_s)} UTC"
    yield "rows", f"{found.rows:,} on {found.days} days, {when}, {per_hour:,.0f} an hour"
    left = f"; {found.rows_left:,} rows at the ends of days are in none" if found.rows_left else ""
    yield (
        "ticks",
        f"{found.ticks:,} of {found.tick_rows} rows and {_span(found.tick_s)} (medians){left}",
    )
    if found.tick_s > TICK_S_MAX:
        yield "", "a tick counts for an hour at most, and no change is found sooner than a tick"
    policy = found.policy
    yield (
        "asked",
        f"delta {policy.delta:g}, one false alarm in {policy.false_alarm_s / DAY_S:g} days",
    )
    began = found.main().bet_from_s
    since = f"; bets count from {timestamp(began)} on" if began is not None else ""
    yield "warm-up", f"{policy.warmup_ticks} ticks, as live{since}"
    yield "method", METHOD


def _rates(found: Backtest) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("held against", no_wrap=True)
    for title in ("days bet", "alarms", "per 30 days", "in alarm"):
        table.add_column(title, justify="right", no_wrap=True)
    for told in (found.by_hour, found.by_all):
        if told is None:
            continue
        bet_s = told.armed_s + told.alarm_s
        table.add_row(
            _against(told),
            f"{bet_s / DAY_S:.1f}",
            str(len(told.alarms)),
            _rate(told),
            percent(told.alarm_s / bet_s),
        )
    return table


def _against(told: Replay) -> str:
    if not told.is_seasonal:
        return "all hours"
    week, day, every = told.slot_ticks
    name = "the same hour of the week" if week >= day else "the same hour of the day"
    return f"{name}, mostly" if min(week, day) or every else name


def _rate(told: Replay) -> str:
    low, high = told.limits
    if not told.alarms:
        return f"0 (up to {high:.1f})"
    return f"{told.per_30_days:.1f} ({low:.1f} .. {high:.1f})"


def _findings(found: Backtest) -> Iterator[tuple[str, str]]:
    if found.by_hour is None:
        yield "hours", f"not told apart: {found.hours}"
    yield "quiet", _quiet(found)
    main = found.main()
    if main.closest is not None and not main.alarms:
        part, when = f"{10.0**main.closest.log10:.2g}", timestamp(main.closest.at_s)
        named = _name(main.closest.stream)
        yield "closest", f"{part} of an alarm's evidence, {when}, most of it {named}"
    yield "kappa", _kappa(main)


def _quiet(found: Backtest) -> str:
    quiet = found.quiet
    grid = f"out of {', '.join(f'{delta:g}' for delta in GRID)}"
    if quiet.delta is None:
        return (
            f"no delta up to {GRID[-1]:g} is without an alarm: some of those below are no small"
            f" shifts ({grid})"
        )
    told = f"delta {quiet.delta:g} is the smallest without an alarm"
    if quiet.louder is None:
        return f"{told} ({grid})"
    return f"{told}; {quiet.louder:g} has some ({grid})"


def _kappa(told: Replay) -> str:
    ranked = sorted(told.kappa.items(), key=lambda one: (-one[1], one[0]))
    large = [(name, kappa) for name, kappa in ranked if kappa >= KAPPA_TOLD]
    if not large:
        return f"below {KAPPA_TOLD:g} everywhere: rows are as good as independent"
    shown = ", ".join(f"{_name(name)} {kappa:.1f}" for name, kappa in large[:KAPPA_SHOWN])
    left = len(ranked) - min(len(large), KAPPA_SHOWN)
    rest = ranked[len(ranked) - left][1] if left else 1.0
    return f"{shown}{f'; the others at most {rest:.1f}' if left else ''}"


def _alarms(told: Replay) -> Iterator[RenderableType]:
    often = Counter(name for alarm in told.alarms for name in alarm.leading)
    ranked = sorted(often.items(), key=lambda one: (-one[1], one[0]))
    named = [f"{_name(name)} {count}" for name, count in ranked[:STREAMS_SHOWN]]
    more = len(ranked) - len(named)
    yield Text(f"most often: {', '.join(named)}{f' and {more} more' if more else ''}")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("opened, UTC", "open for", "leading"):
        table.add_column(title, no_wrap=title != "leading", overflow="fold")
    for alarm in told.alarms[:ALARMS_SHOWN]:
        lasted = "to the end" if alarm.closed_s is None else _span(alarm.closed_s - alarm.crossed_s)
        table.add_row(timestamp(alarm.crossed_s), lasted, Text(_leading(alarm)))
    yield table
    if len(told.alarms) > ALARMS_SHOWN:
        yield Text(f"and {len(told.alarms) - ALARMS_SHOWN} more", style="dim")
    if told.slot_ticks[0]:
        yield Text(ECHO, style="dim")


def _leading(alarm: Alarm) -> str:
    """`f3 location up 0.8 sigma`, and how many more."""
    leaders = [stream for stream in alarm.streams if stream.is_leading]
    told = [f"{_name(one.stream)} {one_line(one.change)}" for one in leaders[:2]]
    more = len(leaders) - len(told)
    return f"{', '.join(told)}{f' and {more} more' if more else ''}"


def _delays(found: Backtest) -> Iterator[RenderableType]:
    yield Text("a change in one feature is an alarm after", style="bold")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("change", no_wrap=True)
    for one in found.delays:
        table.add_column(f"delta {one.delta:g}", overflow="fold")
    for index, change in enumerate(CHANGES):
        cells = [_delay(one.of_changes[index]) for one in found.delays]
        table.add_row(change.name, *(Text(cell) for cell in cells))
    yield table
    yield Text(_trials_note(found.delays), style="dim")


def _delay(delay: Delay) -> str:
    if delay.reason:
        return delay.reason
    if delay.median_s is None:
        return f"not found within {delay.ticks_max} ticks in half of {delay.trials} trials"
    late = f"9 in 10 within {_span(delay.late_s)}" if delay.late_s is not None else "9 in 10 later"
    return f"{_span(delay.median_s)}, {delay.median_rows:,} rows ({late})"


def _trials_note(delays: tuple[Delays, ...]) -> str:
    tried = [one for told in delays for one in told.of_changes if one.trials]
    found = sum(len(one.seconds) for one in tried)
    named = sum(one.named for one in tried)
    names = f" {named} of {found} alarms named the feature." if found else ""
    return (
        f"Medians of {TRIALS} trials each: from a random tick on, the file's own ticks with one"
        " feature shifted by so many of its standard deviations, or with rows missing, features"
        f" and directions in turn; outputs are not computed anew.{names}"
    )


def _span(seconds: float) -> str:
    """`41 s`, `12 min`, `3.4 h`, `2.1 d`."""
    if seconds < 2 * MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR_S:
        return f"{seconds / MINUTE_S:.0f} min"
    return f"{seconds / HOUR_S:.1f} h" if seconds < 2 * DAY_S else f"{seconds / DAY_S:.1f} d"


def _name(name: str) -> str:
    told = one_line(name)
    return told if len(told) <= NAME_CHARACTERS else f"{told[: NAME_CHARACTERS - 2]}.."
