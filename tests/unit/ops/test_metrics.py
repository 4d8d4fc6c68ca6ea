"""A whole scrape: both formats parse, it is bounded, and a part may fail without the others."""

import gzip
from collections.abc import Iterable
from typing import Any

import pytest
from prometheus_client import Metric

from tests.unit.control.fakes import arm, shadow
from tests.unit.ops.parsing import parse_openmetrics, parse_text
from tests.unit.ops.sample_figures import (
    engine_counters,
    monitor_status,
    plane_figures,
    rollout_counters,
    version_row,
)
from tiltyard.monitor.interface import MonitorStatus, PlaneFigures
from tiltyard.ops import metrics
from tiltyard.ops.metrics import Metrics, Sources
from tiltyard.ops.metrics_family import counter
from tiltyard.ops.metrics_ledger import Ledger
from tiltyard.ops.metrics_requests import rollout_series

OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
TRIED = counter("webhook_attempts", "Requests to webhooks.", "endpoint")


class Rollout:
    def __init__(self, counters: dict[str, Any]) -> None:
        self.counts = counters

    def counters(self) -> dict[str, Any]:
        return self.counts


class World:
    """An engine with two models, one with a shadow, and a monitor of two planes."""

    def __init__(self) -> None:
        champion = arm("champion", 1, completed=7, latency_buckets={5_000: 7}, run_buckets={900: 2})
        output = {"name": "y", "compared": 3, "disagreed": 0.5, "incompatible": {"shape": 1}}
        shown = shadow(2, 1, offered=4, queued=3) | {"bytes_held": 9, "outputs": [output]}
        self.rollouts = [
            Rollout(rollout_counters("fraud", champion, shadows=[shown], unkeyed=1)),
            Rollout(rollout_counters('odd "name"\n', arm("champion", 3, completed=1))),
        ]
        self.figure_error: Exception | None = None
        self.bugs: list[str] = []
        self.ledger = Ledger(rollout_series)
        self.ledger.take(self.rollouts)
        sources = Sources(
            engine=self,
            ledger=self.ledger,
            not_ready=lambda: "",
            monitoring=lambda: self,  # type: ignore[arg-type, return-value]  # what is asked of it
            more=[lambda: {TRIED: [(("pager",), 5)]}],
        )
        self.metrics = Metrics(sources, lambda where, error: self.bugs.append(f"{where}: {error}"))

    def statistics(self) -> list[dict[str, Any]]:
        return [version_row("fraud", 1), version_row("fraud", 2)]

    def counters(self) -> dict[str, Any]:
        return engine_counters()

    def figures(self) -> list[PlaneFigures]:
        if self.figure_error is not None:
            raise self.figure_error
        return [plane_figures(), plane_figures(segment="country=DE", is_drifting=True, onset=1e9)]

    def status(self) -> MonitorStatus:
        return monitor_status()

    def scrape(self) -> dict[str, Metric]:
        return {one.name: one for one in parse_text(self.metrics.page("", "").body.decode())}


def sample_set(families: Iterable[Metric]) -> set[tuple[str, str]]:
    return {
        (sample.name, str(sorted(sample.labels.items())))
        for family in families
        for sample in family.samples
        if "process_" not in sample.name
    }


def test_both_formats_say_the_same() -> None:
    world = World()
    text = world.metrics.page("", "")
    strict = world.metrics.page(OPENMETRICS, "")
    assert text.content_type.startswith("text/plain; version=0.0.4")
    assert strict.content_type.startswith("application/openmetrics-text; version=1.0.0")
    found = sample_set(parse_openmetrics(strict.body.decode()))
    assert found == sample_set(parse_text(text.body.decode()))
    assert len(found) > 150
    assert world.bugs == []


def test_every_family_says_what_it_is_and_has_a_base_unit() -> None:
    for name, family in World().scrape().items():
        assert family.documentation.endswith(".")
        assert not name.endswith(("_ms", "_ns", "_us", "_percent", "_mib"))
        assert name.startswith(("tiltyard_", "process_"))


def test_names_with_quotes_and_line_ends_come_back_as_they_are() -> None:
    requests = World().scrape()["tiltyard_requests"]
    assert {s.labels["model"]: s.value for s in requests.samples} == {
        "fraud": 7,
        'odd "name"\n': 1,
    }


def test_gzip_where_it_is_accepted() -> None:
    world = World()
    page = world.metrics.page("", "br, gzip;q=1.0")
    assert page.is_gzip
    text = gzip.decompress(page.body).decode()
    plain = world.metrics.page("", "identity")
    assert not plain.is_gzip
    assert sample_set(parse_text(text)) == sample_set(parse_text(plain.body.decode()))


def test_a_version_that_is_no_number_gets_what_everybody_reads() -> None:
    page = World().metrics.page("application/openmetrics-text; version=zebra", "")
    assert page.content_type.startswith("text/plain; version=0.0.4")


def test_a_part_that_fails_is_said_and_the_rest_is_there() -> None:
    world = World()
    world.figure_error = ValueError("no figures")
    found = world.scrape()
    failed = {s.labels["part"]: s.value for s in found["tiltyard_scrape_failed"].samples}
    assert failed == {"gateway": 0, "models": 0, "drift": 1, "process": 0, "more": 0}
    assert world.bugs == ["metrics of drift: no figures"]
    assert "tiltyard_drift_psi" not in found
    assert found["tiltyard_requests"].samples


def test_what_others_count_is_told() -> None:
    (sample,) = World().scrape()["tiltyard_webhook_attempts"].samples
    assert (sample.labels, sample.value) == ({"endpoint": "pager"}, 5)


def test_the_versions_with_the_most_requests_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "VERSIONS_MAX", 1)
    found = World().scrape()
    assert {s.labels["model"] for s in found["tiltyard_requests"].samples} == {"fraud"}
    assert {s.labels["version"] for s in found["tiltyard_requests"].samples} == {"1"}
    # fraud 2 (a shadow), the other model's 3, and what fraud's split could not place
    assert found["tiltyard_versions_not_shown"].samples[0].value == 3
    assert {s.labels["model"] for s in found["tiltyard_requests_in_flight"].samples} == {"fraud"}


def test_counters_go_on_when_an_arm_is_replaced() -> None:
    world = World()
    world.scrape()
    world.rollouts = [Rollout(rollout_counters("fraud", arm("champion", 1, completed=2)))]
    world.ledger.take(world.rollouts)
    requests = world.scrape()["tiltyard_requests"]
    assert {s.labels["model"]: s.value for s in requests.samples}["fraud"] == 9
