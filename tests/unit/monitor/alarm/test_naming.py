"""Who is named."""

import numpy as np
import pytest

from tests.unit.monitor.alarm.references import uniform
from tiltyard.monitor.alarm.bet_layout import BetGroup
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.naming import leading, leading_bet, shares
from tiltyard.monitor.alarm.policy import AlarmPolicy

LOG_THRESHOLD = float(np.log(1000.0))


def leaders(evidence: list[float], joint: tuple[int, ...] = ()) -> list[int]:
    is_joint = np.isin(np.arange(len(evidence)), joint)
    with np.errstate(divide="ignore"):
        return leading(np.log(evidence), is_joint, LOG_THRESHOLD)


def test_the_leading_are_the_fewest_with_nine_tenths_of_all_evidence() -> None:
    assert leaders([10.0, 60.0, 1.0, 29.0]) == [1, 3, 0]
    assert leaders([10.0, 60.0, 0.5, 29.5]) == [1, 3, 0]
    assert leaders([9.0, 61.0, 1.0, 30.0]) == [1, 3]
    assert leaders([0.0, 1e300, 1e290]) == [1]
    assert leaders([0.0, 0.0, 0.0]) == []
    far = np.array([-np.inf, 5000.0, 4000.0])
    assert leading(far, np.zeros(3, np.bool_), LOG_THRESHOLD) == [1]


def test_joint_streams_lead_only_where_no_other_has_evidence_for_an_alarm() -> None:
    assert leaders([1000.0, 1e9, 10.0], joint=(1,)) == [0]
    assert leaders([999.0, 1e9, 10.0], joint=(1,)) == [1]
    assert leaders([999.0, 0.0, 5000.0], joint=(1, 2)) == [2, 0]
    assert leaders([0.0, 1e9, 1e9], joint=(1, 2)) == [1, 2]
    assert leaders([0.0, 1e9, 5e8], joint=(0, 1, 2)) == [1, 2]


def test_without_the_joint_the_leading_hold_nine_tenths_of_what_is_left() -> None:
    assert leaders([6000.0, 2500.0, 1500.0, 1e30], joint=(3,)) == [0, 1, 2]
    assert leaders([6000.0, 3100.0, 900.0, 1e30], joint=(3,)) == [0, 1]


def test_shares_add_up() -> None:
    assert shares(np.log([1.0, 3.0])) == pytest.approx([0.25, 0.75])
    assert shares(np.array([-np.inf, 9000.0])) == pytest.approx([0, 1])
    assert shares(np.full(2, -np.inf)).tolist() == [0, 0]


def test_bets_on_one_change_are_added_up_before_the_best_is_chosen() -> None:
    tables = BetTables.build([uniform("a"), uniform("b")], AlarmPolicy())
    layout = tables.layout
    logs = np.full(layout.size, -np.inf)
    location = layout.scores[:5, 1]
    spread = layout.scores[10, 1]
    logs[location] = np.log([1.0, 2.0, 3.0, 2.0, 1.0])
    logs[spread] = np.log(8.0)
    assert leading_bet(tables, logs, 1, np.log(1e3)) == location[2]
    logs[spread] = np.log(10.0)
    assert leading_bet(tables, logs, 1, np.log(1e3)) == spread
    assert layout.group[spread] == BetGroup.spread


def test_shape_is_told_only_where_no_change_with_a_name_is_near() -> None:
    tables = BetTables.build([uniform("a")], AlarmPolicy())
    logs = np.full(tables.layout.size, -np.inf)
    shape, location = int(tables.layout.shapes[1, 0]), int(tables.layout.scores[2, 0])
    logs[[shape, location]] = np.log([50.0, 1.0])
    assert leading_bet(tables, logs, 0, np.log(1e3)) == location
    logs[shape] = np.log(101.0)
    assert leading_bet(tables, logs, 0, np.log(1e3)) == shape
    logs[[shape, location]] = np.log([1e9, 999.0])
    assert leading_bet(tables, logs, 0, np.log(1e3)) == shape
    logs[location] = np.log(1001.0)
    assert leading_bet(tables, logs, 0, np.log(1e3)) == location
