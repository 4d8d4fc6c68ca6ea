"""Filled families as text: Prometheus' format 0.0.4 and OpenMetrics 1.0. Pure.

prometheus-client's own encoders make the same of them, and a test holds them together; but they
take ten times as long, with the GIL held, which a rollback may be waiting for.
"""

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from tiltyard.ops.metrics_family import Filled

_LABELS_CACHED: Final = 65_536


def text_of(families: Iterable[Filled], *, is_openmetrics: bool) -> Iterator[str]:
    """The lines, family by family, in pieces; OpenMetrics' end mark is its last."""
    for one in families:
        family = one.family
        name = family.name
        if family.kind == "counter" and not is_openmetrics:
            name += "_total"
        help_text = _escaped(family.help) if is_openmetrics else _escaped_help(family.help)
        yield f"# HELP {name} {help_text}\n# TYPE {name} {family.kind}\n"
        yield "".join(
            [
                f"{sample}{_labels(labels, values)} {_number(value)}\n"
                for sample, labels, (values, value) in one.samples
            ]
        )
    if is_openmetrics:
        yield "# EOF\n"


@lru_cache(_LABELS_CACHED)
def _labels(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    """The braces with what is in them; nothing without labels."""
    if not names:
        return ""
    pairs = [f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True)]
    return f"{{{','.join(pairs)}}}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _escaped_help(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _number(value: float) -> str:
    """As Go reads it.

    >>> [_number(value) for value in (3, 0.25, math.inf, -math.inf, math.nan)]
    ['3', '0.25', '+Inf', '-Inf', 'NaN']
    """
    if isinstance(value, int):  # True and False are 1 and 0 here
        return str(int(value))
    if math.isfinite(value):
        return repr(value)
    if math.isnan(value):
        return "NaN"
    return "+Inf" if value > 0 else "-Inf"
