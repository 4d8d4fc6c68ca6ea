"""States, names, onset, size, recovery."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.monitor.alarm.references import categorical, joint, ordered, uniform
from tiltyard.monitor.alarm.alarm import Alarm
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.detector import Detector, State, TickResult
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.alarm.tick import TickCounts

STREAMS = [
    uniform("a"),
    categorical("b", [3000, 1500, 400, 100, 0, 0, 0, 0]),
    ordered("c", [0, 4950, 50, 0, 0]),
    ordered("d", [0, 5000, 0, 0]),
    uniform("e"),
]
POLICY = AlarmPolicy(warmup_ticks=100)
TABLES = BetTables.build(STREAMS, POLICY)
SHARES = [s.counts / s.rows for s in STREAMS]

Shares = list[np.ndarray]


def with_changed(*changes: tuple[int, list[float]]) -> Shares:
    """The reference's shares, with those of some streams replaced."""
    shares = list(SHARES)
    for stream, weights in changes:
        shares[stream] = np.array(weights) / sum(weights)
    return shares


UP = (0, [0, *[2.0] * 5, *[3.0] * 5, 0, 0])
FAR_UP = (0, [0, *[1.0] * 5, *[3.0] * 5, 0, 0])
DOWN = (4, [0, *[3.0] * 5, *[2.0] * 5, 0, 0])


class Plane:
    """Traffic with a clock, into a detector."""

    def __init__(self, detector: Detector, seed: int = 12) -> None:
        self.detector = detector
        self.now_s = 1000.0
        self._rng = np.random.default_rng(seed)

    def counts(self, shares: Shares = SHARES, rows: int = 100, batch: int = 1) -> TickCounts:
        """Requests of `batch` equal rows."""
        self.now_s += 1.0
        own = [batch * self._rng.multinomial(rows // batch, p) for p in shares]
        squares = rows * batch
        return TickCounts(np.concatenate(own), rows, rows // batch, squares, 1.0, self.now_s)

    def run(self, ticks: int, shares: Shares = SHARES, batch: int = 1) -> Iterator[TickResult]:
        for _ in range(ticks):
            yield self.detector.tick(self.counts(shares, batch=batch))

    def until(self, event: str, shares: Shares = SHARES, ticks: int = 500) -> Alarm:
        for result in self.run(ticks, shares):
            if result.event == event:
                assert result.alarm is not None
                return result.alarm
        raise AssertionError(f"nothing was {event} in {ticks} ticks")


@pytest.fixture
def plane() -> Plane:
    """Warmed up on traffic like the reference."""
    plane = Plane(Detector(TABLES, POLICY))
    assert {result.event for result in plane.run(150)} == {""}
    assert plane.detector.state is State.ok
    return plane


def test_while_warming_nothing_pages_and_what_was_bet_is_forgotten() -> None:
    plane = Plane(Detector(TABLES, POLICY))
    results = list(plane.run(100, with_changed(FAR_UP), batch=10))
    assert {result.before for result in results} == {State.warming}
    assert {result.event for result in results} == {""}
    assert max(result.log_evidence for result in results) > np.log(POLICY.false_alarm_s)
    assert plane.detector.state is State.ok
    assert np.isneginf(plane.detector.log_evidence)
    assert plane.detector.kappa[0] > 5


def test_unchanged_traffic_of_equal_rows_is_discounted() -> None:
    plane = Plane(Detector(TABLES, POLICY))
    assert {result.event for result in plane.run(800, batch=10)} == {""}
    assert plane.detector.state is State.ok


def test_a_shift_is_named_with_direction_onset_and_size(plane: Plane) -> None:
    began_s = plane.now_s
    alarm = plane.until("opened", with_changed(UP))
    assert plane.detector.state is State.drifting
    assert (alarm.state, alarm.crossed_s, alarm.leading) == ("open", plane.now_s, ("a",))
    assert alarm.onset.from_s - 3 <= began_s <= alarm.onset.to_s + 3
    stream = alarm.streams[0]
    assert (stream.change, stream.is_leading) == ("location up", True)
    # A tenth of the mass moved by half of the range, in units of 1/sqrt(12).
    assert stream.size_sigma is not None
    assert stream.size_error is not None
    assert abs(stream.size_sigma - 0.05 * np.sqrt(12)) < 2 * stream.size_error
    assert alarm.evidence_log10 >= np.log10(POLICY.false_alarm_s)
    assert alarm.tolerance["a"] == TABLES.tolerance[0]
    assert alarm.kappa["a"] == plane.detector.kappa[0]


@pytest.mark.parametrize(
    ("stream", "weights", "change"),
    [
        (1, [3000, 1500, 400, 100, 0, 120, 0, 0], "unseen"),
        (1, [3000, 1800, 100, 100, 0, 0, 0, 0], "category c2 down"),
        (1, [2500, 1500, 400, 600, 0, 0, 0, 0], "category c3 up"),
        (2, [0, 4700, 50, 0, 250], "missing"),
        (3, [0, 5000, 200, 0], "above"),
        (4, [0, 1, 1, 1, 4, 4, 4, 4, 1, 1, 1, 0, 0], "spread down"),
        (4, [0, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 0, 0], "shape"),
    ],
)
def test_each_sort_of_change_is_told(
    plane: Plane, stream: int, weights: list[float], change: str
) -> None:
    alarm = plane.until("opened", with_changed((stream, weights)))
    assert [s.stream for s in alarm.streams] == [STREAMS[stream].name]
    assert alarm.streams[0].change == change
    assert alarm.streams[0].psi_excess > 0


def test_it_stays_latched_and_names_what_comes_later(plane: Plane) -> None:
    first = plane.until("opened", with_changed(UP))
    confirmed = first if first.confirmed else plane.until("named", with_changed(UP))
    assert confirmed.confirmed == ("a",)
    later = plane.until("named", with_changed(UP, DOWN))
    assert (later.leading, later.confirmed) == (("a",), ("a", "e"))
    assert later.crossed_s == first.crossed_s
    assert [s.change for s in later.streams] == ["location up", "location down"]
    assert later.rows > first.rows
    assert plane.detector.state is State.drifting


def test_it_recovers_when_all_that_it_names_are_back_and_is_armed_again(plane: Plane) -> None:
    plane.until("opened", with_changed(UP))
    list(plane.run(100, with_changed(UP)))
    assert plane.detector.state is State.drifting
    began_s = plane.now_s
    alarm = plane.until("recovered")
    assert (alarm.state, alarm.closed_by, alarm.closed_s) == ("recovered", "recovered", plane.now_s)
    assert 5 < plane.now_s - began_s < 60
    assert plane.detector.alarm is None
    assert {(result.state, result.event) for result in plane.run(100)} == {(State.ok, "")}
    assert plane.until("opened", with_changed(DOWN)).leading == ("e",)


def test_evidence_from_a_tenth_of_the_threshold_on_is_suspicious(plane: Plane) -> None:
    seen = []
    for result in plane.run(100, with_changed(UP)):
        seen.append((result.state, result.log_evidence - plane.detector.log_threshold))
        if result.state is State.drifting:
            break
    assert all((State.suspicious is s) == (-np.log(10) <= d < 0) for s, d in seen[:-1])
    assert seen[-1][1] >= 0


def test_a_tick_without_rows_changes_nothing(plane: Plane) -> None:
    saved = plane.detector.to_arrays()
    empty = TickCounts(np.zeros(TABLES.size, np.int64), 0, 0, 0, 50.0, plane.now_s)
    assert plane.detector.tick(empty).log_evidence == plane.detector.log_evidence
    after = plane.detector.to_arrays()
    assert all(np.array_equal(saved[name], after[name]) for name in saved)


def test_a_gap_puts_in_an_hour_at_most() -> None:
    evidence = []
    for elapsed_s in (3600.0, 1e6):
        detector = Detector(TABLES, POLICY)
        one = Plane(detector).counts()
        evidence.append(
            detector.tick(TickCounts(one.cells, 100, 100, 100, elapsed_s, one.ended_s)).log_evidence
        )
    assert evidence[0] == evidence[1]


def test_dependent_rows_of_a_request_are_discounted_unless_told_otherwise() -> None:
    shifts = []
    for independent in (False, True):
        policy = AlarmPolicy(warmup_ticks=0, rows_independent=independent)
        plane = Plane(Detector(TABLES, policy))
        one = plane.counts(with_changed(FAR_UP), rows=500)
        one = TickCounts(one.cells, 500, 1, 250_000, 1.0, 1.0)
        shifts.append(plane.detector.tick(one).log_evidence)
    assert shifts[1] > shifts[0] + 1


def test_a_flood_of_rows_counts_for_n_cap() -> None:
    capped, few = (
        Detector(TABLES, AlarmPolicy(warmup_ticks=0, n_cap=cap)) for cap in (1000, 100_000)
    )
    one = Plane(capped).counts(with_changed(UP), rows=100_000)
    assert capped.tick(one).log_evidence < 0.05 * few.tick(one).log_evidence


def test_acknowledging_silences_and_resets_nothing(plane: Plane) -> None:
    with pytest.raises(ValueError, match="no alarm is open; the detector is ok"):
        plane.detector.acknowledge("ann", 5.0)
    plane.until("opened", with_changed(UP))
    evidence = plane.detector.log_evidence
    alarm = plane.detector.acknowledge("ann", plane.now_s)
    assert (alarm.acknowledged_by, alarm.acknowledged_s) == ("ann", plane.now_s)
    assert (plane.detector.state, plane.detector.log_evidence) == (State.drifting, evidence)
    assert plane.detector.alarm == alarm


def test_closing_ends_it_as_superseded_and_starts_anew(plane: Plane) -> None:
    assert plane.detector.close("v7", plane.now_s) is None
    plane.until("opened", with_changed(UP))
    kappa = plane.detector.kappa
    alarm = plane.detector.close("superseded by v7", plane.now_s)
    assert alarm is not None
    assert (alarm.state, alarm.closed_by, alarm.closed_s) == (
        "superseded",
        "superseded by v7",
        plane.now_s,
    )
    assert (plane.detector.state, plane.detector.alarm) == (State.ok, None)
    assert np.array_equal(plane.detector.kappa, kappa)
    assert np.isneginf(plane.detector.log_evidence)


def test_another_budget_is_another_threshold(plane: Plane) -> None:
    list(plane.run(5, with_changed(UP)))
    assert plane.detector.state is not State.drifting
    plane.detector.set_false_alarm_s(1.0)
    assert plane.detector.tick(plane.counts(with_changed(UP))).event == "opened"


@pytest.mark.parametrize("moment", ["new", "warming", "ok", "drifting", "shape", "acknowledged"])
def test_it_is_saved_to_the_bit_at_any_moment(moment: str) -> None:
    plane = Plane(Detector(TABLES, POLICY))
    humps = (4, [0, *[4.0, 1.0] * 5, 0, 0])
    change = with_changed(humps if moment == "shape" else UP)
    list(plane.run({"new": 0, "warming": 50}.get(moment, 150)))
    if moment in ("drifting", "shape", "acknowledged"):
        plane.until("opened", change)
        list(plane.run(3, change))
    if moment == "acknowledged":
        plane.detector.acknowledge("zoë", plane.now_s)
    again = Detector.from_arrays(TABLES, POLICY, plane.detector.to_arrays())
    assert again.alarm == plane.detector.alarm
    assert (again.state, again.since_s) == (plane.detector.state, plane.detector.since_s)
    for shares in [change] * 40 + [SHARES] * 60:
        one = plane.counts(shares)
        mine, theirs = plane.detector.tick(one), again.tick(one)
        assert (mine.state, mine.event, mine.alarm) == (theirs.state, theirs.event, theirs.alarm)
        assert mine.log_evidence == theirs.log_evidence
    ours, others = plane.detector.to_arrays(), again.to_arrays()
    assert set(ours) == set(others)
    assert all(
        np.array_equal(ours[name], others[name], equal_nan=ours[name].dtype.kind == "f")
        for name in ours
    )


def test_saved_arrays_need_no_pickle(
    plane: Plane, tmp_path_factory: pytest.TempPathFactory
) -> None:
    plane.until("opened", with_changed(UP))
    file = tmp_path_factory.mktemp("saved") / "state.npz"
    np.savez(file, **plane.detector.to_arrays())  # type: ignore[arg-type]  # allow_pickle is no array
    with np.load(file, allow_pickle=False) as arrays:
        again = Detector.from_arrays(TABLES, POLICY, arrays)
    assert again.alarm == plane.detector.alarm


def test_wrong_ticks_are_refused(plane: Plane) -> None:
    one = plane.counts()
    with pytest.raises(ValueError, match=r"a tick has cells of shape \(3,\)"):
        plane.detector.tick(TickCounts(one.cells[:3], 100, 100, 100, 1.0, 1.0))
    with pytest.raises(ValueError, match=r"lasted 0\.0 seconds"):
        plane.detector.tick(TickCounts(one.cells, 100, 100, 100, 0.0, 1.0))


def test_memory_is_bounded(plane: Plane) -> None:
    list(plane.run(700))
    held = plane.detector.nbytes
    list(plane.run(3600))
    assert plane.detector.nbytes < max(2 * held, 400_000)


def test_a_stream_that_was_never_seen_while_warming_does_not_page() -> None:
    plane = Plane(Detector(TABLES, POLICY))
    absent = TABLES.owner == 0
    for _ in range(150):
        one = plane.counts()
        one.cells[absent] = 0
        plane.detector.tick(one)
    for result in plane.run(40, with_changed(FAR_UP)):
        assert result.state is State.ok
    assert plane.detector.log_streams[0] > np.log(1e4)


JOINT_UP = np.array([0, *[1.0] * 5, *[9.0] * 5, 0, 0]) / 50


@pytest.fixture
def joint_plane() -> Plane:
    """The same streams and a joint one after them, without warming up."""
    policy = AlarmPolicy(warmup_ticks=0)
    plane = Plane(Detector(BetTables.build([*STREAMS, joint("surprise")], policy), policy))
    assert {result.event for result in plane.run(20, [*SHARES, SHARES[0]])} == {""}
    return plane


def test_a_feature_leads_though_the_joint_stream_has_more_evidence(joint_plane: Plane) -> None:
    broken = joint_plane.counts([*with_changed(FAR_UP), JOINT_UP], rows=1000)
    alarm = joint_plane.detector.tick(broken).alarm
    assert alarm is not None
    assert alarm.leading == ("a",)
    assert [stream.stream for stream in alarm.streams] == ["a", "surprise"]
    feature, surprise = alarm.streams
    assert surprise.is_confirmed
    assert surprise.evidence_log10 > feature.evidence_log10 + 3
    assert surprise.share > 0.99, "shares are of the whole"
    assert feature.share == pytest.approx(10 ** (feature.evidence_log10 - surprise.evidence_log10))


def test_what_joint_streams_alone_find_is_theirs_to_lead(joint_plane: Plane) -> None:
    alarm = joint_plane.until("opened", [*SHARES, JOINT_UP])
    assert [stream.stream for stream in alarm.streams] == ["surprise"]
    assert alarm.leading == ("surprise",)


def test_a_feature_with_evidence_after_the_crossing_is_named_as_not_leading(
    joint_plane: Plane,
) -> None:
    shares = [*with_changed(UP), JOINT_UP]
    assert joint_plane.until("opened", shares).leading == ("surprise",)
    later = joint_plane.detector.alarm
    while later is not None and "a" not in later.confirmed:
        later = joint_plane.until("named", shares)
    assert later is not None
    assert (later.leading, later.confirmed) == (("surprise",), ("surprise", "a"))


def test_what_is_known_of_rows_goes_to_a_detector_that_bets_otherwise(plane: Plane) -> None:
    list(plane.run(40))
    other = replace(POLICY, delta=0.3)
    detector = Detector(BetTables.build(STREAMS, other), other)
    detector.know(plane.detector)
    assert detector.state is State.ok
    assert detector.ticks == plane.detector.ticks
    assert np.array_equal(detector.kappa, plane.detector.kappa)
    assert np.all(np.isneginf(detector.log_streams)), "evidence is of its own bets"
    warming = Detector(TABLES, POLICY)
    detector = Detector(BetTables.build(STREAMS, other), other)
    detector.know(warming)
    assert detector.state is State.warming
