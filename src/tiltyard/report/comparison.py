"""A plane's window against one reference, ranked, as the page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.stream import Group
from tiltyard.monitor.statistics.measure import Report
from tiltyard.monitor.statistics.ranking import ranked
from tiltyard.report.card import Background, Card, card

# How many streams are in sight before the rest is folded away.
ROWS_MAX: Final = 40
CARDS_MAX: Final = 24
CARDS_MIN: Final = 6
GAUGE_MIN: Final = 0.02  # the PSI that fills the longest gauge, at least


@dataclass(frozen=True, slots=True)
class Comparison:
    """`title` says against what. Features, outputs and joint streams each ranked by PSI excess."""

    against: str
    title: str
    report: Report
    features: tuple[Card, ...]
    outputs: tuple[Card, ...]
    joint: tuple[Card, ...]

    @property
    def cards(self) -> tuple[Card, ...]:
        return (*self.features, *self.outputs, *self.joint)

    @property
    def exceeding(self) -> tuple[Card, ...]:
        """The features above their noise bands."""
        return tuple(one for one in self.features if one.is_over)

    @property
    def rows_shown(self) -> int:
        """How many of the ranked features are in sight; the rest is folded away."""
        return _cut(len(self.features), ROWS_MAX)

    @property
    def cards_shown(self) -> int:
        """The same of the cards: those that are over or named, within bounds."""
        telling = sum(one.is_over or one.is_named for one in self.features)
        return _cut(len(self.features), min(CARDS_MAX, max(CARDS_MIN, telling)))


def comparison(
    profile: Profile,
    report: Report,
    title: str,
    prefix: str,
    background: Background,
    drawn_max: int | None = None,
) -> Comparison:
    """`prefix` begins the anchors of the cards. Where `drawn_max` is given, distributions are drawn
    of outputs and of what is above its noise band, and of so many of each group at most."""
    streams = {(stream.group.value, stream.name): stream for stream in profile.streams}
    measures = ranked(report.streams)
    scale = max((m.psi for m in measures if m.psi is not None), default=0.0)
    groups: dict[str, list[Card]] = {group.value: [] for group in Group}
    for measure in measures:
        made = groups[measure.group]
        is_telling = bool(measure.psi_excess) or measure.group == Group.output
        is_drawn = drawn_max is None or (is_telling and len(made) < drawn_max)
        stream = streams[measure.group, measure.stream]
        made.append(
            card(
                len(made) + 1,
                prefix,
                measure,
                stream,
                background,
                max(scale, GAUGE_MIN),
                is_drawn=is_drawn,
            )
        )
    return Comparison(
        against=report.against,
        title=title,
        report=report,
        features=tuple(groups["feature"]),
        outputs=tuple(groups["output"]),
        joint=tuple(groups["joint"]),
    )


def names_over(cards: Sequence[Card]) -> list[str]:
    """The names of those above their noise bands, in rank."""
    return [one.measure.stream for one in cards if one.is_over]


def _cut(there: int, wanted: int) -> int:
    """One more than wanted is not worth folding."""
    return there if there <= wanted + 1 else wanted
