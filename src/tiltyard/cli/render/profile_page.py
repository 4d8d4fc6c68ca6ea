"""A profile as a person reads it: what it is of, a line a stream, and what it cannot support."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from rich.console import Group as Rows
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tiltyard.cli.render.formats import one_line, percent
from tiltyard.cli.render.profile_lines import notes_of, streams_in_words
from tiltyard.monitor.profile.cells import CellRole
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.stream import Group, Stream

CATEGORIES_SHOWN: Final = 3
NAMES_SHOWN: Final = 6
LABEL_COLUMN: Final = 11  # as wide as that of the manifest above it
NAME_CHARACTERS: Final = 26
LABEL_CHARACTERS: Final = 20
_TITLES: Final = {Group.feature: "feature", Group.output: "output", Group.joint: "whole row"}


def profile_page(
    profile: Profile, numbers: Sequence[int], *, is_plain: bool = False
) -> RenderableType:
    """All of it but the cells. `numbers` are those of the version's profiles.

    A stream has one line, cut at the terminal's width; `is_plain`: nothing is cut.
    """
    head = Table(box=None, pad_edge=False, show_header=False)
    head.add_column(style="bold", no_wrap=True, min_width=LABEL_COLUMN)
    head.add_column(overflow="fold")
    for label, value in _head(profile, numbers):
        head.add_row(label, Text(one_line(value)))
    return Rows(Text(), head, Text(), _streams(profile, is_plain=is_plain))


def _head(profile: Profile, numbers: Sequence[int]) -> Iterator[tuple[str, str]]:
    others = f", the newest of {len(numbers)}" if len(numbers) > 1 else ""
    if profile.number != max(numbers, default=profile.number):
        others = f", not the newest of {len(numbers)}"
    yield "profile", f"{profile.number}{others}"
    yield "created", profile.created
    yield "digest", profile.digest
    file = profile.source.get("file", "unknown")
    yield "reference", f"{profile.rows:,} rows of {file}"
    if "sha256" in profile.source:
        yield "  sha256", profile.source["sha256"]
    yield "watched", streams_in_words(profile)
    if "outputs" in profile.source:
        yield "outputs", profile.source["outputs"]
    if "declared" in profile.source:
        yield "declared", _declared(json.loads(profile.source["declared"]))
    for note in notes_of(profile):
        yield "chosen", note
    for warning in profile.warnings:
        yield "weak", warning


def _declared(told: Mapping[str, Any]) -> str:
    """`categorical: country, region; groups: color; time_column: at`."""
    return "; ".join(
        f"{name}: {value if isinstance(value, str) else _some(list(value))}"
        for name, value in told.items()
    )


def _some(names: Sequence[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return ", ".join([*names[:NAMES_SHOWN], *([f"{more} more"] if more > 0 else [])])


def _streams(profile: Profile, *, is_plain: bool) -> Table:
    # Only so does the last column, and no other, give way where a terminal is narrow.
    table = Table(box=None, pad_edge=False, header_style="bold", expand=not is_plain)
    names = None if is_plain else NAME_CHARACTERS
    table.add_column("stream", overflow="ellipsis", no_wrap=True, max_width=names)
    table.add_column("cells", no_wrap=True)
    table.add_column("missing", justify="right", no_wrap=True)
    table.add_column("min .. median .. max", overflow="ellipsis", no_wrap=True, ratio=1)
    last: Group | None = None
    for stream in profile.streams:
        if stream.group is not last:
            if last is not None:
                table.add_row()
            table.add_row(Text(_TITLES[stream.group], style="italic"))
            last = stream.group
        table.add_row(
            Text(one_line(stream.name)),
            f"{_own_cells(stream):>3} {stream.cells.kind}",
            _missing(stream),
            Text(_values(stream)),
        )
    return table


def _own_cells(stream: Stream) -> int:
    """Those of values, without the reserved ones."""
    return sum(role in (CellRole.finite, CellRole.category) for role in stream.cells.roles)


def _missing(stream: Stream) -> str:
    at = stream.cells.roles.index(CellRole.missing)
    count = int(stream.counts[at])
    return percent(count / stream.rows) if count else "-"


def _values(stream: Stream) -> str:
    """`0.1 .. 3 .. 9`: minimum, median, maximum; or the most frequent categories."""
    if not stream.cells.kind.is_ordered:
        return _categories(stream)
    finite = stream.counts[2 : 2 + len(stream.cells.edges)]
    if not finite.sum():
        return "no value"
    half = int(np.searchsorted(np.cumsum(finite), finite.sum() / 2))
    edges = stream.cells.edges
    ends = [
        value * stream.scale
        for value in (stream.cells.minimum, float(edges[half]), float(edges[-1]))
    ]
    unit = f" {one_line(stream.unit)}" if stream.unit else ""
    if ends[0] == ends[2]:
        return f"always {_number(ends[0])}{unit}"
    # More digits where three do not tell the ends apart; nine tell any two float32.
    digits = next(digits for digits in (3, 6, 9) if digits == 9 or _differ(ends, digits))
    return f"{' .. '.join(_number(value, digits) for value in ends)}{unit}"


def _categories(stream: Stream) -> str:
    labels = stream.cells.labels
    shares = stream.counts / max(1, stream.rows)
    told = [
        f"{one_line(_cut(label))}: {100 * share:.2g} %"
        for label, share in zip(labels[:CATEGORIES_SHOWN], shares.tolist(), strict=False)
    ]
    more = len(stream.cells.codes) - len(told)
    return ", ".join([*told, f"{more:,} more"] if more > 0 else told) or "no value"


def _cut(label: str) -> str:
    return label if len(label) <= LABEL_CHARACTERS else f"{label[: LABEL_CHARACTERS - 2]}.."


def _differ(ends: Sequence[float], digits: int) -> bool:
    return _number(ends[0], digits) != _number(ends[2], digits)


def _number(value: float, digits: int = 3) -> str:
    if digits == 3 and 1000 <= abs(value) < 1e6:
        return f"{value:.0f}"
    return f"{value:.{digits}g}"
