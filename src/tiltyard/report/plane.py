"""Everything that the page shows of one plane, computed once from its snapshot."""

from dataclasses import dataclass
from typing import Final

from tiltyard.cli.render.formats import listed
from tiltyard.monitor.counting.layout import ROWS
from tiltyard.monitor.profile.stream import Group
from tiltyard.monitor.snapshot import Snapshot, Stranger
from tiltyard.monitor.statistics.against import Against, reference_of, references
from tiltyard.monitor.statistics.between import between
from tiltyard.monitor.statistics.cause import cause
from tiltyard.monitor.statistics.measure import Report
from tiltyard.monitor.statistics.report import report_of
from tiltyard.monitor.statistics.series import series
from tiltyard.report.advice import Advice, advice
from tiltyard.report.card import Background, Key
from tiltyard.report.comparison import Comparison, comparison, names_over
from tiltyard.report.definitions import worked_example
from tiltyard.report.facts import Fact, coverage, facts, notices
from tiltyard.report.incident import AlarmView, alarm_views
from tiltyard.report.quality import QualityRow, quality_rows
from tiltyard.report.state import State, state_of
from tiltyard.report.timeline import Timeline, ratios, timeline

SKEW_DRAWN_MAX: Final = 12
OTHER_NAMES_MAX: Final = 5
# What drift is held against: the first that there is, and that has rows.
DRIFT: Final = (Against.baseline, Against.previous, Against.week_ago)


@dataclass(frozen=True, slots=True)
class OtherReference:
    """A further reference of drift, in one line. `names` are the features above their bands."""

    title: str
    rows: int
    over: int
    features: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plane:
    """`main` is what the cards are of: drift, or else skew, or what there is without a reference.

    `drift` is None where there is nothing but the profile, `skew` of a segment, which has no
    profile of its own, and `challenge` without a champion.
    """

    anchor: str
    title: str
    snapshot: Snapshot
    facts: tuple[Fact, ...]
    notices: tuple[str, ...]
    states: tuple[State, ...]
    advice: tuple[Advice, ...]
    opened: tuple[AlarmView, ...]
    closed: tuple[AlarmView, ...]
    skew_alarms: tuple[AlarmView, ...]
    main: Comparison
    drift: Comparison | None
    others: tuple[OtherReference, ...]
    skew: Comparison | None
    challenge: Comparison | None
    timeline: Timeline | None
    quality: tuple[QualityRow, ...]
    coverage: tuple[Fact, ...]
    strangers: tuple[Stranger, ...]
    worked: tuple[str, ...]


def plane(snapshot: Snapshot, anchor: str, now: float) -> Plane:
    """`anchor` begins every anchor of the plane; `now` in unix seconds."""
    held = references(snapshot)
    there = [against for against in DRIFT if against in held and held[against].counts[ROWS]]
    line = timeline(snapshot.history, snapshot.markers, snapshot.alarms)
    training = report_of(snapshot, Against.profile)
    skew = _skew(snapshot, training, line, anchor, is_main=not there)
    outlines = training if Against.profile in held else None
    drift = _drift(snapshot, there[0], line, outlines, anchor) if there else None
    paging = state_of("drift", snapshot.detectors, now)
    silent = state_of("skew", snapshot.detectors, now)
    opened, closed = alarm_views(snapshot.alarms, snapshot.markers, now)
    main = drift or skew
    return Plane(
        anchor=anchor,
        title=title_of(snapshot),
        snapshot=snapshot,
        facts=facts(snapshot),
        notices=notices(snapshot),
        states=tuple(state for state in (paging, silent) if state is not None),
        advice=advice(snapshot, paging, silent, names_over(main.features)),
        opened=tuple(alarm for alarm in opened if alarm.kind == "drift"),
        closed=tuple(alarm for alarm in closed if alarm.kind == "drift"),
        skew_alarms=tuple(alarm for alarm in (*opened, *closed) if alarm.kind != "drift"),
        main=main,
        drift=drift,
        others=tuple(_other(snapshot, against) for against in there[1:]),
        skew=skew if Against.profile in held else None,
        challenge=_challenge(snapshot, anchor),
        timeline=line,
        quality=quality_rows(main.report.streams),
        coverage=coverage(snapshot),
        strangers=tuple(sorted(snapshot.strangers, key=lambda row: -row.surprise)),
        worked=worked_example(main.features[0].measure) if main.features else (),
    )


def title_of(snapshot: Snapshot) -> str:
    """`version 3, champion, country=DE`."""
    key = snapshot.key
    return ", ".join(filter(None, [f"version {key.version}", key.role, key.segment]))


def against_what(snapshot: Snapshot, against: Against) -> str:
    """The reference in words, after "against"."""
    baseline = snapshot.baseline
    if against is Against.baseline and baseline is not None:
        by = (
            f"that {baseline.accepted_by} accepted"
            if baseline.accepted_by
            else "accepted by itself"
        )
        return f"baseline {baseline.number} {by}"
    return {
        Against.profile: "the training profile",
        Against.previous: "the window before",
        Against.week_ago: "the same hour a week ago",
        Against.champion: "the champion on the same traffic",
    }[against]


def _drift(
    snapshot: Snapshot,
    against: Against,
    line: Timeline | None,
    training: Report | None,
    anchor: str,
) -> Comparison:
    report = report_of(snapshot, against)
    background = _background(snapshot, "drift", report, line, against, training)
    title = against_what(snapshot, against)
    return comparison(snapshot.profile, report, title, f"{anchor}-drift", background)


def _skew(
    snapshot: Snapshot, report: Report, line: Timeline | None, anchor: str, *, is_main: bool
) -> Comparison:
    """Where it is all there is, every stream is drawn, and over time as well."""
    background = _background(
        snapshot, "skew", report, line if is_main else None, Against.profile, None
    )
    return comparison(
        snapshot.profile,
        report,
        against_what(snapshot, Against.profile),
        f"{anchor}-skew",
        background,
        None if is_main else SKEW_DRAWN_MAX,
    )


def _background(
    snapshot: Snapshot,
    kind: str,
    report: Report,
    line: Timeline | None,
    against: Against,
    training: Report | None,
) -> Background:
    reference = reference_of(snapshot, against).counts
    trends: dict[Key, tuple[float | None, ...]] = {}
    if line is not None:
        found = series(snapshot.profile, snapshot.history, reference)
        for index, stream in enumerate(snapshot.profile.streams):
            trends[stream.group.value, stream.name] = ratios(line, found, index)
    views = [view for view in snapshot.detectors if view.kind == kind]
    return Background(
        trends=trends,
        marks=line.marks if line is not None else (),
        training={(m.group, m.stream): m for m in training.streams} if training else {},
        causes={(m.group, m.stream): cause(m) for m in report.streams},
        kappa=_largest([view.kappa for view in views]),
        tolerance=_largest([view.tolerance for view in views]),
        evidence_log10=_largest([view.stream_evidence_log10 for view in views]),
        named={
            stream.stream: stream
            for alarm in snapshot.alarms
            if alarm.state == "open" and alarm.kind == kind
            for stream in alarm.streams
        },
    )


def _largest(found: list[dict[str, float]]) -> dict[str, float]:
    """Of several gateways, by stream."""
    merged: dict[str, float] = {}
    for by_stream in found:
        for name, number in by_stream.items():
            merged[name] = max(number, merged.get(name, number))
    return merged


def _other(snapshot: Snapshot, against: Against) -> OtherReference:
    report = report_of(snapshot, against)
    features = [m for m in report.streams if m.group == Group.feature]
    over = sorted(
        (m for m in features if m.psi_excess), key=lambda m: m.psi_excess or 0.0, reverse=True
    )
    return OtherReference(
        title=against_what(snapshot, against),
        rows=int(references(snapshot)[against].counts[ROWS]),
        over=len(over),
        features=len(features),
        names=tuple(m.stream for m in over[:OTHER_NAMES_MAX]),
    )


def _challenge(snapshot: Snapshot, anchor: str) -> Comparison | None:
    report = between(snapshot)
    if report is None:
        return None
    title = against_what(snapshot, Against.champion)
    return comparison(
        snapshot.profile, report, title, f"{anchor}-challenge", Background(), SKEW_DRAWN_MAX
    )


def models_of(planes: tuple[Plane, ...]) -> str:
    """The models of a page, for its title."""
    names = list(dict.fromkeys(one.snapshot.key.model for one in planes))
    return listed(names) if names else "no model"
