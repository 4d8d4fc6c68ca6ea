"""Who is named."""

import numpy as np
import pytest

from tests.unit.monitor.alarm.references import uniform
from tiltyard.monitor.alarm.bet_layout import BetGroup
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.naming import leading, leading_bet, shares
from tiltyard.monitor.alarm.policy import AlarmPolicy


def test_the_leading_are_the_fewest_with_nine_tenths_of_all_evidence() -> None:
    assert leading(np.log([10.0, 60.0, 1.0, 29.0])) == [1, 3, 0]
    assert leading(np.log([10.0, 60.0, 0.5, 29.5])) == [1, 3, 0]
    assert leading(np.log([9.0, 61.0, 1.0, 30.0])) == [1, 3]
    assert leading(np.array([-np.inf, 5000.0, 4000.0])) == [1]
    assert leading(np.full(3, -np.inf)) == []


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
