from dataclasses import asdict
from typing import Any

import pytest

from tiltyard.registry import CompareRule, InvalidChangeError
from tiltyard.registry.compare_rule import RULES_MAX, check_rules, describe_rules

LABEL = CompareRule("y", "label")
ARGMAX = CompareRule("scores", "argmax")
WITHIN = CompareRule("value", "tolerance", 0.5)
RELATIVE = CompareRule("other", "tolerance", 1e-6, 0.01)


def test_rules_that_outputs_can_be_compared_by() -> None:
    check_rules(())
    check_rules((LABEL, ARGMAX, WITHIN, RELATIVE, CompareRule("exact", "tolerance")))


def odd(
    output: str = "y", mode: Any = "tolerance", atol: float = 0, rtol: float = 0
) -> CompareRule:
    return CompareRule(output, mode, atol, rtol)


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ((LABEL, ARGMAX, LABEL), "output 'y' was given more than once: give each output one rule"),
        ((odd(output=""),), "an output of 0 characters was given to compare: name an output"),
        ((odd(output="x" * 1025),), "an output of 1025 characters was given"),
        ((odd(mode="equal"),), "'y' was to be compared as 'equal': give one of label, argmax, tol"),
        ((odd(atol=-0.5),), "an atol of -0.5 was given for output 'y': give a finite number"),
        ((odd(rtol=float("nan")),), "an rtol of nan was given for output 'y'"),
        ((odd(atol=float("inf")),), "an atol of inf was given for output 'y'"),
        (
            (odd(mode="label", rtol=0.5),),
            "an rtol of 0.5 was given for output 'y', which is compared as label: leave it out, or",
        ),
        ((LABEL,) * (RULES_MAX + 1), "257 outputs were given to compare, which is too many"),
    ],
)
def test_rules_that_they_cannot(rules: tuple[CompareRule, ...], sentence: str) -> None:
    with pytest.raises(InvalidChangeError, match=sentence) as caught:
        check_rules(rules)
    assert caught.value.reason == "INVALID_COMPARISON"


def test_rules_in_words() -> None:
    kept = [asdict(rule) for rule in (LABEL, ARGMAX, WITHIN, RELATIVE)]
    assert describe_rules(kept[:1]) == "y as label"
    assert describe_rules(kept) == (
        "y as label, scores as argmax, value within 0.5 and other within 1e-06 + 0.01 relative"
    )
