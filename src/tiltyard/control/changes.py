"""How a change is made: refused early, loaded first, recorded, and then brought in force."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from tiltyard.control.comparison import require_outputs
from tiltyard.control.errors import (
    LoadTimeoutError,
    PreconditionError,
    Reason,
    UnavailableError,
    UnknownNameError,
)
from tiltyard.control.interface import ChangeTerms
from tiltyard.control.reconciler import Reconciler
from tiltyard.control.refusals import refusals
from tiltyard.control.route_views import route_view
from tiltyard.control.views import OutputRule, RouteView
from tiltyard.registry import Change, ModelState, NothingToChangeError, Registry, Transition

LOAD_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Call:
    """What an operator asked for; `said` are the arguments beside the model and the version."""

    method: str
    name: str
    version: int | None
    terms: ChangeTerms
    said: tuple[object, ...] = ()

    @property
    def key(self) -> str | None:
        return self.terms.get("idempotency_key")

    @property
    def expected_epoch(self) -> int | None:
        return self.terms.get("expected_epoch")

    @property
    def actor(self) -> str:
        return self.terms.get("actor", "")

    @property
    def digest(self) -> str:
        """What tells one call from another, for idempotency keys."""
        told = [self.method, self.name, self.version, *self.said]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Turns the registry's errors into those of control."""
        with refusals(self.name, self.version, self.key):
            yield


class Changes:
    """Makes changes through the registry. Thread-safe."""

    def __init__(self, reconciler: Reconciler) -> None:
        self._reconciler = reconciler

    def registry(self) -> Registry:
        registry = self._reconciler.registry
        if registry is None:
            raise UnavailableError(
                "this gateway has no registry yet, so nothing can be changed",
                Reason.REGISTRY_UNAVAILABLE,
                to_do="Try again when the gateway is ready, or start it with --registry.",
            )
        return registry

    def state(self, name: str, version: int | None = None) -> ModelState:
        """What is wanted of a model. Looks at the store when the name or the number is new."""
        self.registry()
        state = self._reconciler.state(name)
        if state is None or (version is not None and version not in state.versions):
            self._reconciler.look_at_store()
            state = self._reconciler.state(name)
        if state is None:
            raise UnknownNameError(
                f"there is no model {name!r}", Reason.MODEL_NOT_FOUND, model=name
            )
        if version is not None and version not in state.versions:
            known = ", ".join(map(str, sorted(state.versions))) or "none"
            raise UnknownNameError(
                f"{name!r} has no version {version}; versions: {known}",
                Reason.VERSION_NOT_FOUND,
                model=name,
                version=version,
            )
        return state

    def at_epoch(self, state: ModelState, call: Call, *, wait: bool = True) -> ModelState:
        """The state, at the epoch that the call expects. Raises EpochMovedError.

        To refuse early: who changes the registry compares again. With `wait` False the registry is
        not waited for when it is locked.
        """
        if call.expected_epoch in (None, state.epoch):
            return state
        with call.refusals():
            return self.registry().require_epoch(state.name, call.expected_epoch, wait=wait)

    def made_before(self, call: Call, *, wait: bool = True) -> RouteView | None:
        """The reply to the same call of before. Raises KeyReusedError."""
        if not call.key:
            return None
        with call.refusals():
            saved = self.registry().find_reply(call.key, call.digest, wait=wait)
        return None if saved is None else self.route(saved.state, repeated=True)

    def make(self, call: Call, transition: Transition) -> RouteView:
        """Record a change and bring it in force. What is so already is no change, and no error."""
        self._require_known(call)
        with call.refusals():
            try:
                change = self.registry().change(
                    call.name,
                    transition,
                    expected_epoch=call.expected_epoch,
                    idempotency_key=call.key,
                    request_digest=call.digest,
                    actor=call.actor,
                )
            except NothingToChangeError:
                change = self._keep_reply(call)
        self._reconciler.adopt(change)
        return self.route(change.state, repeated=change.repeated)

    def make_loaded(
        self,
        call: Call,
        version: int,
        transition: Transition,
        timeout_s: float | None = None,
        compare: Sequence[OutputRule] = (),
    ) -> RouteView:
        """The same for a version that has to be loaded before anything is recorded.

        It and the champion must have the outputs that `compare` names.
        """
        done = self.made_before(call)
        if done is not None:
            return done
        state = self.at_epoch(self.state(call.name, version), call)
        with call.refusals(), suppress(NothingToChangeError):
            transition(state)  # what is refused is refused before anything is loaded
        with self.loaded(state, version, timeout_s):
            report = self._reconciler.report()
            found = [report.find(state.name, one) for one in (version, state.champion) if one]
            require_outputs(compare, state, [one for one in found if one is not None])
            if state.epoch == 0:
                with call.refusals():
                    self._reconciler.introduce(state.name, version)
            return self.make(call, transition)

    @contextmanager
    def loaded(self, state: ModelState, version: int, timeout_s: float | None) -> Iterator[None]:
        """Inside, the version is in memory, and stays there. Raises before it is entered."""
        reason = self._reconciler.load(state.name, version, timeout_s or LOAD_TIMEOUT_S)
        try:
            if reason:
                raise self._load_error(state, version, reason)
            yield
        finally:
            self._reconciler.let_go(state.name, version)

    def route(self, state: ModelState, *, repeated: bool = False) -> RouteView:
        return route_view(self._reconciler, state, self._reconciler.report(), repeated=repeated)

    def _require_known(self, call: Call) -> None:
        """The registry knows the model, and has recorded what this gateway does with it."""
        if not self._reconciler.record(call.name):
            why = self._reconciler.desired.overrides.reasons().get(call.name, "")
            raise UnavailableError(
                f"a rollback of {call.name} has to be recorded first: {why}",
                Reason.REGISTRY_UNAVAILABLE,
                model=call.name,
            )
        if self._reconciler.desired.get(call.name) is not None:
            return
        self.state(call.name, call.version)
        with call.refusals():
            self._reconciler.introduce(call.name, self._reconciler.serving(call.name))
        if self._reconciler.desired.get(call.name) is None:
            raise PreconditionError(
                f"no version of {call.name} could be loaded yet, so it has no champion",
                Reason.NO_CHAMPION,
                model=call.name,
            )

    def _keep_reply(self, call: Call) -> Change:
        """So that the same call changes nothing later either, when there is something to change."""
        return self.registry().note_versions(
            call.name,
            [],
            idempotency_key=call.key,
            request_digest=call.digest,
            actor=call.actor,
        )

    def _load_error(
        self, state: ModelState, version: int, reason: str
    ) -> LoadTimeoutError | PreconditionError:
        name = state.name
        if (name, version) in self._reconciler.report().loading:
            return LoadTimeoutError(
                f"version {version} of {name} did not come up in time: {reason}",
                model=name,
                version=version,
                given_up=not self._reconciler.is_wanted(state, version),
            )
        return PreconditionError(
            f"version {version} of {name} cannot be loaded: {reason}",
            Reason.VERSION_FAILED,
            model=name,
            version=version,
        )
