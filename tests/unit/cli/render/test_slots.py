from dataclasses import replace

import pytest

from tests.unit.cli.sample_views import (
    AGREEMENT,
    CANARY,
    CHAMPION,
    DAY,
    FULL,
    NOW,
    PREVIOUS,
    SHADOW,
)
from tiltyard.cli.render.slots import (
    Answers,
    agreement_of,
    answers_of,
    asked_of,
    compared_of,
    completed_of,
    latency_of,
    measured_of,
    name_of,
    rule_words,
    slots_of,
    warm_s,
)
from tiltyard.control.views import OutputRule, RouteView


def test_slots_stand_in_order() -> None:
    names = [name_of(slot) for slot in slots_of(FULL)]
    assert names == ["champion 3", "canary 4", "shadow 5", "previous 2"]
    assert slots_of(RouteView("m", 0, 0, None)) == []


def test_what_the_canaries_leave_is_the_champions() -> None:
    assert [asked_of(FULL, slot) for slot in slots_of(FULL)] == [
        62_260 / 65_536,
        3_276 / 65_536,
        0.2,
        None,
    ]


def test_a_shadow_is_measured_by_what_it_was_offered() -> None:
    assert measured_of(SHADOW) == pytest.approx(0.2)
    assert measured_of(CANARY) == 0.0499
    assert measured_of(replace(SHADOW, agreement=None)) is None
    assert measured_of(replace(SHADOW, agreement=replace(AGREEMENT, offered=0))) is None


def test_answers_and_their_faults() -> None:
    assert answers_of(CHAMPION) == Answers(12_345, 3, 3)
    clients = replace(CHAMPION, errors={"wrong_dtype": 5, "run_failed": 1})
    assert answers_of(clients) == Answers(12_345, 6, 1)
    assert answers_of(SHADOW) == Answers(188, 3, 3)
    assert answers_of(SHADOW).error_rate == 3 / 188
    assert answers_of(PREVIOUS).error_rate is None


def test_a_shadow_has_its_own_latency() -> None:
    assert latency_of(SHADOW) == AGREEMENT.latency
    assert latency_of(CHAMPION) == CHAMPION.latency
    assert latency_of(PREVIOUS) is None


def test_agreement_is_of_the_output_that_agrees_least() -> None:
    assert agreement_of(SHADOW) == 1 - 1.25 / 185
    assert compared_of(SHADOW) == 185
    assert (agreement_of(CANARY), compared_of(CANARY)) == (None, 0)
    unasked = replace(AGREEMENT.outputs[1], compared=0, disagreed=0.0)
    shadow = replace(SHADOW, agreement=replace(AGREEMENT, outputs=(AGREEMENT.outputs[0], unasked)))
    assert compared_of(shadow) == 185
    none = replace(AGREEMENT, outputs=(unasked,))
    assert compared_of(replace(SHADOW, agreement=none)) == 0


def test_completed_are_those_with_a_latency() -> None:
    assert (completed_of(CANARY), completed_of(replace(CANARY, latency=None))) == (648, 0)


def test_rules_in_words() -> None:
    assert rule_words(OutputRule("y", "label")) == "y as label"
    assert rule_words(OutputRule("a\nb", "argmax")) == "a b as argmax"
    assert rule_words(OutputRule("y", "tolerance", 0.5)) == "y within 0.5"
    assert rule_words(OutputRule("y", "tolerance", 1e-6, 0.01)) == "y within 1e-06 + 1 %"


def test_only_a_previous_champion_that_is_ready_is_warm() -> None:
    assert warm_s(PREVIOUS, NOW) == 3 * DAY - 7_200
    assert warm_s(PREVIOUS, NOW + 4 * DAY) == 0
    assert warm_s(replace(PREVIOUS, state="stored"), NOW) == 0
    assert warm_s(CHAMPION, NOW) == 0
