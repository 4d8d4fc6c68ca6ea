"""Rules of the registry, of the engine and of operators."""

import pytest

from tests.unit.control.fakes import loaded
from tiltyard.control.comparison import (
    engine_rules,
    missing_outputs,
    output_rules,
    registry_rules,
    require_outputs,
)
from tiltyard.control.errors import ArgumentError
from tiltyard.control.views import OutputRule
from tiltyard.registry import Challenger, CompareRule, ModelState

RULES = (OutputRule("y", "label"), OutputRule("score", "tolerance", 0.5, 0.01))
STATE = ModelState("m", 1, 1)
SHADOW = Challenger(
    2, "shadow", compare=(CompareRule("y", "label"), CompareRule("score", "tolerance", 0.5, 0.01))
)


def test_rules_are_the_same_on_both_sides() -> None:
    assert registry_rules(RULES) == SHADOW.compare
    assert output_rules(SHADOW) == RULES


def test_the_engine_is_given_the_rules_that_fit() -> None:
    y = ("y", "label", 0.0, 0.0)
    score = ("score", "tolerance", 0.5, 0.01)
    assert engine_rules(SHADOW, loaded("m", 1, "y", "score")) == [y, score]
    assert engine_rules(SHADOW, loaded("m", 1, "score", "x")) == [score]
    assert missing_outputs(SHADOW, loaded("m", 1, "y", "score")) == []
    assert missing_outputs(SHADOW, loaded("m", 1, "score", "x")) == ["y"]


def test_an_output_that_is_not_there_is_refused_with_those_that_are() -> None:
    require_outputs(RULES, STATE, [loaded("m", 2, "y", "score"), loaded("m", 1, "score", "y")])
    with pytest.raises(ArgumentError) as caught:
        require_outputs(RULES, STATE, [loaded("m", 2, "y", "score"), loaded("m", 1, "x", "y")])
    assert str(caught.value) == "version 1 of m has no output 'score' to compare (it has x, y)"
    assert (caught.value.field, caught.value.version) == ("compare", 1)
    many = [f"o{index}" for index in range(25)]
    with pytest.raises(ArgumentError, match=r"o19 and 5 more\)"):
        require_outputs(RULES, STATE, [loaded("m", 2, *many)])
