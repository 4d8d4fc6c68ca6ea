"""The registry: what is wanted of every model, kept so that a restart goes on with it.

A change is one transaction: the model's epoch is compared, its new state and its event are written,
and the reply is kept for the idempotency key. What has been returned is on the disk.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import Connection

from tiltyard.errors import TiltyardError
from tiltyard.registry import replies, rows
from tiltyard.registry.change import Change
from tiltyard.registry.database import Database
from tiltyard.registry.epoch_conflict import EpochConflictError
from tiltyard.registry.errors import UnknownModelError
from tiltyard.registry.event import Event
from tiltyard.registry.noting import Note, Noting
from tiltyard.registry.policies import read_policies, write_policy
from tiltyard.registry.state import ModelState
from tiltyard.registry.step import Step, Transition

BUSY_TIMEOUT_S = 2.0
CONFLICT_EVENTS_MAX = 100

_T = TypeVar("_T")


class Registry:
    """Every method may be called by any thread, and may raise RegistryUnavailableError."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def models(self) -> dict[str, ModelState]:
        """Every model by its name, all of the same moment."""
        with self._database.reading() as connection:
            return rows.read_models(connection)

    def get(self, name: str) -> ModelState:
        """One model. Raises UnknownModelError."""
        with self._database.reading() as connection:
            return _model(connection, name)

    def digests(self, name: str) -> dict[int, str]:
        """The digest of each version of a model, "" where it is not known; UnknownModelError."""
        with self._database.reading() as connection:
            _model(connection, name)
            return rows.read_digests(connection, name).get(name, {})

    def note_versions(
        self,
        name: str,
        versions: Iterable[tuple[int, str]],
        *,
        idempotency_key: str | None = None,
        request_digest: str = "",
        actor: str = "",
    ) -> Change:
        """Learn which versions there are, with their digests ("": not known).

        The newest version of a model that is new becomes its champion, at epoch 1. A version more
        of a known model is an event and no new epoch: no route changes. Raises VersionChangedError,
        UnknownModelError (no version at all), IdempotencyMismatchError; ConfigError for a name or a
        number that cannot be one.
        """
        note = (name, list(versions))
        if not idempotency_key:
            (outcome,) = self.note_all([note], actor=actor)
            if isinstance(outcome, TiltyardError):
                raise outcome
            return outcome
        with self._database.writing() as connection:
            saved = replies.find(connection, idempotency_key, request_digest)
            if saved is not None:
                return saved
            now = self._clock()
            change = Noting(connection, name).make(note, actor=actor, now=now)
            replies.save(connection, idempotency_key, request_digest, change, now)
        return change

    def note_all(self, notes: Iterable[Note], *, actor: str = "") -> list[Change | TiltyardError]:
        """note_versions() for each in its turn, in one transaction; what has come of each.

        One that is refused keeps no other from being made.
        """
        asked = [(name, list(versions)) for name, versions in notes]
        only = asked[0][0] if len(asked) == 1 else None
        # So that a gateway starts beside a registry that is locked or read-only.
        with self._database.reading() as connection:
            found = Noting(connection, only)
            known = [change for note in asked if (change := _or_refusal(found.known, note))]
        if len(known) == len(asked):
            return known
        with self._database.writing() as connection:
            make = partial(Noting(connection, only).make, actor=actor, now=self._clock())
            return [_or_refusal(make, note) for note in asked]

    def change(
        self,
        name: str,
        transition: Transition,
        *,
        expected_epoch: int | None = None,
        idempotency_key: str | None = None,
        request_digest: str = "",
        actor: str = "",
        at: float | None = None,
    ) -> Change:
        """Make one transition of a model. It runs inside the transaction, so it must be short.

        `at` (unix seconds) is when it was made, if that was before it could be recorded.
        A key that was used for the same request gives the change that was made then, whatever
        epoch is expected. Raises what the transition raises, UnknownModelError, EpochConflictError
        and IdempotencyMismatchError; then nothing was changed.
        """
        with self._database.writing() as connection:
            saved = replies.find(connection, idempotency_key, request_digest)
            if saved is not None:
                return saved
            before = _model(connection, name)
            _check_epoch(connection, before, expected_epoch)
            after, event = _one_step(before, transition)
            rows.write_model(connection, before, after)
            now = self._clock()
            event = rows.append_event(connection, event, now if at is None else at, actor)
            change = Change(after, (event,))
            replies.save(connection, idempotency_key, request_digest, change, now)
        return change

    def keep_longer(self, name: str, until: Mapping[int, float]) -> ModelState:
        """Versions that have left their slots are in use: keep each until then (unix seconds).

        No shorter than before; one that nothing ends stays so. No event and no new epoch, for no
        route changes. Raises UnknownModelError.
        """
        with self._database.writing() as connection:
            rows.keep_longer(connection, name, until)
            return _model(connection, name)

    def policies(self) -> dict[str, dict[str, Any]]:
        """The drift policy of each model that has one, JSON-ready, with its `epoch`."""
        with self._database.reading() as connection:
            return read_policies(connection)

    def change_policy(
        self,
        name: str,
        change: Callable[[Mapping[str, Any]], Mapping[str, Any]],
        *,
        changes: Mapping[str, Any],
        actor: str,
    ) -> dict[str, Any]:
        """Change a model's drift policy; the new one. It is an event, and no new epoch of routes.

        `change` gets the policy so far, {} when there is none, and gives the new one without its
        epoch; `changes` is what of it the event tells. Raises what `change` raises, and
        UnknownModelError.
        """
        with self._database.writing() as connection:
            state = _model(connection, name)
            before = read_policies(connection, name).get(name, {})
            after = {**change(before), "epoch": before.get("epoch", 0) + 1}
            write_policy(connection, name, after)
            data = {"changes": dict(changes), "policy_epoch": after["epoch"]}
            event = Event("drift_policy_set", name, state.epoch, None, data)
            rows.append_event(connection, event, self._clock(), actor)
        return after

    def note(
        self, kind: str, name: str, version: int, data: Mapping[str, Any], *, actor: str
    ) -> Event:
        """Keep in the events what changed no route of a version. Raises UnknownModelError."""
        with self._database.writing() as connection:
            state = _model(connection, name)
            event = Event(kind, name, state.epoch, version, dict(data))
            return rows.append_event(connection, event, self._clock(), actor)

    def find_reply(
        self, idempotency_key: str | None, request_digest: str, *, wait: bool = True
    ) -> Change | None:
        """The change that this request has made before; to ask before doing long work for it.

        Without `wait` a registry that is locked is unavailable at once. Raises
        IdempotencyMismatchError.
        """
        with self._database.reading(wait=wait) as connection:
            return replies.find(connection, idempotency_key, request_digest)

    def require_epoch(
        self, name: str, expected_epoch: int | None, *, wait: bool = True
    ) -> ModelState:
        """The model, if it is at that epoch; to ask before doing long work. EpochConflictError.

        `wait` as with find_reply().
        """
        with self._database.reading(wait=wait) as connection:
            state = _model(connection, name)
            _check_epoch(connection, state, expected_epoch)
            return state

    def events(self, after_seq: int, limit: int, model: str | None = None) -> list[Event]:
        """The first `limit` events after a number, in their order."""
        with self._database.reading() as connection:
            return rows.read_events(connection, after_seq, limit, model)

    def last_seq(self) -> int:
        """The number of the newest event; 0 if there is none."""
        with self._database.reading() as connection:
            return rows.last_seq(connection)

    def close(self) -> None:
        """No other method may be called after it."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_registry(
    url: str,
    *,
    busy_timeout_s: float = BUSY_TIMEOUT_S,
    clock: Callable[[], float] = time.time,
) -> Registry:
    """Open the registry at sqlite:///PATH, or make it; its folder must be there.

    A write waits `busy_timeout_s` for another process's. `clock` gives unix seconds. Raises
    ConfigError, RegistryUnavailableError.
    """
    return Registry(Database(url, busy_timeout_s=busy_timeout_s), clock)


def _model(connection: Connection, name: str) -> ModelState:
    state = rows.read_models(connection, name).get(name)
    if state is None:
        raise UnknownModelError(name)
    return state


def _one_step(before: ModelState, transition: Transition) -> Step:
    after, event = transition(before)
    assert (after.name, after.epoch) == (before.name, before.epoch + 1), "not one step"
    assert after.versions == before.versions, "a transition names versions, and adds none"
    return after, event


def _check_epoch(connection: Connection, state: ModelState, expected: int | None) -> None:
    if expected is not None and expected != state.epoch:
        since = rows.read_events_since(connection, state.name, expected, CONFLICT_EVENTS_MAX)
        raise EpochConflictError(state.name, expected, state.epoch, since)


def _or_refusal(make: Callable[[Note], _T], note: Note) -> _T | TiltyardError:
    try:
        return make(note)
    except TiltyardError as refusal:
        return refusal
