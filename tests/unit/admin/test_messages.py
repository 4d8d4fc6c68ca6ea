"""Every view comes through the wire as it went in, to the last field."""

from collections.abc import Callable
from dataclasses import MISSING, fields, replace
from typing import Any

import pytest

from tests.unit.admin import fake_views
from tiltyard.admin import messages
from tiltyard.client import admin_replies
from tiltyard.control.views import ModelView, RouteView, SlotView, StatisticsRow, VersionView

Turn = Callable[[Any], Any]

EVENT: tuple[Turn, Turn] = (messages.event_message, admin_replies.read_event)
VERSION: tuple[Turn, Turn] = (messages.version_message, admin_replies.read_version)
MODEL: tuple[Turn, Turn] = (messages.model_message, admin_replies.read_model)
ROUTE: tuple[Turn, Turn] = (messages.route_message, admin_replies.read_route)
ROW: tuple[Turn, Turn] = (messages.statistics_message, admin_replies.read_statistics)

FULL = [
    (EVENT, fake_views.EVENT),
    (VERSION, fake_views.VERSION),
    (MODEL, fake_views.MODEL),
    (ROUTE, fake_views.ROUTE),
    (ROW, fake_views.ROW),
]
BARE = [
    (EVENT, replace(fake_views.EVENT, at_unix_s=0.0, actor="", data={})),
    (VERSION, VersionView("m", 1, "stored")),
    (MODEL, ModelView("m", 0, None)),
    (ROUTE, RouteView("m", 0, 0, None)),
    (ROW, StatisticsRow("m", 1, "pinned")),
]


@pytest.mark.parametrize(("turns", "view"), FULL + BARE)
def test_a_round_trip(turns: tuple[Turn, Turn], view: Any) -> None:
    write, read = turns
    message = write(view)
    assert read(type(message).FromString(message.SerializeToString())) == view


def test_the_views_of_the_round_trip_have_every_field() -> None:
    """A field that is added and forgotten in the messages makes this fail, or the trip."""
    slots = (fake_views.CHAMPION, fake_views.CANARY, fake_views.SHADOW, fake_views.PREVIOUS)
    rest = (fake_views.ROW, fake_views.AGREEMENT, fake_views.AGREEMENT.outputs[0])
    groups: list[tuple[Any, ...]] = [slots, (fake_views.VERSION,), (fake_views.ROUTE,)]
    for views in [*groups, *((view,) for view in rest)]:
        for field in fields(views[0]):
            if field.default is not MISSING:
                said = [getattr(view, field.name) for view in views]
                assert any(value != field.default for value in said), field


@pytest.mark.parametrize("unix_s", [0.0, 1.5, 1_795_593_600.123456, 1_795_593_600.9999999])
def test_times_come_back_to_the_last_bit(unix_s: float) -> None:
    slot = SlotView("champion", 1, "ready", unix_s, until_unix_s=unix_s)
    found = admin_replies.read_route(messages.route_message(RouteView("m", 1, 1, slot)))
    assert found.champion == slot


def test_shares_are_told_exactly_and_as_fractions() -> None:
    message = messages.route_message(fake_views.ROUTE)
    assert message.challengers[0].share.buckets == 3_277
    assert message.challengers[0].share.fraction == 3_277 / 65_536
    assert message.challengers[1].sample.fraction == 0.2
