"""The route table: what is wanted and what is loaded, put together and handed to the engine."""

import threading
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tiltyard._core import Engine, LoadedVersion, Replies, Rollout
from tiltyard.control.comparison import ShadowRule, engine_rules
from tiltyard.loading import Key, LoadReport
from tiltyard.protocol.replies import build_replies

if TYPE_CHECKING:
    from tiltyard.registry import Challenger, ModelState


# What of a load report a table depends on.
Loads = tuple[list[LoadedVersion], list[tuple[str, int, str]], frozenset[Key]]
NO_LOADS: Final[Loads] = ([], [], frozenset())


@dataclass(frozen=True, slots=True)
class ModelTable:
    """How a model is routed in the table in force: `state` as far as its versions are loaded.

    `champion` is who serves: the state's, or the one that served before while that is not ready.
    `serving` are the versions of `champion` and `canaries`, `shadows` the challengers that are
    shown requests, each with its version. `rollout` is None while nobody serves.
    """

    state: "ModelState"
    champion: LoadedVersion | None = None
    canaries: tuple["Challenger", ...] = ()
    serving: tuple[LoadedVersion, ...] = ()
    shadows: tuple[tuple["Challenger", LoadedVersion], ...] = ()
    rollout: Rollout | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a table is made of: what is wanted, and what is loaded."""

    states: Mapping[str, "ModelState"]
    report: LoadReport
    ready: bool

    def agrees(self, other: "Wanted | None") -> bool:
        """Whether the other's table would be the same."""
        return (
            other is not None
            and self.ready == other.ready
            and self.states == other.states
            and _loads(self.report) == _loads(other.report)
        )


class RouteTable:
    """The table in force. Thread-safe.

    Under its lock nothing happens but what is short: who rolls back may have to wait for it.
    """

    def __init__(self, engine: Engine) -> None:
        # Told of the rollouts in force, under the lock: it must not block.
        self.on_publish: Callable[[Iterable[Rollout]], None] = lambda _: None
        self._engine = engine
        self._lock = threading.Lock()
        self._tables: dict[str, ModelTable] = {}
        self._wanted: Wanted | None = None
        self._replies: tuple[Loads, Replies] = (NO_LOADS, Replies(build_replies([], [])))
        self.epoch = 0

    def tables(self) -> Mapping[str, ModelTable]:
        """By model; those of the registry alone."""
        return self._tables

    def rollouts(self) -> list[Rollout]:
        """Those in force."""
        return [made.rollout for made in self._tables.values() if made.rollout is not None]

    def publish(self, look: Callable[[], Wanted]) -> int:
        """Bring in force what `look` finds; the table's epoch.

        It is called with the lock held, so that no older table follows a newer one. A model without
        a state is served by its newest version.
        """
        while True:
            # What is long is made without the lock, and again should more be loaded meanwhile.
            loads, replies = self._replies_of(look().report)
            with self._lock:
                wanted = look()
                if _loads(wanted.report) != loads:
                    continue
                if not wanted.agrees(self._wanted):
                    self._publish(wanted, replies)
                return self.epoch

    def _publish(self, wanted: Wanted, replies: Replies) -> None:
        before = self._wanted
        is_loaded_as_before = before is not None and _loads(before.report) == _loads(wanted.report)
        tables = {}
        for name, state in wanted.states.items():
            made = self._tables.get(name)
            if made is None or not is_loaded_as_before or made.state is not state:
                made = self._table(state, wanted.report, made)
            tables[name] = made
        self.epoch = self._engine.publish(
            wanted.report.versions,
            wanted.report.unready,
            replies,
            ready=wanted.ready,
            rollouts=[made.rollout for made in tables.values() if made.rollout is not None],
            champions={
                name: state.champion
                for name, state in wanted.states.items()
                if state.champion is not None
            },
        )
        self._tables = tables
        self._wanted = wanted
        self.on_publish(self.rollouts())

    def _replies_of(self, report: LoadReport) -> "tuple[Loads, Replies]":
        made = self._replies
        loads = _loads(report)
        if made[0] != loads:
            replies = Replies(build_replies(report.versions, report.unready, report.loading))
            made = self._replies = (loads, replies)
        return made

    def _table(
        self, state: "ModelState", report: LoadReport, before: ModelTable | None
    ) -> ModelTable:
        champion = self._champion(state, report, before)
        if champion is None:
            return ModelTable(state)
        # A canary that is not loaded yet leaves its buckets to the champion, and so does any while
        # another than the wanted champion serves.
        asked = state.canaries if champion.version == state.champion else ()
        found = [(entry, report.find(state.name, entry.version)) for entry in asked]
        canaries = tuple(entry for entry, version in found if version is not None)
        serving = (champion, *(version for _, version in found if version is not None))
        shown = [(entry, report.find(state.name, entry.version)) for entry in state.shadows]
        shadows = tuple((entry, version) for entry, version in shown if version is not None)
        after = ModelTable(state, champion, canaries, serving, shadows)
        if before is not None and before.rollout is not None and _agrees(before, after):
            return replace(after, rollout=before.rollout)
        return replace(after, rollout=self._rollout(after))

    def _champion(
        self, state: "ModelState", report: LoadReport, before: ModelTable | None
    ) -> LoadedVersion | None:
        if state.champion is None:
            return None
        wanted = report.find(state.name, state.champion)
        if wanted is not None or before is None or before.champion is None:
            return wanted
        return report.find(state.name, before.champion.version)

    def _rollout(self, made: ModelTable) -> Rollout:
        champion, *canaries = made.serving
        state = made.state
        shadows = _shadows(made)
        if not canaries:
            return self._engine.make_rollout(champion, state.epoch, shadows=shadows)
        from tiltyard.registry import owners

        return self._engine.make_rollout(
            champion,
            state.epoch,
            canaries=canaries,
            shadows=shadows,
            salt=state.salt,
            by_key=state.split == "key",
            owners=owners(made.canaries),
        )


def _loads(report: LoadReport) -> Loads:
    return report.versions, report.unready, report.loading


def _shadows(made: ModelTable) -> list[tuple[LoadedVersion, int, int, list[ShadowRule]]]:
    """Each as (version, sample in ppm, the arm it is shown, rules): see Engine.make_rollout.

    A reverse shadow is the champion, shown what the canary answers.
    """
    champion, *canaries = made.serving
    shadows = [
        (version, entry.sample_ppm, 0, engine_rules(entry, champion))
        for entry, version in made.shadows
    ]
    return shadows + [
        (champion, entry.sample_ppm, 1 + 2 * index, engine_rules(entry, canary))
        for index, (entry, canary) in enumerate(zip(made.canaries, canaries, strict=True))
        if entry.reverse_shadow
    ]


def _agrees(before: ModelTable, after: ModelTable) -> bool:
    """Whether the rollout of `before` can go on, and its counters with it.

    Not every epoch changes how requests are routed: an idle version that is loaded, say, must not
    void what is known of a canary.
    """
    return (
        (before.state.salt, before.state.split) == (after.state.salt, after.state.split)
        and before.serving == after.serving
        and before.canaries == after.canaries
        and before.shadows == after.shadows
    )


def wanted_keys(
    states: Mapping[str, "ModelState"],
    stored: Mapping[str, Iterable[int]],
    lapsed: Container[Key] = (),
) -> list[Key]:
    """The versions to have in memory, in the order to load them.

    Champions come first, then challengers and previous champions, then the newest of each model,
    and so on. Those that an operator has unloaded are not wanted, nor those that are kept no longer
    (`lapsed`). What is in a slot is wanted also where the store has it no more: what is in memory
    serves on.
    """
    ranked: list[tuple[int, str, int]] = []
    for model in states.keys() | stored.keys():
        state = states.get(model)
        unloaded: Container[int] = state.unloaded if state is not None else ()
        numbers = {*stored.get(model, ()), *(slots(state) if state is not None else ())}
        for age, number in enumerate(sorted(numbers, reverse=True)):
            if number not in unloaded and (model, number) not in lapsed:
                ranked.append((_rank(state, number, age), model, number))
    return [(model, number) for _, model, number in sorted(ranked)]


def slots(state: "ModelState") -> Iterator[int]:
    """The versions that are in one, each once or more."""
    for number in (state.champion, state.previous):
        if number is not None:
            yield number
    yield from (entry.version for entry in state.challengers)


def _rank(state: "ModelState | None", number: int, age: int) -> int:
    if state is None:
        return age
    if number == state.champion:
        return 0
    if number == state.previous or state.challenger(number) is not None:
        return 1
    return 2 + age
