"""How a change is made: refused early, loaded first, recorded, and then brought in force."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

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
from tiltyard.control.views import RouteView
from tiltyard.registry import Change, ModelState, Registry, Transition

LOAD_TIMEOUT_S: Final = 60.0


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
        state = self._reconciler.states().get(name)
        if state is None or (version is not None and version not in state.versions):
            self._reconciler.look_at_store()
            state = self._reconciler.states().get(name)
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

    def check_epoch(self, state: ModelState, expected: int | None) -> None:
        if expected is not None and expected != state.epoch:
            self.registry().require_epoch(state.name, expected)

    def saved(self, name: str, key: str | None, digest: str) -> Change | None:
        """The change that the same call has made before."""
        if not key:
            return None
        try:
            with refusals(name, None, key):
                return self.registry().find_reply(key, digest)
        except UnavailableError:
            return None

    def make(
        self,
        method: str,
        name: str,
        version: int | None,
        transition: Transition,
        terms: ChangeTerms,
        said: Sequence[object] = (),
    ) -> RouteView:
        """Record a change and bring it in force."""
        key = terms.get("idempotency_key")
        with refusals(name, version, key):
            change = self.registry().change(
                name,
                transition,
                expected_epoch=terms.get("expected_epoch"),
                idempotency_key=key,
                request_digest=digest_of(method, name, version, *said),
                actor=terms.get("actor", ""),
            )
        if not change.repeated:
            self._reconciler.adopt(change)
        return self.route(change.state, repeated=change.repeated)

    def make_loaded(
        self,
        method: str,
        name: str,
        version: int,
        transition: Transition,
        timeout_s: float | None,
        terms: ChangeTerms,
        said: Sequence[object] = (),
    ) -> RouteView:
        """The same for a version that has to be loaded before anything is recorded."""
        key = terms.get("idempotency_key")
        saved = self.saved(name, key, digest_of(method, name, version, *said))
        if saved is not None:
            return self.route(saved.state, repeated=True)
        state = self.state(name, version)
        with refusals(name, version, key):
            self.check_epoch(state, terms.get("expected_epoch"))
            transition(state)  # what is refused is refused before anything is loaded
        with self.loaded(state, version, timeout_s):
            return self.make(method, name, version, transition, terms, said)

    @contextmanager
    def loaded(self, state: ModelState, version: int, timeout_s: float | None) -> Iterator[None]:
        """Inside, the version is in memory, and stays there. Raises before it is entered."""
        reason = self._reconciler.load(state.name, version, timeout_s or LOAD_TIMEOUT_S)
        try:
            if reason:
                raise self._load_error(state.name, version, reason)
            yield
        finally:
            self._reconciler.let_go(state.name, version)

    def _load_error(
        self, name: str, version: int, reason: str
    ) -> LoadTimeoutError | PreconditionError:
        if (name, version) in self._reconciler.report().loading:
            return LoadTimeoutError(
                f"version {version} of {name} did not come up in time: {reason}",
                model=name,
                version=version,
            )
        return PreconditionError(
            f"version {version} of {name} cannot be loaded: {reason}",
            Reason.VERSION_FAILED,
            model=name,
            version=version,
        )

    def route(self, state: ModelState, *, repeated: bool = False) -> RouteView:
        return route_view(self._reconciler, state, self._reconciler.report(), repeated=repeated)


def digest_of(*said: object) -> str:
    """What tells one call from another, for idempotency keys."""
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
