"""A version whose requests are counted: its profile, planes, baseline and detectors."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from tiltyard.monitor.alarm.alarm import Alarm as ToldAlarm
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.counting.block_counter import BlockCounter
from tiltyard.monitor.counting.counter import Kernel
from tiltyard.monitor.counting.errors import CountingError
from tiltyard.monitor.counting.panes import Panes
from tiltyard.monitor.counting.record import Words
from tiltyard.monitor.counting.selection import Selection
from tiltyard.monitor.detection import DRIFT, SKEW, Detection, Reference
from tiltyard.monitor.folding import Folding
from tiltyard.monitor.plane import Plane
from tiltyard.monitor.policy import DriftPolicy
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.recorded import Recorded
from tiltyard.monitor.recording import CANARY, CHAMPION, SHADOW
from tiltyard.monitor.skew import skew_reference
from tiltyard.monitor.snapshot import Baseline, PlaneKey
from tiltyard.monitor.statistics.against import baseline_counts
from tiltyard.monitor.strangers import Strangers
from tiltyard.monitor.ticking import Ticking

# What a version does is bet whatever its role, so that a canary's evidence goes on as champion.
BET_ROLES: Final = frozenset({CHAMPION, CANARY, SHADOW})


@dataclass(frozen=True, slots=True)
class Told:
    """What a detector said after a tick."""

    segment: str
    detection: Detection
    event: str  # opened, named, recovered
    alarm: ToldAlarm


class Watched:
    """Not thread-safe: its monitor has a lock. `began` and other times are in unix seconds."""

    def __init__(
        self,
        profile: Profile,
        kernel: Kernel,
        policy: DriftPolicy,
        alarm_policy: AlarmPolicy,
        *,
        began: float,
        monotonic: float,
    ) -> None:
        """Raises CountingError when the profile is not whole."""
        self.profile = profile
        self.policy = policy
        self.began = began
        self.baseline: Baseline | None = None
        self.planes: dict[tuple[str, str], Plane] = {}  # by role and segment
        self.tickings: dict[str, Ticking] = {}  # by segment
        self.role = ""  # the last that it was counted in
        self.recorded = Recorded()
        self._folding = Folding(profile)
        self._counter = BlockCounter(profile, kernel)
        self._selections: dict[str, Selection] = {}
        self._refused: list[str] = []  # why segments of the policy are left out
        self._alarm_policy = alarm_policy
        self._skew = skew_reference(profile)
        self.set_policy(policy, monotonic)

    @property
    def key(self) -> tuple[str, int]:
        return self.profile.model, self.profile.version

    @property
    def segments(self) -> tuple[str, ...]:
        """Those that are counted; "" is the whole."""
        return ("", *self._selections)

    @property
    def problems(self) -> list[str]:
        """Segments of the policy that are not watched for drift, and why: sentences."""
        baseline = self.baseline
        if baseline is None:
            return self._refused
        name = shlex.quote(self.profile.model)
        return self._refused + [
            f"segment {segment}: baseline {baseline.number} has no rows of it, so it is not watched"
            " for drift; when it has been counted for a while, tiltyard drift accept"
            f" {name} --version {self.profile.version}"
            for segment in self._selections
            if baseline_counts(baseline, segment) is None
        ]

    # ---- counting

    def count(self, role: str, words: Words, at: float, monotonic: float) -> None:
        """Count a block of records uint32[n, W] on the planes of a role."""
        if role in BET_ROLES:
            self.role = role
        for segment in self.segments:
            self.plane(role, segment, at).count(words, at, monotonic)

    def plane(self, role: str, segment: str, at: float) -> Plane:
        """The plane, made now if there is none."""
        found = self.planes.get((role, segment))
        if found is None:
            found = self.adopt(role, segment, Panes(self.profile.layout, at))
        return found

    def adopt(self, role: str, segment: str, panes: Panes) -> Plane:
        """A plane with these panes, restored ones for example."""
        plane = self.planes[role, segment] = self.made(role, segment, panes)
        return plane

    def made(self, role: str, segment: str, panes: Panes) -> Plane:
        """The same, to be looked at: it is none of those that are counted."""
        model, version = self.key
        plane = Plane(
            PlaneKey(model, version, role, segment),
            self._counter,
            panes,
            Strangers(self.profile),
            self._selections.get(segment),
        )
        plane.captures_values = self.policy.captures_values
        return plane

    def settle(self, now: float) -> None:
        """What is new goes into panes, and into the ticks that are open."""
        for (role, segment), plane in self.planes.items():
            counts = plane.settle(now)
            ticking = self.tickings.get(segment)
            if counts is not None and ticking is not None and role in BET_ROLES:
                ticking.add(counts)

    def bet_planes(self, segment: str) -> Iterator[Plane]:
        """Those of a segment whose counts are bet."""
        for (role, one), plane in self.planes.items():
            if one == segment and role in BET_ROLES:
                yield plane

    # ---- alarms

    def close_ticks(self, monotonic: float, at: float) -> Iterator[Told]:
        """Bet the ticks that are complete; what happened."""
        for segment, ticking in self.tickings.items():
            for detection, event, alarm in ticking.close(monotonic, at):
                if alarm is not None:
                    yield Told(segment, detection, event, alarm)

    @property
    def has_open_ticks(self) -> bool:
        """Whether there are counts that wait for their tick to be complete."""
        return any(ticking.is_open for ticking in self.tickings.values())

    def detections(self) -> Iterator[tuple[str, Detection]]:
        """All, with their segments."""
        for segment, ticking in self.tickings.items():
            for detection in ticking.detections.values():
                yield segment, detection

    def set_policy(self, policy: DriftPolicy, monotonic: float) -> None:
        """Count and bet by this policy from now on; detectors begin anew where it asks for others.

        Segments that this profile cannot tell are left out, and `problems` says why.
        """
        self.policy = policy
        self._refused = []
        self._selections = {}
        for segment in policy.segments:
            try:
                self._selections[str(segment)] = Selection.of(self.profile, segment)
            except CountingError as error:
                self._refused.append(str(error))
        self.planes = {key: one for key, one in self.planes.items() if key[1] in self.segments}
        for plane in self.planes.values():
            plane.captures_values = policy.captures_values
            if not policy.captures_values:
                plane.strangers.forget_values()
        self._bet_anew(monotonic)

    def set_baseline(self, baseline: Baseline | None) -> None:
        """Drift is against this one from now on. Raises ValueError when it is of other cells."""
        if baseline is not None and baseline.profile_digest != self.profile.digest:
            raise ValueError(
                f"baseline {baseline.number} is of profile {baseline.profile_digest[:12]}, and"
                f" {self.profile.model} version {self.profile.version} is counted by"
                f" {self.profile.digest[:12]}"
            )
        self.baseline = baseline
        for segment, ticking in self.tickings.items():
            self._bet_drift(segment, ticking)

    def set_false_alarm_s(self, whole_s: float, segment_s: float) -> None:
        """The mean time between false alarms of the whole, and of each segment."""
        for segment, detection in self.detections():
            told_s = segment_s if segment else whole_s
            if detection.detector.policy.false_alarm_s != told_s:
                detection.detector.set_false_alarm_s(told_s)

    def _bet_anew(self, monotonic: float) -> None:
        policy = replace(
            self._alarm_policy,
            delta=self.policy.delta,
            delta_indicator=self.policy.delta_indicator,
            rows_independent=self.policy.rows_independent,
        )
        before, self.tickings = self.tickings, {}
        for segment in self.segments:
            known = before.get(segment)
            if known is not None and known.policy == policy:
                self.tickings[segment] = known
                continue
            ticking = Ticking(policy, monotonic)
            # A segment has no profile of its own: of it only drift is known.
            if not segment:
                ticking.detections[SKEW] = Detection(self._folding, self._skew, policy)
            self.tickings[segment] = ticking
            self._bet_drift(segment, ticking)
            for kind, detection in ticking.detections.items():
                same = known.detections.get(kind) if known is not None else None
                if same is not None and same.reference.digest == detection.reference.digest:
                    detection.detector.know(same.detector)  # without another warm-up

    def _bet_drift(self, segment: str, ticking: Ticking) -> None:
        reference = self._drift_reference(segment)
        if reference is None:
            ticking.detections.pop(DRIFT, None)
            return
        known = ticking.detections.get(DRIFT)
        if known is None or known.reference.digest != reference.digest:
            ticking.detections[DRIFT] = Detection(self._folding, reference, ticking.policy)

    def _drift_reference(self, segment: str) -> Reference | None:
        baseline = self.baseline
        if baseline is None:
            return None
        if not segment:
            return Reference(DRIFT, baseline.digest, baseline.counts, baseline.slots)
        counts = baseline_counts(baseline, segment)
        if counts is None:
            return None
        return Reference(DRIFT, baseline.digest, counts, baseline.segment_slots.get(segment))
