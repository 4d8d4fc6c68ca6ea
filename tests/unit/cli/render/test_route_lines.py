from dataclasses import replace

from tests.unit.cli.sample_views import CANARY, DAY, FULL, NOBODY, NOT_RECORDED, NOW, SHADOW
from tests.unit.cli.screens import screen
from tiltyard.cli.render.route_lines import route_lines
from tiltyard.control.views import OutputRule, Sample


def test_the_whole_route() -> None:
    assert route_lines(FULL, NOW) == screen("route")


def test_nobody() -> None:
    assert route_lines(NOBODY, NOW) == screen("route_nobody")


def test_what_is_not_as_it_should_be() -> None:
    assert route_lines(NOT_RECORDED, NOW) == screen("route_not_recorded")


def test_less_common_facts() -> None:
    reverse = replace(CANARY, since_unix_s=0, reverse_shadow=True, sample=Sample(1_234))
    rules = (OutputRule("label", "label"), OutputRule("score", "tolerance", 0.5))
    loading = replace(
        SHADOW, state="loading", reason="it is\nbeing loaded", since_unix_s=0, compare=rules
    )
    route = replace(FULL, challengers=(reverse, loading))
    assert route_lines(route, NOW + 4 * DAY) == screen("route_later")
