"""Which versions there are: a look at the store, and what the registry is told of it."""

import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tiltyard.control.desired import Desired
from tiltyard.errors import StoreError, TiltyardError
from tiltyard.loading import LoadReport
from tiltyard.store import Store

if TYPE_CHECKING:
    from tiltyard.registry import Registry
    from tiltyard.registry.noting import Note


class Catalogue:
    """The versions of each model in the store, as of the last look. Thread-safe."""

    def __init__(self, store: Store, stored: Mapping[str, Iterable[int]]) -> None:
        self._store = store
        self._looking = threading.Lock()
        self.stored: Mapping[str, list[int]] = {
            name: sorted(numbers) for name, numbers in stored.items()
        }
        self.problem = ""

    def look(self) -> None:
        """Learn of versions that others have published."""
        # One after the other, so that what an older look has missed is not forgotten again.
        with self._looking:
            try:
                self.stored = self._store.models()
                self.problem = ""
            except StoreError as error:
                self.problem = str(error)

    def note(self, registry: "Registry", desired: Desired, report: LoadReport) -> str:
        """Tell the registry what it does not know yet; what it refuses of that, in words.

        All models at once: each transaction waits for the disk. Raises RegistryUnavailableError.

        A model that is new to it waits until it is known which of its versions can serve: the
        newest of them is its champion. Until then the newest that is loaded serves.
        """
        notes: list[Note] = []
        for model, numbers in self.stored.items():
            state = desired.get(model)
            if state is not None and state.versions.issuperset(numbers):
                continue
            if state is None:
                able = newest_able(model, numbers, report)
                if able is None:
                    continue
                notes.append(_introduction(model, numbers, able))
            notes.append((model, [(number, "") for number in numbers]))
        outcomes = registry.note_all(notes) if notes else []
        refused = {}
        for (model, _), outcome in zip(notes, outcomes, strict=True):
            if isinstance(outcome, TiltyardError):
                refused[model] = str(outcome)
            else:
                desired.adopt({model: outcome.state})
        return "; ".join(refused.values())


def introduce(registry: "Registry", model: str, numbers: Iterable[int], champion: int) -> None:
    """Make a model known whose champion is to be this version. Raises RegistryUnavailableError."""
    registry.note_versions(*_introduction(model, numbers, champion))


def _introduction(model: str, numbers: Iterable[int], champion: int) -> "Note":
    return model, [(number, "") for number in numbers if number <= champion]


def newest_able(model: str, numbers: Iterable[int], report: LoadReport) -> int | None:
    """The newest of the versions that is loaded; None while a newer one may still come."""
    for number in sorted(numbers, reverse=True):
        if report.find(model, number) is not None:
            return number
        if (model, number) in report.loading or not report.reason(model, number):
            return None
    return None
