"""How an output of a shadow is held against the same output of what it shadows."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from tiltyard.registry.errors import InvalidChangeError

CompareMode = Literal["label", "argmax", "tolerance"]
MODES: Final = get_args(CompareMode)
OUTPUT_CHARS_MAX: Final = 1024
RULES_MAX: Final = 256


@dataclass(frozen=True, slots=True)
class CompareRule:
    """Of one output; those without a rule are compared as their types are.

    label: all values of a row are equal. argmax: the largest stands at the same place. tolerance:
    each value is within `atol` + `rtol` times what it is held against; else both are 0.
    """

    output: str
    mode: CompareMode
    atol: float = 0.0
    rtol: float = 0.0


Comparison = tuple[CompareRule, ...]


def check_rules(rules: Comparison) -> None:
    """Raises InvalidChangeError for what no output could be compared by."""
    if len(rules) > RULES_MAX:
        raise _invalid(
            f"{len(rules)} outputs were given to compare, which is too many",
            f"give at most {RULES_MAX}",
        )
    for rule in rules:
        _check_rule(rule)
    names = [rule.output for rule in rules]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise _invalid(f"output {twice!r} was given more than once", "give each output one rule")


def _check_rule(rule: CompareRule) -> None:
    if not 0 < len(rule.output) <= OUTPUT_CHARS_MAX:
        raise _invalid(
            f"an output of {len(rule.output)} characters was given to compare",
            f"name an output, in 1 to {OUTPUT_CHARS_MAX} characters",
        )
    if rule.mode not in MODES:
        raise _invalid(
            f"output {rule.output!r} was to be compared as {rule.mode!r}",
            f"give one of {', '.join(MODES)}",
        )
    for name, bound in (("atol", rule.atol), ("rtol", rule.rtol)):
        if not (math.isfinite(bound) and bound >= 0):
            raise _invalid(
                f"an {name} of {bound:g} was given for output {rule.output!r}",
                "give a finite number of 0 or more",
            )
        if bound and rule.mode != "tolerance":
            raise _invalid(
                f"an {name} of {bound:g} was given for output {rule.output!r}, which is compared"
                f" as {rule.mode}",
                "leave it out, or compare it within a tolerance",
            )


def describe_rules(rules: Iterable[Mapping[str, Any]]) -> str:
    """`y as label and score within 0.5 + 0.01 relative`; of rules as events keep them."""
    *front, last = [_describe(rule) for rule in rules]
    return f"{', '.join(front)} and {last}" if front else last


def _describe(rule: Mapping[str, Any]) -> str:
    if rule["mode"] != "tolerance":
        return f"{rule['output']} as {rule['mode']}"
    relative = f" + {rule['rtol']:g} relative" if rule["rtol"] else ""
    return f"{rule['output']} within {rule['atol']:g}{relative}"


def _invalid(what: str, remedy: str) -> InvalidChangeError:
    return InvalidChangeError(what, remedy, "INVALID_COMPARISON")
