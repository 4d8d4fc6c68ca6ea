"""Rolling back: the engine first, then the registry.

One person can always do it. With a registry that is full, read-only or locked the rollback holds on
this gateway, against the reconciler too, until it can be recorded. Before the swap nothing is
waited for but the load of a version that is not in memory any more.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from tiltyard.control.changes import Call, Changes
from tiltyard.control.errors import (
    EpochMovedError,
    KeyReusedError,
    PreconditionError,
    Reason,
    UnavailableError,
)
from tiltyard.control.interface import ChangeTerms, RollbackTo
from tiltyard.control.overrides import Pending
from tiltyard.control.reconciler import Reconciler
from tiltyard.control.views import RouteView
from tiltyard.registry import (
    Change,
    Event,
    ModelState,
    enumerate_versions,
    rollback,
)

Finish = Callable[[Callable[[], RouteView]], RouteView]


def at_once(finish: Callable[[], RouteView]) -> RouteView:
    """Here and now."""
    return finish()


class Rollbacks:
    """Makes rollbacks. Thread-safe.

    `finish` does what is left when the version before serves again, and gives what that gives. A
    gateway has threads of low priority for it: a run of the version that goes is still in flight,
    and on a busy machine what is recorded meanwhile would make it longer.
    """

    def __init__(
        self,
        reconciler: Reconciler,
        changes: Changes,
        *,
        rollback_window_s: float,
        finish: Finish = at_once,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._reconciler = reconciler
        self._changes = changes
        self._finish = finish
        self._rollback_window_s = rollback_window_s
        self._clock = clock

    def roll_back(self, name: str, to: RollbackTo | None, terms: ChangeTerms) -> RouteView:
        """See ControlInterface.rollback."""
        call = Call("rollback", name, None, terms, (to,))
        done = self._made_before(call)
        if done is not None:
            return done
        now = self._clock()  # the same when it is recorded late
        before = self._state(call)
        try:
            with call.refusals():
                after, event = rollback(
                    before, to, now=now, rollback_window_s=self._rollback_window_s
                )
        except PreconditionError:
            done = self._made_before(call)  # by the same call, sent twice at once
            if done is None:
                raise
            return done
        with self._warm(before, after.champion):
            state = self._changes.state(name)
            if state.epoch > before.epoch:  # others have changed it while a version was loaded
                _require_due(before, event, state)
                before, (after, event) = state, self._again(state, event, now)
            pending = self._pending(call, before, after, event, now)
            self._reconciler.hold(pending)
            return self._finish(lambda: self._record(call, pending))

    def _record(self, call: Call, pending: Pending) -> RouteView:
        """Make what is in force durable, if that can be done now."""
        self._reconciler.record(call.name)
        if pending.refused is not None:
            self._changes.at_epoch(self._changes.state(call.name), call)
            with call.refusals():
                raise pending.refused
        if pending.change is None:
            return self._changes.route(pending.state)
        self._reconciler.adopt(pending.change)
        return self._changes.route(pending.change.state, repeated=pending.change.repeated)

    def _again(self, state: ModelState, event: Event, now: float) -> tuple[ModelState, Event]:
        """What `event` tells, done to another state."""
        to: RollbackTo = "champion" if event.data["restored"] is None else "previous"
        return rollback(state, to, now=now, rollback_window_s=self._rollback_window_s)

    def _made_before(self, call: Call) -> RouteView | None:
        """The reply to the same call of before, recorded or not. Raises KeyReusedError."""
        pending = self._reconciler.desired.overrides.find(call.name, call.key)
        if pending is not None:
            if pending.digest != call.digest:
                raise KeyReusedError(call.key or "")
            return self._changes.route(pending.state, repeated=True)
        try:
            return self._changes.made_before(call, wait=False)
        except UnavailableError:
            return None

    def _state(self, call: Call) -> ModelState:
        """What is wanted of the model, at the epoch that the call expects."""
        state = self._changes.state(call.name)
        expected = call.expected_epoch
        try:
            return self._changes.at_epoch(state, call, wait=False)
        except UnavailableError:
            if expected is None or expected >= state.epoch:
                raise
            # What has happened since cannot be read, but that it has is known.
            raise EpochMovedError(call.name, expected, state.epoch, ()) from None

    def _warm(self, before: ModelState, version: int | None) -> AbstractContextManager[None]:
        """The version that comes back is in memory; only one that was unloaded has to be loaded."""
        if version is None:
            return nullcontext()
        return self._changes.loaded(before, version, None)

    def _pending(
        self, call: Call, before: ModelState, after: ModelState, event: Event, now: float
    ) -> Pending:
        """What is to be recorded. Others' changes meanwhile stay, but for what was rolled back."""

        def transition(state: ModelState) -> tuple[ModelState, Event]:
            _require_due(before, event, state)
            return self._again(state, event, now)

        def record() -> Change:
            return self._changes.registry().change(
                call.name,
                transition,
                idempotency_key=call.key,
                request_digest=call.digest,
                actor=call.actor,
                at=now,
            )

        champion_at = None if event.data["restored"] is None else now
        return Pending(after, record, champion_at, call.key or "", call.digest)


def _require_due(before: ModelState, event: Event, state: ModelState) -> None:
    """What was rolled back at `before` can be so still, by the registry. PreconditionError."""
    restored, stopped = event.data["restored"], event.data["stopped"]
    serves = f"the champion is version {state.champion}"
    if restored is not None and state.champion != before.champion:
        gone = f"version {before.champion} serves no more, {serves}"
    elif restored is not None and state.previous != restored:
        gone = f"{serves} still, and the one before it is version {state.previous} now"
    elif restored is None and state.champion in stopped:
        gone = f"canary {state.champion} was promoted: roll back to previous, if it is wrong"
    elif restored is None and not any(entry.version in stopped for entry in state.canaries):
        gone = f"canary {enumerate_versions(stopped)} was stopped already, {serves}"
    else:
        return
    raise PreconditionError(
        f"{state.name} was changed meanwhile, and nothing was rolled back: {gone}",
        Reason.PRECONDITION,
        model=state.name,
    )
