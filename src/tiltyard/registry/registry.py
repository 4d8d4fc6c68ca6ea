"""The registry: what is wanted of every model, kept so that a restart goes on with it.

A change is one transaction: the model's epoch is compared, its new state and its event are written,
and the reply is kept for the idempotency key. What has been returned is on the disk.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Self

from sqlalchemy import Connection

from tiltyard.registry import replies, rows
from tiltyard.registry.change import Change
from tiltyard.registry.database import Database
from tiltyard.registry.epoch_conflict import EpochConflictError
from tiltyard.registry.errors import UnknownModelError, VersionChangedError
from tiltyard.registry.event import Event
from tiltyard.registry.state import ModelState
from tiltyard.registry.step import Step, Transition
from tiltyard.store.names import check_model_name, check_version

BUSY_TIMEOUT_S = 2.0
CONFLICT_EVENTS_MAX = 100


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
            return rows.read_digests(connection, name)

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
        check_model_name(name)
        noted = {check_version(version): digest for version, digest in versions}
        if not idempotency_key:
            # So that a gateway starts beside a registry that is locked or read-only.
            state = self._if_nothing_is_new(name, noted)
            if state is not None:
                return Change(state, ())
        with self._database.writing() as connection:
            saved = replies.find(connection, idempotency_key, request_digest)
            if saved is not None:
                return saved
            state = rows.read_models(connection, name).get(name)
            if state is None:
                if not noted:
                    raise UnknownModelError(name)
                state = rows.add_model(connection, name)
            known = rows.read_digests(connection, name)
            _check_digests(name, known, noted)
            added = rows.write_digests(connection, name, known, noted)
            change = self._with_added(connection, state, added, actor)
            replies.save(connection, idempotency_key, request_digest, change, self._clock())
        return change

    def change(
        self,
        name: str,
        transition: Transition,
        *,
        expected_epoch: int | None = None,
        idempotency_key: str | None = None,
        request_digest: str = "",
        actor: str = "",
    ) -> Change:
        """Make one transition of a model. It runs inside the transaction, so it must be short.

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
            event = rows.append_event(connection, event, now, actor)
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

    def _if_nothing_is_new(self, name: str, noted: Mapping[int, str]) -> ModelState | None:
        with self._database.reading() as connection:
            known = rows.read_digests(connection, name)
            if any(
                number not in known or digest not in ("", known[number])
                for number, digest in noted.items()
            ):
                return None
            return rows.read_models(connection, name).get(name)

    def _with_added(
        self, connection: Connection, state: ModelState, added: list[int], actor: str
    ) -> Change:
        """The events of versions that are new, and the champion of a model that is."""
        now = self._clock()
        name = state.name
        events = [Event("version_added", name, state.epoch, version) for version in added]
        if state.epoch == 0:
            data = {"versions": added}
            events = [Event("model_added", name, 1, added[-1], data)]
            rows.write_model(connection, state, replace(state, epoch=1, champion=added[-1]))
        kept = [rows.append_event(connection, event, now, actor) for event in events]
        return Change(rows.read_models(connection, name)[name], tuple(kept))


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


def _check_digests(name: str, known: dict[int, str], noted: dict[int, str]) -> None:
    for version, digest in noted.items():
        before = known.get(version, "")
        if before and digest and before != digest:
            raise VersionChangedError(
                f"version {version} of {name} has digest {digest}, and had {before} when it was"
                " first seen; versions are never changed",
                "put the files back, or publish them as a new version",
                "VERSION_CHANGED",
            )
