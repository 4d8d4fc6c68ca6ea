"""The text is what prometheus-client makes of the same families."""

import math
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Metric
from prometheus_client.registry import Collector, CollectorRegistry

from tests.unit.ops.parsing import (
    encode_openmetrics,
    encode_text,
    parse_openmetrics,
    parse_text,
)
from tiltyard.ops.metrics_buckets import seconds_buckets
from tiltyard.ops.metrics_family import Filled, Row, counter, filled, gauge, histogram
from tiltyard.ops.metrics_text import text_of

LABEL = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUE = st.integers(0, 2**53) | st.floats(allow_nan=False)
ROWS = st.dictionaries(st.tuples(LABEL, LABEL), VALUE, max_size=5)


class Theirs(Collector):
    """The same families for prometheus-client."""

    def __init__(self, families: list[Filled]) -> None:
        self._families = families

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        for one in self._families:
            metric = Metric(one.family.name, one.family.help, one.family.kind)
            for name, labels, (values, value) in one.samples:
                metric.add_sample(name, dict(zip(labels, values, strict=True)), float(value))
            yield metric


def registry_of(families: list[Filled]) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(Theirs(families))
    return registry


def families_of(rows: dict[tuple[str, str], float]) -> list[Filled]:
    found: list[Row] = list(rows.items())
    positive: list[Row] = [(labels, abs(value)) for labels, value in found]
    return [
        filled(gauge("level", 'Says "how much"\n of a \\ thing.', "a", "b"), found),
        filled(counter("things", "Counts.", "a", "b"), positive),
        filled(gauge("bare", "No labels."), [((), 1)]),
        filled(counter("empty", "No samples."), []),
    ]


@given(ROWS)
def test_text_is_theirs(rows: dict[tuple[str, str], float]) -> None:
    families = families_of(rows)
    mine = "".join(text_of(families, is_openmetrics=False))
    theirs = encode_text(registry_of(families))
    assert parse_text(mine) == parse_text(theirs)


@given(ROWS)
def test_openmetrics_is_theirs(rows: dict[tuple[str, str], float]) -> None:
    families = families_of(rows)
    mine = "".join(text_of(families, is_openmetrics=True))
    theirs = encode_openmetrics(registry_of(families))
    assert parse_openmetrics(mine) == parse_openmetrics(theirs)
    assert mine.endswith("# EOF\n")


def test_a_histogram_is_one_for_the_strict_parser() -> None:
    family = histogram("took_seconds", "Of answers.", "model")
    one = Filled(family)
    for model, counts in (("a", {4_095: 2, 5_000: 1}), ("b", {2**39: 4})):
        buckets, total = seconds_buckets(counts)
        edges = ("model", "le")
        one.samples.extend(
            (f"{family.name}_bucket", edges, ((model, edge), n)) for edge, n in buckets
        )
        one.samples.append((f"{family.name}_count", family.labels, ((model,), buckets[-1][1])))
        one.samples.append((f"{family.name}_sum", family.labels, ((model,), total)))
    (parsed,) = parse_openmetrics("".join(text_of([one], is_openmetrics=True)))
    assert parsed.type == "histogram"
    counts_of = {s.labels["model"]: s.value for s in parsed.samples if s.name.endswith("_count")}
    assert counts_of == {"a": 3, "b": 4}


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "1"), (2**60, str(2**60)), (0.1, "0.1"), (math.inf, "+Inf"), (-math.inf, "-Inf"),
     (math.nan, "NaN")],
)  # fmt: skip
def test_numbers(value: float, text: str) -> None:
    said = "".join(text_of([filled(gauge("g", "h"), [((), value)])], is_openmetrics=False))
    assert said.splitlines()[-1] == f"tiltyard_g {text}"
