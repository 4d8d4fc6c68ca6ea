"""/metrics: what the gateway counts, in Prometheus' text format or in OpenMetrics.

Everything is read at the scrape; nothing is kept but the ledger. Bounds: streams of planes as
metrics_drift says, and of models those VERSIONS_MAX versions with the most requests; the rest is
counted. A part that cannot be read is left out, and said: tiltyard_scrape_failed is 1.
"""

import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from prometheus_client import ProcessCollector
from prometheus_client.exposition import choose_encoder, gzip_accepted

from tiltyard import __version__
from tiltyard.monitor.interface import Monitoring
from tiltyard.ops.metrics_drift import drift_metrics, monitor_metrics
from tiltyard.ops.metrics_family import (
    Family,
    Filled,
    Kind,
    Row,
    counter,
    filled,
    filled_from,
    gauge,
)
from tiltyard.ops.metrics_gateway import gateway_metrics
from tiltyard.ops.metrics_ledger import Ledger, Owner, Series
from tiltyard.ops.metrics_operations import More
from tiltyard.ops.metrics_requests import (
    LEDGER_FAMILIES,
    REQUESTS,
    SHADOW_OFFERED,
    gauges,
    version_series,
)
from tiltyard.ops.metrics_text import text_of

VERSIONS_MAX: Final = 1_000  # versions of models with metrics
GZIP_LEVEL: Final = 1  # a scrape is compressed once and read once

BUILD: Final = gauge("build_info", "1; the version of the gateway.", "version")
READY: Final = gauge("ready", "1 while the gateway is ready for requests.")
FAILED: Final = gauge("scrape_failed", "1 where a part of this scrape could not be read.", "part")
TOOK: Final = gauge("scrape_part_seconds", "How long it took to read a part.", "part")
NOT_SHOWN: Final = gauge(
    "versions_not_shown", "Versions of models without metrics: they have fewer requests."
)
UNSETTLED: Final = counter(
    "requests_unsettled",
    "Requests in flight on a route that was withdrawn long ago; how they ended is in no metric.",
)
FORGOTTEN: Final = counter(
    "versions_forgotten", "Versions whose counts were given up; they would begin anew from 0."
)

OnBug = Callable[[str, BaseException], None]
_KINDS: Final[Mapping[str, Kind]] = {"counter": "counter", "gauge": "gauge"}


class Counters(Protocol):
    """What is asked of an Engine."""

    def statistics(self) -> list[dict[str, Any]]: ...
    def counters(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Sources:
    """Where metrics come from; all may be asked from any thread.

    `not_ready` is "" when the gateway is ready, else why not, in a sentence. `monitoring` gives
    None while drift is not watched. `more` are metrics that others count.
    """

    engine: Counters
    ledger: Ledger
    not_ready: Callable[[], str]
    monitoring: Callable[[], Monitoring | None] = lambda: None
    more: Sequence[Callable[[], More]] = field(default=())


@dataclass(frozen=True, slots=True)
class Page:
    """A scrape's answer."""

    body: bytes
    content_type: str
    is_gzip: bool


class Metrics:
    """One scrape at a time; the caller sees to that. `cells`: also the rows of each cell."""

    def __init__(self, sources: Sources, on_bug: OnBug, *, cells: bool = False) -> None:
        self._sources = sources
        self._on_bug = on_bug
        self._cells = cells
        self._process = ProcessCollector(registry=None)

    def page(self, accept: str, accept_encoding: str) -> Page:
        """Collect everything now, in the format and encoding that these headers ask for."""
        try:
            _, content_type = choose_encoder(accept)
        except TypeError:  # a version that is no number: the format that everybody reads
            _, content_type = choose_encoder("")
        is_openmetrics = content_type.startswith("application/openmetrics-text")
        text = text_of(self.collect(), is_openmetrics=is_openmetrics)
        is_gzip = gzip_accepted(accept_encoding)
        return Page(_gzipped(text) if is_gzip else "".join(text).encode(), content_type, is_gzip)

    def collect(self) -> Iterator[Filled]:
        yield filled(BUILD, [((__version__,), 1)])
        failed: list[Row] = []
        took: list[Row] = []
        for name, part in (
            ("gateway", self._gateway),
            ("models", self._models),
            ("drift", self._drift),
            ("process", self._of_process),
            ("more", self._more),
        ):
            began = time.perf_counter()
            try:
                metrics = list(part())
                failed.append(((name,), 0))
            except Exception as error:  # noqa: BLE001 - the other parts are worth having
                self._on_bug(f"metrics of {name}", error)
                metrics = []
                failed.append(((name,), 1))
            took.append(((name,), time.perf_counter() - began))
            yield from metrics
        yield filled(FAILED, failed)
        yield filled(TOOK, took)

    def _gateway(self) -> Iterator[Filled]:
        yield filled(READY, [((), int(not self._sources.not_ready()))])
        yield from gateway_metrics(self._sources.engine.counters())

    def _models(self) -> Iterator[Filled]:
        rows = self._sources.engine.statistics()
        versions: dict[Owner, Mapping[Series, float]] = {
            (row["model"], str(row["version"])): version_series(row) for row in rows
        }
        ledger = self._sources.ledger
        found = ledger.collect(versions)
        sums = {owner: series for owner, series in found.sums.items() if series}
        shown = _most_used(sums)
        yield from filled_from(LEDGER_FAMILIES, (sums[owner] for owner in shown))
        yield filled(NOT_SHOWN, [((), len(sums) - len(shown))])
        yield filled(UNSETTLED, [((), ledger.unsettled)])
        yield filled(FORGOTTEN, [((), ledger.forgotten)])
        yield from gauges(found.in_force, rows, frozenset(sums) - frozenset(shown))

    def _drift(self) -> Iterator[Filled]:
        monitoring = self._sources.monitoring()
        if monitoring is None:
            return
        yield from monitor_metrics(monitoring.status())
        yield from drift_metrics(monitoring.figures(), cells=self._cells)

    def _of_process(self) -> Iterator[Filled]:
        """CPU time, memory and open files, by the names that every exporter gives them."""
        for metric in self._process.collect():
            family = Family(metric.name, _KINDS[metric.type], metric.documentation)
            yield filled(family, [((), sample.value) for sample in metric.samples])

    def _more(self) -> Iterator[Filled]:
        for source in self._sources.more:
            for family, rows in source().items():
                yield filled(family, rows)


def _gzipped(text: Iterable[str]) -> bytes:
    """Compressed piece by piece: zlib lets go of the GIL."""
    packer = zlib.compressobj(GZIP_LEVEL, wbits=zlib.MAX_WBITS | 16)
    pieces = [packer.compress(piece.encode()) for piece in text]
    return b"".join([*pieces, packer.flush()])


def _most_used(sums: Mapping[Owner, Mapping[Series, float]]) -> list[Owner]:
    """The VERSIONS_MAX owners with the most requests, their own and those they were shown."""
    names = (*REQUESTS.sample_names, *SHADOW_OFFERED.sample_names)
    requests = {
        owner: sum(value for (name, _), value in series.items() if name in names)
        for owner, series in sums.items()
    }
    return sorted(sums, key=lambda owner: (-requests[owner], owner))[:VERSIONS_MAX]
