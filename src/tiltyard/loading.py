"""Loading every version of a store into an engine; one that fails never stops the others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tiltyard._core import CoreError, Engine, LoadedVersion
from tiltyard.errors import TiltyardError
from tiltyard.store import Store

STILL_LOADING = "it is being loaded"


class Stopping(Protocol):
    """Tells whether loading is to end early; a threading.Event is one."""

    def is_set(self) -> bool: ...


@dataclass
class LoadReport:
    """What came of the versions of a store. `unready` has (model, version, reason)."""

    versions: list[LoadedVersion] = field(default_factory=list)
    unready: list[tuple[str, int, str]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    bugs: list[Exception] = field(default_factory=list)

    @property
    def models(self) -> int:
        """How many models have a version that can answer."""
        return len({version.model for version in self.versions})


def pending(models: Mapping[str, Iterable[int]]) -> list[tuple[str, int, str]]:
    """The rows of a route table before anything is loaded."""
    return [(model, number, STILL_LOADING) for model in models for number in models[model]]


def load_all(
    engine: Engine, store: Store, models: Mapping[str, Iterable[int]], stopping: Stopping
) -> LoadReport:
    """Load each version in turn, on this thread. Raises nothing: every failure is in the report."""
    report = LoadReport()
    for model in models:
        for number in models[model]:
            if stopping.is_set():
                return report
            try:
                report.versions.append(_load(engine, store, model, number, report.notices))
            except (TiltyardError, CoreError) as error:
                report.unready.append((model, number, str(error)))
            except Exception as error:  # noqa: BLE001 - a bug met by one model must not stop others
                report.unready.append((model, number, f"{type(error).__name__}: {error}"))
                report.bugs.append(error)
    return report


def _load(
    engine: Engine, store: Store, model: str, number: int, notices: list[str]
) -> LoadedVersion:
    files = store.read_version(model, number)
    notices += files.notices
    return engine.load_version(
        model,
        number,
        files.model,
        files.external,
        rowwise_proved=files.manifest.description.rowwise.proved,
        batchable_claimed=files.manifest.batchable_claimed,
        samples=files.samples,
    )
