"""How outputs are compared: the rules of the registry, of the engine and of operators. Pure."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tiltyard._core import LoadedVersion
from tiltyard.control.errors import ArgumentError
from tiltyard.control.views import OutputRule

if TYPE_CHECKING:
    from tiltyard.registry import Challenger, Comparison, ModelState

NAMES_TOLD_MAX = 20

ShadowRule = tuple[str, str, float, float]  # see Engine.make_rollout


def engine_rules(entry: "Challenger", source: LoadedVersion) -> list[ShadowRule]:
    """The rules for what `source` answers.

    A champion that came later may lack an output that a rule names; then there is nothing to
    compare, and that is no reason to route nobody.
    """
    names = output_names(source)
    return [
        (rule.output, rule.mode, rule.atol, rule.rtol)
        for rule in entry.compare
        if rule.output in names
    ]


def output_rules(entry: "Challenger") -> tuple[OutputRule, ...]:
    """The rules as operators see them."""
    return tuple(OutputRule(rule.output, rule.mode, rule.atol, rule.rtol) for rule in entry.compare)


def registry_rules(rules: Iterable[OutputRule]) -> "Comparison":
    from tiltyard.registry import CompareRule

    return tuple(CompareRule(rule.output, rule.mode, rule.atol, rule.rtol) for rule in rules)


def output_names(version: LoadedVersion) -> list[str]:
    return [spec.name for spec in version.outputs]


def require_outputs(
    rules: Iterable[OutputRule], state: "ModelState", versions: Sequence[LoadedVersion]
) -> None:
    """Each of `versions` has every output that the rules name. Raises ArgumentError."""
    for rule in rules:
        for version in versions:
            names = output_names(version)
            if rule.output in names:
                continue
            more = len(names) - NAMES_TOLD_MAX
            there = ", ".join(names[:NAMES_TOLD_MAX]) + (f" and {more} more" if more > 0 else "")
            raise ArgumentError(
                f"version {version.version} of {state.name} has no output {rule.output!r} to"
                f" compare (it has {there})",
                field="compare",
                to_do="Name an output that the version and what it is compared with both have.",
                model=state.name,
                version=version.version,
            )


def missing_outputs(entry: "Challenger", source: LoadedVersion) -> list[str]:
    """The outputs that rules name and that are not compared, for `source` has none such."""
    names = output_names(source)
    return [rule.output for rule in entry.compare if rule.output not in names]
