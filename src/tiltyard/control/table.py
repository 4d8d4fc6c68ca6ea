"""The route table: what is wanted and what is loaded, put together and handed to the engine."""

import threading
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tiltyard._core import Engine, LoadedVersion, Replies, Rollout
from tiltyard.loading import Key, LoadReport
from tiltyard.protocol.replies import build_replies

if TYPE_CHECKING:
    from tiltyard.registry import Challenger, ModelState


@dataclass(frozen=True, slots=True)
class ModelTable:
    """How a model is routed in the table in force: `state` as far as its versions are loaded.

    `champion` is who serves: the state's, or the one that served before while that is not ready.
    `rollout` is None while nobody serves.
    """

    state: "ModelState"
    champion: LoadedVersion | None = None
    canaries: tuple["Challenger", ...] = ()
    rollout: Rollout | None = None


class RouteTable:
    """The table in force. Thread-safe; publish() is short and takes no lock of the data plane."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._tables: dict[str, ModelTable] = {}
        self._loads: tuple[tuple[LoadedVersion, ...], list[tuple[str, int, str]]] = ((), [])
        self._replies = Replies(build_replies([], []))
        self.epoch = 0

    def tables(self) -> Mapping[str, ModelTable]:
        """By model; those of the registry alone."""
        return self._tables

    def publish(
        self, states: Mapping[str, "ModelState"], report: LoadReport, *, ready: bool
    ) -> int:
        """Make the table of these states and loads the one in force; its epoch.

        A model without a state is served by its newest version.
        """
        with self._lock:
            tables = {
                name: self._table(state, report, self._tables.get(name))
                for name, state in states.items()
            }
            self._refresh_replies(report)
            self.epoch = self._engine.publish(
                report.versions,
                report.unready,
                self._replies,
                ready=ready,
                rollouts=[made.rollout for made in tables.values() if made.rollout is not None],
                champions={
                    name: state.champion
                    for name, state in states.items()
                    if state.champion is not None
                },
            )
            self._tables = tables
            return self.epoch

    def _refresh_replies(self, report: LoadReport) -> None:
        loads = (tuple(report.versions), report.unready)
        if loads == self._loads:
            return
        self._replies = Replies(build_replies(report.versions, report.unready, report.loading))
        self._loads = loads

    def _table(
        self, state: "ModelState", report: LoadReport, before: ModelTable | None
    ) -> ModelTable:
        champion = self._champion(state, report, before)
        if champion is None:
            return ModelTable(state)
        canaries = tuple(
            entry for entry in state.canaries if report.find(state.name, entry.version) is not None
        )
        # A canary that is not loaded yet leaves its buckets to the champion, and so does any while
        # another than the wanted champion serves.
        if champion.version != state.champion:
            canaries = ()
        same = ModelTable(state, champion, canaries, before.rollout if before else None)
        if before is not None and before.rollout is not None and _agrees(before, same):
            return same
        return ModelTable(
            state, champion, canaries, self._rollout(state, champion, canaries, report)
        )

    def _champion(
        self, state: "ModelState", report: LoadReport, before: ModelTable | None
    ) -> LoadedVersion | None:
        if state.champion is None:
            return None
        wanted = report.find(state.name, state.champion)
        if wanted is not None or before is None or before.champion is None:
            return wanted
        return report.find(state.name, before.champion.version)

    def _rollout(
        self,
        state: "ModelState",
        champion: LoadedVersion,
        canaries: tuple["Challenger", ...],
        report: LoadReport,
    ) -> Rollout:
        if not canaries:
            return self._engine.make_rollout(champion, state.epoch)
        from tiltyard.registry import owners

        loaded = [report.find(state.name, entry.version) for entry in canaries]
        return self._engine.make_rollout(
            champion,
            state.epoch,
            canaries=[version for version in loaded if version is not None],
            salt=state.salt,
            by_key=state.split == "key",
            owners=owners(canaries),
        )


def _agrees(before: ModelTable, after: ModelTable) -> bool:
    """Whether the rollout of `before` can go on, and its counters with it."""
    return (
        before.state.epoch == after.state.epoch
        and before.champion is after.champion
        and before.canaries == after.canaries
    )


def wanted_keys(
    states: Mapping[str, "ModelState"], stored: Mapping[str, Iterable[int]]
) -> list[Key]:
    """The versions to have in memory, in the order to load them.

    Champions come first, then challengers and previous champions, then the newest of each model,
    and so on. Those that an operator has unloaded are not wanted.
    """
    ranked: list[tuple[int, str, int]] = []
    for model, numbers in stored.items():
        state = states.get(model)
        unloaded: Container[int] = state.unloaded if state is not None else ()
        for age, number in enumerate(sorted(numbers, reverse=True)):
            if number not in unloaded:
                ranked.append((_rank(state, number, age), model, number))
    return [(model, number) for _, model, number in sorted(ranked)]


def _rank(state: "ModelState | None", number: int, age: int) -> int:
    if state is None:
        return age
    if number == state.champion:
        return 0
    if number == state.previous or state.challenger(number) is not None:
        return 1
    return 2 + age
