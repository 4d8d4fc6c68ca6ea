"""Families of metrics: declared once by name, help and labels, and filled at a scrape."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from tiltyard.ops.metrics_ledger import Series

PREFIX: Final = "tiltyard_"

Kind = Literal["counter", "gauge", "histogram"]
Row = tuple[tuple[str, ...], float]  # the values of the labels, and the value


@dataclass(frozen=True, slots=True)
class Family:
    """`name` has the prefix, but not the _total of a counter. `labels` in the order of values."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()

    def total(self, *values: str) -> Series:
        """The series of a counter with these values of its labels."""
        return f"{self.name}_total", values

    @property
    def sample_names(self) -> tuple[str, ...]:
        if self.kind == "counter":
            return (f"{self.name}_total",)
        if self.kind == "gauge":
            return (self.name,)
        return tuple(f"{self.name}_{part}" for part in ("bucket", "count", "sum"))


@dataclass(frozen=True, slots=True)
class Filled:
    """A family with its samples: the sample's name, the names of its labels, and the row."""

    family: Family
    samples: list[tuple[str, tuple[str, ...], Row]] = field(default_factory=list)


def counter(name: str, help_text: str, *labels: str) -> Family:
    return Family(PREFIX + name, "counter", help_text, labels)


def gauge(name: str, help_text: str, *labels: str) -> Family:
    return Family(PREFIX + name, "gauge", help_text, labels)


def histogram(name: str, help_text: str, *labels: str) -> Family:
    return Family(PREFIX + name, "histogram", help_text, labels)


def filled(family: Family, rows: Iterable[Row]) -> Filled:
    """A counter or a gauge with its rows."""
    (name,) = family.sample_names
    return Filled(family, [(name, family.labels, row) for row in rows])


def filled_from(
    families: Iterable[Family], counts: Iterable[Mapping[Series, float]]
) -> list[Filled]:
    """Series of the ledger by family; those of a histogram stay in their order."""
    found: dict[str, tuple[Filled, tuple[str, ...]]] = {}
    made = []
    for family in families:
        one = Filled(family)
        made.append(one)
        for name in family.sample_names:
            has_edge = family.kind == "histogram" and name.endswith("_bucket")
            found[name] = (one, (*family.labels, "le") if has_edge else family.labels)
    for series in counts:
        for (name, values), value in series.items():
            one, labels = found[name]
            one.samples.append((name, labels, (values, value)))
    return made
