"""Rolling back: the engine first, then the registry.

One person can always do it. With a registry that is full, read-only or locked the rollback holds on
this gateway, against the reconciler too, until it can be recorded.
"""

import time
from collections.abc import Callable
from functools import partial

from tiltyard.control.changes import Changes, digest_of
from tiltyard.control.desired import Override
from tiltyard.control.errors import PreconditionError, Reason
from tiltyard.control.interface import ChangeTerms, RollbackTo
from tiltyard.control.reconciler import Reconciler
from tiltyard.control.refusals import refusals
from tiltyard.control.views import RouteView
from tiltyard.registry import (
    Change,
    Event,
    ModelState,
    RegistryUnavailableError,
    Transition,
    rollback,
)


class Rollbacks:
    """Makes rollbacks. Thread-safe."""

    def __init__(
        self,
        reconciler: Reconciler,
        changes: Changes,
        *,
        rollback_window_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._reconciler = reconciler
        self._changes = changes
        self._rollback_window_s = rollback_window_s
        self._clock = clock

    def roll_back(self, name: str, to: RollbackTo | None, terms: ChangeTerms) -> RouteView:
        """See ControlInterface.rollback."""
        key = terms.get("idempotency_key")
        digest = digest_of("rollback", name, to)
        saved = self._changes.saved(name, key, digest)
        if saved is not None:
            return self._changes.route(saved.state, repeated=True)

        def transition(state: ModelState) -> tuple[ModelState, Event]:
            return rollback(state, to, now=self._clock(), rollback_window_s=self._rollback_window_s)

        before = self._changes.state(name)
        with refusals(name, None, key):
            self._changes.check_epoch(before, terms.get("expected_epoch"))
            after, _ = transition(before)
        record = partial(
            self._changes.registry().change,
            name,
            _still_due(before, transition),
            idempotency_key=key,
            request_digest=digest,
            actor=terms.get("actor", ""),
        )
        return self._hold_and_record(before, after, record)

    def _hold_and_record(
        self, before: ModelState, after: ModelState, record: Callable[[], Change]
    ) -> RouteView:
        override = Override(after, record, "the registry has not answered yet")
        self._reconciler.hold(override)
        try:
            self._ensure_warm(after)
            with refusals(before.name):
                change = self._record(override)
        except BaseException:
            self._reconciler.release(override)
            raise
        if change is None:
            return self._changes.route(after)
        self._reconciler.desired.adopt({before.name: change.state})
        self._reconciler.desired.release(override)
        self._reconciler.adopt(change)
        return self._changes.route(change.state)

    def _record(self, override: Override) -> Change | None:
        """None: the registry cannot be written, and the reconciler goes on trying."""
        try:
            return override.record()
        except RegistryUnavailableError as error:
            self._reconciler.hold(Override(override.state, override.record, str(error)))
            return None

    def _ensure_warm(self, state: ModelState) -> None:
        """The version that comes back is in memory; only one that was unloaded has to be loaded."""
        if state.champion is None:
            return
        if self._reconciler.report().find(state.name, state.champion) is not None:
            return
        with self._changes.loaded(state, state.champion, None):
            self._reconciler.look()


def _still_due(before: ModelState, transition: Transition) -> Transition:
    """Recorded late, or beside others' changes: only what serves still is rolled back."""

    def check(state: ModelState) -> tuple[ModelState, Event]:
        if (state.champion, state.challengers) != (before.champion, before.challengers):
            raise PreconditionError(
                f"{state.name} was changed meanwhile, so there is nothing to roll back any more",
                Reason.PRECONDITION,
                model=state.name,
            )
        return transition(state)

    return check
